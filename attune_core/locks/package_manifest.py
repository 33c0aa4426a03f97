"""Whether an npm lock file was made from the package.json beside it: the lock's root entry repeats what the manifest asks for; pure.

Called by the catalog, which refuses a lock that is older than its manifest. What npm writes in another form is not compared.
"""

from collections.abc import Iterator, Mapping
from itertools import islice

from attune_core.locks.mistake import MOST, Mistake
from attune_core.locks.package_lock import LOCK, mistake_at_key, read_package_file
from attune_core.values import JsonObject, JsonValue

_DEPENDENCIES = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")
_ENGINES = ("engines",)


def outdated_packages(manifest: bytes, lock: bytes) -> Iterator[Mistake]:
    """Yield what the manifest asks for otherwise than the lock says, placed in the manifest and at most `MOST`."""
    asked, locked = read_package_file(manifest), read_package_file(lock)
    packages = locked.get("packages") if isinstance(locked, dict) else None
    root = packages.get("") if isinstance(packages, dict) else None
    if isinstance(asked, dict) and isinstance(root, dict):
        found = (one for groups in (_DEPENDENCIES, _ENGINES) for one in _differences(asked, root, groups, manifest.decode("utf-8")))
        yield from islice(found, MOST)


def _differences(asked: JsonObject, root: JsonObject, groups: tuple[str, ...], text: str) -> Iterator[Mistake]:
    wanted, locked = _by_name(asked, groups), _by_name(root, groups)
    for name, places in wanted.items():
        ((group, version), *others) = places.items()
        if others or not _is_comparable(version):  # npm keeps one of several, and writes addresses in its own form
            continue
        written = locked.get(name, {}).get(group)
        if written is None:
            yield _at(text, group, name, f"`{name[:80]}` is not among the `{group}` of {LOCK}")
        elif str(written).strip() != str(version).strip():
            yield _at(text, group, name, f"`{name[:80]}` is `{str(version)[:80]}` here and `{str(written)[:80]}` in {LOCK}")
    for name in sorted(locked.keys() - wanted.keys()):
        group = next(iter(locked[name]))
        yield _at(text, group, "", f"`{name[:80]}` is among the `{group}` of {LOCK} and no longer here")


def _by_name(document: JsonObject, groups: tuple[str, ...]) -> dict[str, dict[str, JsonValue]]:
    found: dict[str, dict[str, JsonValue]] = {}
    for group in groups:
        entries = document.get(group)
        for name, version in entries.items() if isinstance(entries, Mapping) else ():
            found.setdefault(name, {})[group] = version
    return found


def _is_comparable(version: JsonValue) -> bool:
    return isinstance(version, str) and version.strip() != "" and not any(sign in version for sign in ":/")


def _at(text: str, group: str, name: str, message: str) -> Mistake:
    of_group = mistake_at_key(text, group, 0, message)
    return mistake_at_key(text, name, of_group.stretch[1], message) if name and of_group.stretch else of_group
