"""Times of day in zones: as Debian's cron has them wherever clocks are set; judged by going through every minute (fault row 32)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import pytest

from attune_core.timers.cron import Cron, parse_cron
from attune_core.timers.wall_clock import next_match, offset
from attune_core.zone_rules import zone_names, zone_rules

DAY = 86_400
BEGIN, END = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2026, 2036))


def rules(name: str) -> ZoneInfo:
    found = zone_rules(name)
    assert found is not None
    return found


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def due(expression: str, zone: str, after: str, count: int) -> list[str]:
    """The next times, as UTC."""
    found, at = [], moment(after)
    for _ in range(count):
        following = next_match(parse_cron(expression), rules(zone), at)
        assert following is not None
        at = following
        found.append(datetime.fromtimestamp(at, UTC).strftime("%m-%d %H:%M"))
    return found


@pytest.mark.parametrize(
    ("expression", "zone", "after", "expected"),
    [
        # Berlin sets its clocks from 2:00 to 3:00 on 29 March 2026, and from 3:00 back to 2:00 on 25 October.
        ("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00Z", ["03-28 01:30", "03-29 01:00", "03-30 00:30"]),
        ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00Z", ["10-25 00:30", "10-26 01:30"]),
        ("0,30 2,3 * * *", "Europe/Berlin", "2026-03-29T00:00Z", ["03-29 01:00", "03-29 01:30", "03-30 00:00"]),
        ("0 * * * *", "Europe/Berlin", "2026-10-24T23:30Z", ["10-25 00:00", "10-25 01:00", "10-25 02:00"]),
        ("*/30 2 * * *", "Europe/Berlin", "2026-10-25T00:00Z", ["10-25 00:30", "10-25 01:00", "10-25 01:30", "10-26 01:00"]),
        ("*/30 2 * * *", "Europe/Berlin", "2026-03-28T01:30Z", ["03-30 00:00"]),
        # Lord Howe Island sets them by half an hour, at 2:00 to 1:30 on 5 April 2026 and to 2:30 on 4 October.
        ("45 1 * * *", "Australia/Lord_Howe", "2026-04-04T00:00Z", ["04-04 14:45", "04-05 15:15"]),
        ("*/10 2 * * *", "Australia/Lord_Howe", "2026-04-04T15:16Z", ["04-04 15:30", "04-04 15:40"]),
        ("10 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00Z", ["10-03 15:30", "10-04 15:10"]),
        # In Beirut and Cairo midnight does not come.
        ("0 0 * * *", "Asia/Beirut", "2026-03-28T00:00Z", ["03-28 22:00", "03-29 21:00"]),
        ("0 0 * * *", "Africa/Cairo", "2026-04-23T00:00Z", ["04-23 22:00", "04-24 21:00"]),
        # The last leap day, and the first one after a century without.
        ("0 12 29 2 *", "UTC", "2026-01-01T00:00Z", ["02-29 12:00", "02-29 12:00"]),
        ("0 12 29 2 *", "UTC", "2096-03-01T00:00Z", ["02-29 12:00"]),
        # Samoa had no 30 December 2011.
        ("0 12 30 12 *", "Pacific/Apia", "2011-12-01T00:00Z", ["12-30 10:00", "12-29 22:00"]),
    ],
)
def test_clocks_that_are_set_lose_no_time_and_double_none(expression: str, zone: str, after: str, expected: list[str]) -> None:
    assert due(expression, zone, after, len(expected)) == expected


@lru_cache(maxsize=16)
def changes_of(zone: str) -> tuple[int, ...]:
    """The first moments of each new offset, found day by day; none of them is shorter."""
    found, ahead, there = [], offset(rules(zone), BEGIN), rules(zone)
    for day in range(BEGIN, END, DAY):
        if offset(there, day + DAY) != ahead:
            found.append(next(at for at in range(day + 60, day + DAY + 1, 60) if offset(there, at) != ahead))
            ahead = offset(there, day + DAY)
    return tuple(found)


def minutes(zone: ZoneInfo, begin: int, end: int) -> Iterator[tuple[int, datetime]]:
    for at in range(begin, end, 60):
        yield at, datetime.fromtimestamp(at, zone)


def by_every_minute(cron: Cron, zone: ZoneInfo, begin: int, end: int) -> list[int]:
    """Go through each minute as Debian's cron does; what is skipped is made up for when the clock was set, what comes again is not run."""
    found: list[int] = []
    shown, virtual = set[datetime](), datetime.fromtimestamp(begin, zone).replace(tzinfo=None)
    for at, local in minutes(zone, begin, end):
        wall = local.replace(tzinfo=None)
        skipped = [virtual + timedelta(minutes=one) for one in range(int((wall - virtual).total_seconds() // 60))]
        times = [wall] if cron.is_wild else [*skipped, *([wall] if wall not in shown else [])]
        if any(cron.after(int(one.replace(tzinfo=UTC).timestamp()) - 60) == int(one.replace(tzinfo=UTC).timestamp()) for one in times):
            found.append(at)
        shown.update(times)
        virtual = max(virtual, wall + timedelta(minutes=1))
    return found


#: Around every change of a clock; the last one is only there to be far away.
EXPRESSIONS = ("30 1 * * *", "0 0 * * *", "15,45 2 * * *", "0 3 * * *", "*/20 * * * *", "*/15 2 * * *", "7 */2 * * *", "0 12 29 2 *")


def check_zone(zone: str, changes: int) -> None:
    there = rules(zone)
    for change in changes_of(zone)[:changes] or (BEGIN + 90 * DAY,):
        begin, end = change - DAY // 6, change + DAY // 6
        for expression in EXPRESSIONS:
            cron, found, at = parse_cron(expression), list[int](), begin - 1
            while (following := next_match(cron, there, at)) is not None and following < end:
                assert following > at
                found.append(following)
                at = following
            assert found == by_every_minute(cron, there, begin, end), (zone, expression)


#: The shapes that there are: an hour, half an hour, at midnight, in the south, in winter, twice more for Ramadan, and never.
SHAPES = (
    "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Beirut", "America/Santiago", "Europe/Dublin", "Africa/Casablanca",
    "Antarctica/Troll", "Asia/Kolkata",
)  # fmt: skip


@pytest.mark.parametrize("zone", SHAPES[:6])
def test_around_the_changes_of_a_zone_every_minute_agrees(zone: str) -> None:
    check_zone(zone, 1)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_around_every_change_of_every_zone_in_ten_years_every_minute_agrees() -> None:
    alike = set[tuple[tuple[int, int], ...]]()  # most zones have the rules of another one
    for zone in sorted(zone_names()):
        there = rules(zone)
        course = ((BEGIN, offset(there, BEGIN)), *((change, offset(there, change)) for change in changes_of(zone)))
        if course not in alike:
            alike.add(course)
            check_zone(zone, 100)
    assert len(alike) > 50


@pytest.mark.parametrize("zone", SHAPES[:3])
def test_a_time_of_day_comes_once_on_each_of_3652_days(zone: str) -> None:
    cron, there, at, days = parse_cron("30 2 * * *"), rules(zone), BEGIN - 1, 0
    while (found := next_match(cron, there, at)) is not None and found < END:
        days, at = days + 1, found
    assert days in (3652, 3651)  # a zone ahead of UTC is still in its first day's night, or past it
