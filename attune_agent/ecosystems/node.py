"""Node: packages from an npm lock file, installed by the host's npm; scripts of theirs run only where an environment says `scripts: true`.

A line of `table`. Programs find them through one link `node_modules` at the root of the pack's copy, because ESM ignores NODE_PATH.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from attune_agent.ecosystems.build_sandbox import sandboxed, usable_bubblewrap
from attune_agent.ecosystems.credentials import npmrc
from attune_agent.ecosystems.lock_files import lock_and_manifest, refuse_open_lock
from attune_agent.ecosystems.protocol import Activation, Build, HostTools, Toolchain, Wanted
from attune_agent.environments.probes import Answer, programs_named, what_is_there
from attune_agent.environments.stamps import Stamp
from attune_agent.host import How
from attune_agent.preparation_errors import HashMismatch, InstallerUnusable, InstallFailed, InterpreterMissing
from attune_core.locks.package_lock import LOCK
from attune_core.models.pack import EnvironmentDocument
from attune_core.models.version_range import parse_range

_QUESTION = "console.log(JSON.stringify([process.execPath, process.versions.node, process.versions.modules]))"

#: $1 the host's node, $2 the folder with manifest and lock, $3 npm. `bin/node` makes the chosen node the first on the path.
_INSTALL = """\
mkdir bin
ln -s -- "$1" bin/node
cp -- "$2/package.json" "$2/package-lock.json" .
"$3" ci --ignore-scripts --omit=dev --no-audit --no-fund --no-update-notifier --no-progress --logs-max=0
mkdir -p node_modules
"""

#: $1 npm. Only after everything is installed and its hashes are checked, and without what installers know of the network; many
#: scripts download what they run, so the network itself is there.
_SCRIPTS = '"$1" rebuild --foreground-scripts --no-update-notifier --no-progress --logs-max=0'

#: Argument: the exact version. Prints what is wrong. Optional packages may be absent, those for other machines always are. What npm's own
#: record of its work does not call a part of another package, it has fetched.
_HEALTH = """\
const fs = require("fs"), path = require("path")
const wrong = what => { console.log(what); process.exit(1) }
if (fs.realpathSync("bin/node") !== fs.realpathSync(process.execPath)) wrong("bin/node is another program")
if (process.versions.node !== process.argv[2]) wrong(`node is ${process.versions.node}, not ${process.argv[2]}`)
const packagesOf = file => fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, "utf8")).packages : {}
const packages = packagesOf("package-lock.json"), installed = packagesOf("node_modules/.package-lock.json")
for (const [place, entry] of Object.entries(packages)) {
  const bundled = entry.inBundle && !entry.integrity
  if (bundled && installed[place] && !installed[place].inBundle) wrong(`${place} is in no archive; npm fetched it without a hash`)
  if (!place || entry.dev || entry.optional || entry.devOptional || entry.inBundle) continue
  let found
  try { found = JSON.parse(fs.readFileSync(path.join(place, "package.json"), "utf8")) } catch { wrong(`${place} is not whole`) }
  if (entry.version && found.version !== entry.version) wrong(`${place} is ${found.version}, not ${entry.version}`)
}
"""


@dataclass(frozen=True, kw_only=True)
class _Found:
    program: str
    version: str
    modules: str
    stamp: Stamp


class Node:
    """JavaScript packages from a registry."""

    recipe = 1

    def files(self, document: EnvironmentDocument) -> Sequence[str]:
        """Return the lock and the package.json beside it."""
        return lock_and_manifest(document)

    def check(self, wanted: Wanted) -> None:
        """Refuse a package without a hash, a folder, a git address."""
        refuse_open_lock(wanted.document, wanted.files)

    async def toolchain(self, wanted: Wanted, host: HostTools) -> Toolchain:
        """Find node and npm."""
        node = await _find_node(wanted.document.interpreter, host)
        npm, npm_version, npm_stamp = await _find_npm(node, host)
        sandbox = await usable_bubblewrap(host) if wanted.document.scripts else None
        return Toolchain(
            versions={"node": node.version, "node_modules": node.modules, "node_at": node.program, "npm": npm_version},
            programs={"node": node.program, "npm": npm, **({"bwrap": sandbox.program} if sandbox else {})},
            stamps=(node.stamp, npm_stamp, *([sandbox.stamp] if sandbox else [])),
        )

    async def install(self, build: Build) -> None:
        """Install exactly the lock."""
        programs = build.toolchain.programs
        argv = ("sh", "-euc", _INSTALL, "install", programs["node"], str(build.declared), programs["npm"])
        outcome = await build.run.install(argv, _installer_environment(build), home=npmrc(build.credentials))
        if not outcome.succeeded:
            if b"EINTEGRITY" in outcome.answer:
                raise HashMismatch(f"a package is not the one whose hash stands in {LOCK}")
            raise InstallFailed(f"npm could not install {LOCK} ({outcome.describe()})")
        if build.wanted.document.scripts:
            scripts = sandboxed(programs["bwrap"], ("sh", "-euc", _SCRIPTS, "scripts", programs["npm"]), network=True)
            outcome = await build.run.install(scripts, _npm_environment(build))
            if not outcome.succeeded:
                raise InstallFailed(f"a script of a package failed ({outcome.describe()})")

    async def unhealthy(self, build: Build) -> str | None:
        """Ask the host's node whether every package is there; a script of theirs may have replaced the one in the tree."""
        argv = (build.toolchain.programs["node"], "-", build.toolchain.versions["node"])
        outcome = await build.run.check(argv, build.host.base_environment(), _HEALTH)
        return outcome.complaint()

    def activation(self, tree: Path) -> Activation:
        """Return the chosen node, the packages' programs and the one link."""
        return Activation(path=(tree / "bin", tree / "node_modules/.bin"), links={"node_modules": tree / "node_modules"})


