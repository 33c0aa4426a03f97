"""Whether a pylock.toml pins every package with hashes of its wheels, and asks for nothing but those of a registry; pure.

Called by the catalog for python environments and by agents before anything runs. The format is PEP 751's
(https://packaging.python.org/en/latest/specifications/pylock-toml/); uv checks every downloaded file against these hashes.
"""

from collections.abc import Iterator
from itertools import islice

from attune_core.locks.mistake import MOST, Mistake
from attune_core.locks.toml_file import read_toml
from attune_core.locks.toml_lock import Table, is_address, is_hash, name_of, placed, table, tables, version_of

#: The only name of it that is taken.
LOCK = "pylock.toml"

_ELSEWHERE = ("vcs", "directory", "archive")


def pylock_mistakes(raw: bytes) -> Iterator[Mistake]:
    """Yield every package without a wheel that has a hash, and what is no package of a registry, in the file's order and at most `MOST`."""
    lock = read_toml(raw)
    if isinstance(lock, Mistake):
        yield lock
    elif not str(lock.get("lock-version")).startswith("1."):
        yield Mistake(message="the file has no `lock-version` 1")
    else:
        reasons = (_wrong(package) for package in tables(lock.get("packages")))
        yield from islice(placed(raw.decode("utf-8"), "packages", reasons), MOST)


def _wrong(package: Table) -> str | None:
    name, wheels = name_of(package), tables(package.get("wheels"))
    if not name or not version_of(package):
        return "a package has no name or no version"
    if any(key in package for key in _ELSEWHERE) or not all(is_address(wheel.get("url")) and "path" not in wheel for wheel in wheels):
        return f"`{name}` does not come from a registry"
    if not wheels:
        return f"`{name}` has no wheel, and hosts build none"
    if not all(any(is_hash(*one) for one in table(wheel.get("hashes")).items()) for wheel in wheels):
        return f"`{name}` has a wheel without a hash"
    return None
