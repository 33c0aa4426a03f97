"""Checking pack documents: the name is the folder's, and every environment has the files that say what is in it.

Called by `load`; the content of lock files is judged by `check_locks`.
"""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from attune_core.catalog.check_sources import check_sources
from attune_core.catalog.pack_paths import inside_pack
from attune_core.catalog.reading import Read, Reading
from attune_core.locks.table import RULES, rules_of
from attune_core.models.pack import EnvironmentDocument, PackDocument


@dataclass(frozen=True, order=True)
class LockFile:
    """A lock file that exists: its path in the repository, whose it is, and the manifest beside it, empty if there is none."""

    path: str
    ecosystem: str
    manifest: str


def check_packs(reading: Reading) -> list[LockFile]:
    """Check every pack's document and return the lock files to look into, each once for everything it is read as."""
    found: set[LockFile] = set()
    for folder, pack in reading.packs.items():
        if pack.model.name != folder:
            message = f"the pack is called `{pack.model.name}` and its folder `{folder}`"
            reading.findings.at("ATT143", message, pack.document, ("name",), hint=f"write `name: {folder}`, or rename the folder")
        for name, environment in pack.model.environments.items():
            found.update(_check_environment(reading, pack, name, environment))
        if any(environment.ecosystem == "node" for environment in pack.model.environments.values()):
            _refuse_own_modules(reading, pack.name)
    return sorted(found)


def _refuse_own_modules(reading: Reading, pack: str) -> None:
    """Leave the place free in which attempts find a node environment's packages."""
    own = f"packs/{pack}/node_modules"
    if any(path == own or path.startswith(f"{own}/") for path in reading.files):
        message = "the pack has a `node_modules` of its own, where its node environment is linked"
        reading.findings.at_path("ATT167", message, own, hint="remove it; agents install what the lock file says")


def _check_environment(reading: Reading, pack: Read[PackDocument], name: str, environment: EnvironmentDocument) -> Iterator[LockFile]:
    findings, place = reading.findings, ("environments", name)
    if environment.scripts and environment.ecosystem != "node":
        message = f"the {environment.ecosystem} ecosystem runs no scripts of packages"
        findings.at("ATT121", message, pack.document, (*place, "scripts"), hint="remove it")
    if environment.ecosystem not in RULES:
        _check_shell(reading, pack, name, environment)
        return
    recommended = RULES[environment.ecosystem][-1]
    if environment.lock is None:
        hint = "make one with the ecosystem's own locker and name it here"
        message = f"`lock` is missing: a {environment.ecosystem} environment needs a lock file"
        findings.at("ATT122", message, pack.document, place, hint=hint)
        return
    lock = inside_pack("", environment.lock)
    if lock is None:
        findings.at(
            "ATT163", f"`{environment.lock}` leads out of the pack", pack.document, (*place, "lock"), hint="name a file of the pack"
        )
        return
    check_sources(reading, pack, name, environment, lock)
    rules = rules_of(environment.ecosystem, lock)
    if rules is None:
        message = f"the lock of a {environment.ecosystem} environment is a `{recommended.name}`, not `{posixpath.basename(lock)[:80]}`"
        findings.at("ATT121", message, pack.document, (*place, "lock"), hint=f"make it with: {recommended.make}")
        return
    path = f"packs/{pack.name}/{lock}"
    if path not in reading.files:
        hint = f"make it with: {rules.make}"
        findings.at("ATT164", f"there is no lock file `{path}`", pack.document, (*place, "lock"), hint=hint)
        return
    manifest = rules.manifest(path)
    yield LockFile(path, environment.ecosystem, manifest if manifest in reading.files else "")
    if rules.manifest_required and manifest not in reading.files:
        findings.at("ATT166", f"there is no `{manifest}` beside the lock file", pack.document, (*place, "lock"), hint="commit it as well")


def _check_shell(reading: Reading, pack: Read[PackDocument], name: str, environment: EnvironmentDocument) -> None:
    useless = {
        "lock": (environment.lock, "the shell ecosystem installs nothing, so it has no lock file"),
        "interpreter": (environment.interpreter, "the shell ecosystem has no interpreter"),
        "sources": (environment.sources or None, "the shell ecosystem compiles nothing"),
    }
    for key, (value, message) in useless.items():
        if value is not None:
            hint = "remove it; declare programs under `requires: {tools: …}`"
            reading.findings.at("ATT121", message, pack.document, ("environments", name, key), hint=hint)
