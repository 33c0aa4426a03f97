"""Go: the programs of one module, compiled from the pack's sources and the modules of its go.sum.

A line of `table`. Compiling Go runs nothing of what is compiled as long as cgo is off, so the caches of modules and of compiled packages
may be shared by builds. docs/decisions/0014-compiled-ecosystems.md.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from attune_agent.ecosystems.compiler_search import Question, find_compiler
from attune_agent.ecosystems.credentials import netrc
from attune_agent.ecosystems.lock_files import lock_and_manifest, refuse_open_lock, refuse_unread_sources
from attune_agent.ecosystems.protocol import Activation, Build, HostTools, Toolchain, Wanted
from attune_agent.preparation_errors import HashMismatch, InstallFailed
from attune_core.locks.go_mod import LOCK, MANIFEST, required_go
from attune_core.models.pack import EnvironmentDocument

_VERSION = re.compile(r"go version go([0-9]+(?:\.[0-9]+)+)", re.ASCII)

#: $1 the host's go, $2 the folder with go.mod, go.sum and the sources. `list` downloads what the packages import and checks it against
#: go.sum, `verify` what an earlier build left in the cache. `work` is in the tree so that its size is watched.
_INSTALL = """\
mkdir bin work
tree=$PWD
export GOTMPDIR="$tree/work"
cd -- "$2"
"$1" list -deps ./... >/dev/null
"$1" mod verify
GOPROXY=off "$1" build -o "$tree/bin/" ./...
rm -r -- "$tree/work"
"""

#: Arguments: the host's go, its version, go.sum. Prints what is wrong. A program says itself which modules it was made from.
_HEALTH = r"""
wrong() { printf '%s\n' "$1"; exit 1; }
for program in bin/*; do
  [ -f "$program" ] || wrong "the module has no program (a package main)"
  [ -n "$(find "$program" -perm -0755)" ] || wrong "$program is not executable"
  said=$("$1" version -m "$program") || wrong "$program is no program of Go's"
  case $said in "$program: go$2"[!0-9.]*) ;; *) wrong "$program is not made by go $2" ;; esac
  printf '%s\n' "$said" | while read -r word module version hash; do
    case $word in dep | "=>") [ -z "$hash" ] || grep -qxF -- "$module $version $hash" "$3" || wrong "$program holds another $module" ;; esac
  done || exit 1
done
"""


class Go:
    """Programs made from Go modules."""

    recipe = 1

    def files(self, document: EnvironmentDocument) -> Sequence[str]:
        """Return go.sum and the go.mod beside it."""
        return lock_and_manifest(document)

    def check(self, wanted: Wanted) -> None:
        """Refuse a hash that is none, a module replaced by a folder, a source that is not read."""
        refuse_open_lock(wanted.document, wanted.files)
        refuse_unread_sources(wanted)

    async def toolchain(self, wanted: Wanted, host: HostTools) -> Toolchain:
        """Find a go that is as new as go.mod asks; it never fetches another one."""
        env = {**host.base_environment(), "GOENV": "off", "GOTOOLCHAIN": "local"}
        question = Question(name="go", arguments=("version",), version=_VERSION, env=env)
        go = await find_compiler(question, (wanted.document.interpreter, required_go(wanted.files[MANIFEST])), host)
        return Toolchain(versions={"go": go.version, "go_build": go.said}, programs={"go": go.program}, stamps=(go.stamp,))

    async def install(self, build: Build) -> None:
        """Compile every program of the module into `bin`."""
        argv = ("sh", "-euc", _INSTALL, "install", build.toolchain.programs["go"], str(build.declared))
        outcome = await build.run.install(argv, _installer_environment(build.host), home=netrc(build.credentials))
        if not outcome.succeeded:
            if b"checksum mismatch" in outcome.answer:
                raise HashMismatch(f"a module is not the one whose hash stands in {LOCK}")
            raise InstallFailed(f"go could not build what {LOCK} and `sources` hold ({outcome.describe()})")

    async def unhealthy(self, build: Build) -> str | None:
        """Ask every program which compiler and which modules made it."""
        toolchain = build.toolchain
        argv = ("sh", "-s", toolchain.programs["go"], toolchain.versions["go"], str(build.declared / LOCK))
        outcome = await build.run.check(argv, build.host.base_environment(), _HEALTH)
        return outcome.complaint()

    def activation(self, tree: Path) -> Activation:
        """Return the folder with the programs."""
        return Activation(path=(tree / "bin",))


def _installer_environment(host: HostTools) -> dict[str, str]:
    trust = {"SSL_CERT_FILE": host.ca_file} if host.ca_file else {}
    return {
        **host.network,
        **trust,
        **host.base_environment(),
        "GOENV": "off",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "GOFLAGS": "-mod=readonly -modcacherw -trimpath -buildvcs=false",
        "GOSUMDB": "off",  # go.sum is complete, or the build fails
        "GOVCS": "*:off",  # modules come from a proxy; no git, no hg
        "CGO_ENABLED": "0",
        "GOCACHE": str(host.cache / "go/build"),
        "GOMODCACHE": str(host.cache / "go/modules"),
    }
