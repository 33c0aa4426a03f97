"""Checking versions: a pack whose content differs from the base's has a greater version; pure, over two Catalogs.

Called by `attune validate` with a base and never by `load`: what depends on more than the revision itself is at most a warning.
"""

import re

from attune_core.catalog.catalog import Catalog, Pack
from attune_core.problems import Problem, Severity

_NUMBERS = 3
#: A release is later than every pre-release of its numbers; identifiers that are numbers come before words (semver.org, 11).
_Order = tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...]]


def check_versions(head: Catalog, base: Catalog) -> tuple[Problem, ...]:
    """Return a warning at `version:` of each pack that was changed and not raised."""
    pairs = ((pack, base.packs[name]) for name, pack in sorted(head.packs.items()) if name in base.packs)
    return tuple(
        _warning(now, before) for now, before in pairs if now.digest != before.digest and not is_later(now.version, before.version)
    )


def is_later(version: str, other: str) -> bool:
    """Tell whether a version is greater than another in the order of semantic versions; build metadata does not count."""
    return _order(version) > _order(other)


def _warning(now: Pack, before: Pack) -> Problem:
    same = now.version == before.version
    return Problem(
        code="ATT187",
        severity=Severity.WARNING,
        path=f"{now.path}/pack.yaml",
        span=now.span,
        message=f"the content of `{now.name}` changed, "
        + (f"and its version is still {now.version}" if same else f"but its version went from {before.version} to {now.version}"),
        hint=f"raise `version`, for example to {_next(before.version)}",
    )


def _order(version: str) -> _Order:
    numbers, _, pre = version.partition("+")[0].partition("-")
    places = tuple((not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in pre.split(".")) if pre else ()
    return tuple(int(number) for number in numbers.split(".")), not pre, places


def _next(version: str) -> str:
    *others, last = re.split(r"[-+]", version, maxsplit=1)[0].split(".")[:_NUMBERS]
    return ".".join([*others, str(int(last) + 1)])
