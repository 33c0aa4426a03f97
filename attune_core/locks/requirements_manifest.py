"""Whether a requirements lock pins what the manifest beside it asks for (`requirements.in` for `requirements.lock`); pure.

Called by the catalog, which refuses a lock that is older than its manifest. What is no plain requirement is not compared: options, files,
addresses; and one with a marker may be missing, because it may be for other hosts.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from attune_core.locks.mistake import MOST, Mistake
from attune_core.locks.requirements import pins, wanted_lines

#: A longer manifest is not written by people, a longer line is none of theirs.
_SIZE, _LINE = 256 << 10, 1000


def manifest_of(lock: str) -> str:
    """Return the path of the manifest that a lock file is made from: the same stem, `.in`."""
    folder, slash, name = lock.rpartition("/")
    return f"{folder}{slash}{name.rpartition('.')[0] or name}.in"


def outdated_requirements(manifest: bytes, lock: bytes) -> Iterator[Mistake]:
    """Yield what the manifest asks for and the lock does not pin, placed in the manifest and at most `MOST`."""
    if len(manifest) > _SIZE:
        return
    try:
        asked, locked = manifest.decode("utf-8"), lock.decode("utf-8")
    except UnicodeDecodeError:
        return
    versions = versions_by_name(pins(locked))
    found = (
        Mistake(message=message, line=line.line, stretch=line.stretch)
        for line in wanted_lines(asked)
        for message in misses(line.text.partition(" --")[0], versions)
    )
    yield from islice(found, MOST)


def versions_by_name(pinned: Iterable[tuple[str, str]]) -> Mapping[str, list[str]]:
    """Return the versions that a lock pins, by the name as all tools compare it."""
    from packaging.utils import canonicalize_name

    versions: dict[str, list[str]] = {}
    for name, version in pinned:
        versions.setdefault(canonicalize_name(name), []).append(version)
    return versions


def misses(requirement: str, versions: Mapping[str, list[str]]) -> Iterator[str]:
    """Yield what is wrong with one requirement; the imports cost as much as a whole repository's check, so they wait until here."""
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name
    from packaging.version import InvalidVersion, Version

    plain, marker, _ = requirement.partition(";")
    try:
        wanted = Requirement(plain[:_LINE])
        pinned = versions.get(canonicalize_name(wanted.name), [])
        if wanted.url is not None:
            return
        if not pinned and not marker:
            yield f"the lock file does not have `{wanted.name}`"
        elif pinned and not any(wanted.specifier.contains(Version(version), prereleases=True) for version in pinned):
            yield f"the lock file has `{wanted.name}` {' and '.join(pinned[:3])}, which is not `{wanted.specifier}`"
    except (InvalidRequirement, InvalidVersion):
        return
