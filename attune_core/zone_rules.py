"""The rules of time zones by their name in the IANA data base, from the installed package `tzdata`, whatever zone data the host has.

Called by the functions on time and by timers: everybody who judges or follows a document gets the same, and no other file is read.
"""

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


@lru_cache(maxsize=256)
def zone_rules(name: str) -> "ZoneInfo | None":
    """Return a zone's rules, None if there is no such zone."""
    #: Loaded on first use: most repositories never ask for a zone.
    from importlib import resources
    from zoneinfo import ZoneInfo

    if name not in zone_names():
        return None
    with resources.files("tzdata").joinpath("zoneinfo", name).open("rb") as rules:
        return ZoneInfo.from_file(rules, key=name)


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """Return the names of all zones."""
    from importlib import resources

    return frozenset(resources.files("tzdata").joinpath("zones").read_text("ascii").split())
