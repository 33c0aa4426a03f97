"""Making lock files with the ecosystems' own lockers, on the author's machine and with the author's settings.

Called by `attune pack lock`; afterwards the file is judged as `attune validate` judges it.
"""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from posixpath import basename

from attune_cli.errors import LockerFailed, LockerMissing, NothingToLock
from attune_cli.working_pack import WorkingPack
from attune_core.locks.mistake import Mistake
from attune_core.locks.rules import LockRules
from attune_core.locks.table import RULES, rules_of
from attune_core.models.pack import EnvironmentDocument
from attune_core.models.version_range import parse_range


@dataclass(frozen=True, kw_only=True)
class Locking:
    """One lock file to be made, and what makes it. `path` is in the working copy."""

    environment: str
    ecosystem: str
    path: Path
    rules: LockRules
    argv: tuple[str, ...]

    @property
    def said(self) -> str:
        """What is run, in one line: a script begins with a line that says what it does."""
        *words, last = " ".join(self.argv).partition("\n")[0].split(" # ")
        return last if words else " ".join(self.argv)


@dataclass(frozen=True, kw_only=True)
class Locked:
    """What became of it; `mistakes` are what an agent would refuse."""

    locking: Locking
    changed: bool
    mistakes: tuple[Mistake, ...]


def lockings_of(pack: WorkingPack, environment: str | None) -> Iterator[Locking]:
    """Yield the lock files of a pack, or of one environment of it; `NothingToLock`."""
    if environment is not None and environment not in pack.model.environments:
        known = ", ".join(sorted(pack.model.environments)) or "none"
        raise NothingToLock(f"pack {pack.name} has no environment {environment!r}; it has: {known}")
    for name, document in pack.model.environments.items():
        if environment in (None, name) and document.ecosystem in RULES:
            yield _locking(pack, name, document)
        elif environment == name:
            raise NothingToLock(f"the {document.ecosystem} ecosystem installs nothing, so there is nothing to lock")


def lock(locking: Locking) -> Locked:
    """Run the locker; what it says goes to stderr. `LockerMissing`, `LockerFailed`."""
    program = _program(locking.argv[0])
    before = locking.path.read_bytes() if locking.path.is_file() else None
    done = subprocess.run([program, *locking.argv[1:]], cwd=locking.path.parent, check=False, stdin=subprocess.DEVNULL, stdout=2)
    if done.returncode != 0:
        raise LockerFailed(f"{locking.said} ended with {done.returncode} in {locking.path.parent}")
    if not locking.path.is_file():
        raise LockerFailed(
            f"{locking.said} left no {locking.path.name} in {locking.path.parent}", hint=f"make it with: {locking.rules.make}"
        )
    after = locking.path.read_bytes()
    return Locked(locking=locking, changed=after != before, mistakes=tuple(locking.rules.lock_mistakes(after)))


def _locking(pack: WorkingPack, name: str, document: EnvironmentDocument) -> Locking:
    if document.lock is None:
        hint = f"name it: lock: {RULES[document.ecosystem][-1].name or 'requirements.lock'}"
        raise NothingToLock(f"environment {name} of pack {pack.name} names no `lock`", hint=hint)
    rules = rules_of(document.ecosystem, document.lock)
    if rules is None:
        raise NothingToLock(f"{document.lock} is no lock file of the {document.ecosystem} ecosystem")
    path = pack.folder / document.lock
    manifest = Path(rules.manifest(str(path)))
    if not manifest.is_file():
        raise NothingToLock(f"there is no {manifest}", hint="write into it what the environment needs, or run your own locker")
    words = {"manifest": manifest.name, "lock": basename(document.lock), "lowest": _lowest(document.interpreter)}
    argv = tuple(word.format(**words) for word in rules.locker if words["lowest"] or "{lowest}" not in word)
    return Locking(environment=name, ecosystem=document.ecosystem, path=path, rules=rules, argv=argv)


def _lowest(interpreter: str | None) -> str:
    """Return the lowest version of the range's lower bounds, empty when it has none: a lock must hold for all that serve."""
    clauses = parse_range(interpreter).clauses if interpreter else ()
    lower = [numbers for operator, numbers in clauses if operator in (">=", ">", "==")]
    return ".".join(map(str, max(lower))) if lower else ""


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None and name == "uv":
        try:
            from uv import find_uv_bin

            found = find_uv_bin()
        except (ImportError, FileNotFoundError):
            found = None
    if found is None:
        raise LockerMissing(f"there is no {name} on the PATH")
    return found