def _installer_environment(build: Build) -> dict[str, str]:
    host = build.host
    trust = {"NODE_EXTRA_CA_CERTS": host.ca_file, "npm_config_cafile": host.ca_file} if host.ca_file else {}
    return {**host.network, **trust, **_npm_environment(build), "npm_config_cache": str(host.cache / "npm")}


def _npm_environment(build: Build) -> dict[str, str]:
    base = build.host.base_environment()
    return {
        **base,
        "PATH": f"{build.tree}/bin:{base['PATH']}",  # npm's own first line says `env node`
        "npm_config_globalconfig": "/dev/null",  # nor a user's: HOME holds nothing but our own credentials
    }


async def _find_node(wanted: str | None, host: HostTools) -> _Found:
    seen: list[str] = []
    allowed = parse_range(wanted) if wanted else None
    for program in programs_named("node", host.path):
        found = _read_node(await host.probes.ask((program, "-e", _QUESTION), env=host.base_environment()))
        if isinstance(found, str):
            seen.append(f"{program} {found}")
        elif allowed is not None and not allowed.allows(found.version):
            seen.append(f"{program} is {found.version}")
        else:
            return found
    raise InterpreterMissing(f"no node{f' {wanted}' if wanted else ''} for this environment: {what_is_there(seen, host.path)}")


def _read_node(answer: Answer | None) -> _Found | str:
    if answer is None or answer.outcome.how is How.NOT_EXECUTABLE:
        return "cannot be executed by the users of actions"
    if not answer.outcome.succeeded:
        return f"does not say its version ({answer.outcome.describe()})"
    try:
        program, version, modules = json.loads(answer.text)
    except (ValueError, TypeError):
        return "does not say its version"
    return _Found(program=program, version=version, modules=modules, stamp=answer.stamp)


async def _find_npm(node: _Found, host: HostTools) -> tuple[str, str, Stamp]:
    base = host.base_environment()
    environment: Mapping[str, str] = {**base, "PATH": f"{Path(node.program).parent}:{base['PATH']}"}
    for npm in programs_named("npm", host.path):
        answer = await host.probes.ask((npm, "--version"), env=environment)
        found = re.search(r"[0-9]+(?:\.[0-9]+)+", answer.text, re.ASCII) if answer is not None and answer.outcome.succeeded else None
        if answer is not None and found is not None:
            return npm, found[0], answer.stamp
    raise InstallerUnusable(f"no npm beside {node.program} that the build user can execute, in {':'.join(host.path)}")
