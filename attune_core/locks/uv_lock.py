"""Whether a uv.lock pins what a project needs at run time with hashes of its wheels, from registries alone; pure.

Called by the catalog for python environments and by agents before anything runs. uv exports the file with its hashes and checks every
downloaded file against them. Groups for development are not installed, so what only they need is not judged.
"""

import re
from collections.abc import Iterator
from itertools import islice

from attune_core.locks.mistake import MOST, Mistake
from attune_core.locks.toml_file import read_toml
from attune_core.locks.toml_lock import Table, is_address, is_hash, name_of, placed, table, tables, version_of

#: The only names that uv takes.
LOCK, MANIFEST = "uv.lock", "pyproject.toml"


def uv_lock_mistakes(raw: bytes) -> Iterator[Mistake]:
    """Yield every needed package without a wheel that has a hash, or from elsewhere, in the file's order and at most `MOST`."""
    lock = read_toml(raw)
    if isinstance(lock, Mistake):
        yield lock
        return
    packages = tables(lock.get("package"))
    project = [package for package in packages if _is_project(package)]
    if lock.get("version") != 1:
        yield Mistake(message="the file has no `version` 1")
    elif len(project) != 1 or "members" in table(lock.get("manifest")):
        yield Mistake(message="the file is not of one project: a workspace has several, and its members are folders")
    else:
        needed = _needed(project[0], packages)
        reasons = (_wrong(package) if name_of(package) in needed else None for package in packages)
        yield from islice(placed(raw.decode("utf-8"), "package", reasons), MOST)


def project_mistakes(raw: bytes) -> Iterator[Mistake]:
    """Yield what makes a pyproject.toml more than the manifest of one environment."""
    manifest = read_toml(raw)
    if isinstance(manifest, Mistake):
        yield manifest
    elif "workspace" in table(table(manifest.get("tool")).get("uv")):
        message = "`tool.uv.workspace`: an environment is made from one project and its lock"
        text = raw.decode("utf-8")
        found = re.search(r"^\[tool\.uv\.workspace\]", text, re.MULTILINE)
        yield Mistake.at(text, found.span(), message) if found else Mistake(message=message)


def _is_project(package: Table) -> bool:
    source = table(package.get("source"))
    return "." in (source.get("virtual"), source.get("editable"), source.get("directory"))


def _needed(project: Table, packages: list[Table]) -> set[str]:
    """Return the names of all that the project's dependencies lead to, extras included, whatever their markers."""
    by_name: dict[str, list[Table]] = {}
    for package in packages:
        by_name.setdefault(name_of(package), []).append(package)
    found: set[str] = set()
    left = [name_of(one) for one in tables(project.get("dependencies"))]
    while left:
        name = left.pop()
        if name in found:
            continue
        found.add(name)
        for package in by_name.get(name, ()):
            extras = [one for group in table(package.get("optional-dependencies")).values() for one in tables(group)]
            left += [name_of(one) for one in (*tables(package.get("dependencies")), *extras)]
    return found


def _wrong(package: Table) -> str | None:
    name, wheels = name_of(package), tables(package.get("wheels"))
    if not is_address(table(package.get("source")).get("registry")) or not version_of(package):
        return f"`{name}` does not come from a registry"
    if not wheels:
        return f"`{name}` has no wheel, and hosts build none"
    if not all(is_hash(*str(wheel.get("hash")).partition(":")[::2]) for wheel in wheels):
        return f"`{name}` has a wheel without a hash"
    return None
