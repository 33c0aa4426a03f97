"""Rust: the programs of one package, compiled from the pack's sources and the crates of its Cargo.lock.

A line of `table`. Crates run code while they are compiled, so they are fetched first, by a command of its own that has the network, and
compiled by one that has nothing but them, in a sandbox. docs/decisions/0014-compiled-ecosystems.md.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from attune_agent.ecosystems.build_sandbox import sandboxed, usable_bubblewrap
from attune_agent.ecosystems.compiler_search import Question, find_compiler
from attune_agent.ecosystems.credentials import cargo_files
from attune_agent.ecosystems.lock_files import lock_and_manifest, refuse_open_lock, refuse_unread_sources
from attune_agent.ecosystems.protocol import NO_FILES, Activation, Build, HostTools, Toolchain, Wanted
from attune_agent.preparation_errors import HashMismatch, InstallFailed
from attune_core.locks.cargo_lock import LOCK, MANIFEST, required_rust
from attune_core.models.pack import EnvironmentDocument

#: The variable in the host's `network.environment` that names the index of the registry that stands for the public one.
INDEX = "CRATES_INDEX"

_RUSTC = re.compile(r"^release: ([0-9]+(?:\.[0-9]+)+)", re.MULTILINE | re.ASCII)
_CARGO = re.compile(r"cargo ([0-9]+(?:\.[0-9]+)+)", re.ASCII)
_LINKER = re.compile(r"([0-9]+(?:\.[0-9]+)+)", re.ASCII)
#: Older ones would clone the whole index of the registry with git.
_OLDEST_CARGO = ">=1.70"

#: What cargo says of a crate that is not the one in the lock, and of an index that has another one.
_MISMATCHES = (b"failed to verify the checksum", b"changed between lock files")

#: $1 cargo, $2 the manifest. What `vendor` prints are the settings that make cargo find the crates in that folder.
_FETCH = """\
mkdir -p work/cargo
"$1" vendor --locked --versioned-dirs --respect-source-config --manifest-path "$2" "$PWD/work/crates" >work/cargo/config.toml
"""

#: $1 cargo, $2 the folder of the manifest. `work` is in the tree so that its size is watched; `install` builds for release and copies.
_COMPILE = """\
"$1" install --locked --offline --no-track --root . --path "$2"
rm -r -- work
"""

#: Prints what is wrong.
_HEALTH = """\
wrong() { printf '%s\\n' "$1"; exit 1; }
for program in bin/*; do
  [ -f "$program" ] || wrong "the package has no program"
  [ -n "$(find "$program" -perm -0755)" ] || wrong "$program is not executable"
  [ "$(head -c 4 "$program" | tail -c 3)" = ELF ] || wrong "$program is no program"
done
"""


class Rust:
    """Programs made from crates."""

    recipe = 1

    def files(self, document: EnvironmentDocument) -> Sequence[str]:
        """Return Cargo.lock and the Cargo.toml beside it."""
        return lock_and_manifest(document)

    def check(self, wanted: Wanted) -> None:
        """Refuse a crate without a checksum, of git or of a folder, a workspace, a source that is not read."""
        refuse_open_lock(wanted.document, wanted.files)
        refuse_unread_sources(wanted)

    async def toolchain(self, wanted: Wanted, host: HostTools) -> Toolchain:
        """Find a rustc that is as new as Cargo.toml asks, the cargo that stands with it, and what links for them."""
        env = host.base_environment()
        ranges = (wanted.document.interpreter, required_rust(wanted.files[MANIFEST]))
        rustc = await find_compiler(Question(name="rustc", arguments=("-vV",), version=_RUSTC, env=env), ranges, host)
        beside = replace(host, path=(str(Path(rustc.program).parent), *host.path))
        cargo = await find_compiler(Question(name="cargo", arguments=("-V",), version=_CARGO, env=env), (_OLDEST_CARGO,), beside)
        linker = await find_compiler(Question(name="cc", arguments=("--version",), version=_LINKER, env=env), (), host)
        sandbox = await usable_bubblewrap(host)
        return Toolchain(
            versions={"rustc": rustc.said, "cargo": cargo.version, "cc": linker.said.partition("\n")[0]},
            programs={"rustc": rustc.program, "cargo": cargo.program, "bwrap": sandbox.program},
            stamps=(rustc.stamp, cargo.stamp, linker.stamp, sandbox.stamp),
        )

    async def install(self, build: Build) -> None:
        """Fetch the crates, then compile every program of the package into `bin`."""
        programs = build.toolchain.programs
        cargo, manifest = programs["cargo"], build.declared / MANIFEST
        home = cargo_files(build.host.network[INDEX], build.credentials) if INDEX in build.host.network else NO_FILES
        fetched = await build.run.install(("sh", "-euc", _FETCH, "fetch", cargo, str(manifest)), _fetching(build), home=home)
        if not fetched.succeeded:
            if any(words in fetched.answer for words in _MISMATCHES):
                raise HashMismatch(f"a crate is not the one whose checksum stands in {LOCK}")
            raise InstallFailed(f"cargo could not fetch what {LOCK} holds ({fetched.describe()})")
        argv = sandboxed(programs["bwrap"], ("sh", "-euc", _COMPILE, "compile", cargo, str(build.declared)))
        compiled = await build.run.install(argv, _compiling(build))
        if not compiled.succeeded:
            raise InstallFailed(f"cargo could not build what {LOCK} and `sources` hold ({compiled.describe()})")

    async def unhealthy(self, build: Build) -> str | None:
        """Look whether there are programs that others can execute."""
        outcome = await build.run.check(("sh", "-s"), build.host.base_environment(), _HEALTH)
        return outcome.complaint()

    def activation(self, tree: Path) -> Activation:
        """Return the folder with the programs."""
        return Activation(path=(tree / "bin",))


def _fetching(build: Build) -> Mapping[str, str]:
    host = build.host
    trust = {"CARGO_HTTP_CAINFO": host.ca_file} if host.ca_file else {}
    return {**host.network, **trust, **host.base_environment(), "RUSTC": build.toolchain.programs["rustc"]}


def _compiling(build: Build) -> Mapping[str, str]:
    """Return what compiling gets: no `network` settings, and a home of cargo's that holds the fetched crates alone."""
    return {
        **build.host.base_environment(),
        "RUSTC": build.toolchain.programs["rustc"],
        "CARGO_HOME": f"{build.tree}/work/cargo",
        "CARGO_TARGET_DIR": f"{build.tree}/work/target",
        "CARGO_INCREMENTAL": "0",
    }
