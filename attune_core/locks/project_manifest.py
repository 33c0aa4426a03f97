"""Whether a lock file in TOML pins what the pyproject.toml beside it asks for, and which Pythons it is for; pure.

Called by the catalog, which refuses a lock that is older than its manifest, and by agents, which look for an interpreter.
"""

from collections.abc import Iterator
from itertools import islice

from attune_core.locks.mistake import MOST, Mistake
from attune_core.locks.requirements_manifest import misses, versions_by_name
from attune_core.locks.toml_file import read_toml
from attune_core.locks.toml_lock import Table, name_of, table, tables, version_of
from attune_core.models.version_range import parse_range


def outdated_project(manifest: bytes, lock: bytes) -> Iterator[Mistake]:
    """Yield the project's dependencies that the lock does not pin in a version that fits, placed in the manifest and at most `MOST`."""
    asked, locked = read_toml(manifest), read_toml(lock)
    if isinstance(asked, Mistake) or isinstance(locked, Mistake):
        return
    versions = versions_by_name((name_of(one), version_of(one)) for one in _packages(locked))
    dependencies = table(asked.get("project")).get("dependencies")
    wanted = [one for one in dependencies if isinstance(one, str)] if isinstance(dependencies, list) else []
    text = manifest.decode("utf-8")
    yield from islice((_at(text, one, message) for one in wanted for message in misses(one, versions)), MOST)


def required_python(lock: bytes) -> str | None:
    """Return the range of Pythons that a lock says it is for, when it is one that documents can say too."""
    locked = read_toml(lock)
    text = None if isinstance(locked, Mistake) else locked.get("requires-python")
    if not isinstance(text, str):
        return None
    try:
        return parse_range(text.replace(".*", "")).text
    except ValueError:
        return None


def _packages(locked: Table) -> list[Table]:
    return tables(locked.get("package")) + tables(locked.get("packages"))


def _at(text: str, requirement: str, message: str) -> Mistake:
    start = text.find(requirement)
    return Mistake(message=message) if start < 0 else Mistake.at(text, (start, start + len(requirement)), message)
