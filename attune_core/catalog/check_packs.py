"""Checking pack documents: the name is the folder's, and every environment has the files that say what is in it.

Called by `load`; the content of lock files is judged by `check_locks`.
"""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from attune_core.catalog.pack_paths import inside_pack
from attune_core.catalog.reading import Read, Reading
from attune_core.models.pack import EnvironmentDocument, PackDocument


@dataclass(frozen=True, kw_only=True)
class LockFile:
    """A lock file that exists: its path in the repository and the environment that declares it."""

    path: str
    ecosystem: str
    pack: str
    environment: str


def check_packs(reading: Reading) -> list[LockFile]:
    """Check every pack's document and return the lock files to look into."""
    found: list[LockFile] = []
    for folder, pack in reading.packs.items():
        if pack.model.name != folder:
            message = f"the pack is called `{pack.model.name}` and its folder `{folder}`"
            reading.findings.at("ATT143", message, pack.document, ("name",), hint=f"write `name: {folder}`, or rename the folder")
        for name, environment in pack.model.environments.items():
            found.extend(_check_environment(reading, pack, name, environment))
    return found


def _check_environment(reading: Reading, pack: Read[PackDocument], name: str, environment: EnvironmentDocument) -> Iterator[LockFile]:
    findings, place = reading.findings, ("environments", name)
    if environment.ecosystem == "shell":
        if environment.lock is not None:
            hint = "remove it; declare programs under `requires: {tools: …}`"
            findings.at(
                "ATT121", "the shell ecosystem installs nothing, so it has no lock file", pack.document, (*place, "lock"), hint=hint
            )
        return
    if environment.lock is None:
        hint = "make one with the ecosystem's own locker and name it here"
        findings.at(
            "ATT122", f"`lock` is missing: a {environment.ecosystem} environment needs a lock file", pack.document, place, hint=hint
        )
        return
    lock = inside_pack("", environment.lock)
    if lock is None:
        findings.at(
            "ATT163", f"`{environment.lock}` leads out of the pack", pack.document, (*place, "lock"), hint="name a file of the pack"
        )
        return
    path = f"packs/{pack.name}/{lock}"
    if path not in reading.files:
        findings.at("ATT164", f"there is no lock file `{path}`", pack.document, (*place, "lock"), hint=_how(environment.ecosystem))
        return
    manifest = posixpath.join(posixpath.dirname(path), "package.json")
    if environment.ecosystem == "node" and manifest not in reading.files:
        findings.at("ATT166", f"there is no `{manifest}` beside the lock file", pack.document, (*place, "lock"), hint="commit it as well")
    yield LockFile(path=path, ecosystem=environment.ecosystem, pack=pack.name, environment=name)


def _how(ecosystem: str) -> str:
    if ecosystem == "node":
        return "make it with: npm install --package-lock-only"
    return "make it with: uv pip compile --generate-hashes requirements.in -o requirements.lock"
