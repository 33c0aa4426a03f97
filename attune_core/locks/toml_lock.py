"""Reading what lock files in TOML hold: the tables of packages, what pins a wheel, and the line at which a package stands; pure.

Called by `pylock`, `uv_lock`, `project_manifest` and those of Cargo.
"""

import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from attune_core.locks.mistake import Mistake

Table: TypeAlias = Mapping[str, object]

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,200}[A-Za-z0-9])?", re.ASCII)
_HASHES = {"sha256": 64, "sha384": 96, "sha512": 128}


def table(value: object) -> Table:
    """Return a table; an empty one for what is none."""
    return value if isinstance(value, dict) else {}


def tables(value: object) -> list[Table]:
    """Return the tables of a list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def name_of(package: Table) -> str:
    """Return a package's name, empty when it has none."""
    name = package.get("name")
    return name if isinstance(name, str) and _NAME.fullmatch(name) else ""


def version_of(package: Table) -> str:
    """Return a package's version, empty when it has none."""
    version = package.get("version")
    return version if isinstance(version, str) else ""


def is_hash(algorithm: object, digest: object) -> bool:
    """Tell whether this is a digest that installers compare with."""
    length = _HASHES.get(algorithm) if isinstance(algorithm, str) else None
    return isinstance(digest, str) and len(digest) == length and re.fullmatch(r"[0-9a-f]+", digest) is not None


def is_address(url: object) -> bool:
    """Tell whether a file comes over the network, not from beside the lock."""
    return isinstance(url, str) and url.startswith(("https://", "http://"))


def placed(text: str, header: str, reasons: Iterator[str | None]) -> Iterator[Mistake]:
    """Place the reasons, one a package in the file's order, at the lines after `[[header]]`; None: there is nothing wrong with it."""
    starts = [found.end() for found in re.finditer(rf"^\[\[{header}\]\][^\n]*\n", text, re.MULTILINE)]
    for index, reason in enumerate(reasons):
        if reason is None:
            continue
        if index >= len(starts):
            yield Mistake(message=reason)
            continue
        start = starts[index]
        end = text.find("\n", start)
        yield Mistake.at(text, (start, end if end >= 0 else len(text)), reason)
