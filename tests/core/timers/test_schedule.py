"""Schedules: the same times whoever asks, whenever, and however far ahead."""

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attune_core.timers.cron import parse_cron
from attune_core.timers.schedule import Schedule
from attune_core.zone_rules import zone_rules


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def cron(expression: str, zone: str = "UTC", *, start: int | None = None, end: int | None = None) -> Schedule:
    return Schedule(cron=parse_cron(expression), zone=zone_rules(zone), start=start, end=end)


NEW_YEAR = moment("2026-01-01T00:00Z")


def test_an_interval_counts_from_1970_or_from_its_start() -> None:
    assert list(Schedule(every=3600).between(NEW_YEAR, NEW_YEAR + 7200)) == [NEW_YEAR + 3600, NEW_YEAR + 7200]
    odd = Schedule(every=3600, start=NEW_YEAR + 60)
    assert list(odd.between(0, NEW_YEAR + 7200)) == [NEW_YEAR + 60, NEW_YEAR + 3660]


def test_start_and_end_belong_to_it() -> None:
    schedule = cron("@hourly", start=NEW_YEAR, end=NEW_YEAR + 7200)
    assert list(schedule.between(0, 2 * NEW_YEAR)) == [NEW_YEAR, NEW_YEAR + 3600, NEW_YEAR + 7200]
    assert schedule.after(NEW_YEAR + 7200) is None


def test_given_moments_come_in_their_order_and_then_no_more() -> None:
    schedule = Schedule(at=(10, 20, 20_000_000_000), end=20_000_000_000)
    assert list(schedule.between(0, 30_000_000_000)) == [10, 20, 20_000_000_000]
    assert schedule.after(20_000_000_000) is None
    assert Schedule(at=(10,), start=11).after(0) is None


def test_there_is_nothing_beyond_the_calendar() -> None:
    for schedule in (Schedule(every=1), cron("* * * * *", "Pacific/Kiritimati"), cron("0 0 * * *", "Pacific/Pago_Pago")):
        assert schedule.after(moment("9999-12-30T00:00Z")) is None
        assert schedule.after(moment("9999-12-30T00:00Z") - 1) in {None, moment("9999-12-30T00:00Z")}


SCHEDULES = st.sampled_from(
    [
        Schedule(every=1),
        Schedule(every=90, start=NEW_YEAR + 7),
        cron("*/7 * * * *"),
        cron("30 2 * * *", "Europe/Berlin"),
        cron("*/20 1,2 * * *", "Australia/Lord_Howe"),
        cron("* * 1 1 *", end=NEW_YEAR + 400 * 86_400),
        Schedule(at=tuple(range(NEW_YEAR, NEW_YEAR + 10_000, 977))),
    ]
)


@settings(max_examples=60, deadline=None)
@given(schedule=SCHEDULES, after=st.integers(NEW_YEAR - 90_000, NEW_YEAR + 90_000), length=st.integers(0, 20_000), count=st.integers(1, 50))
def test_the_last_times_are_the_last_of_all(schedule: Schedule, after: int, length: int, count: int) -> None:
    everything = list(schedule.between(after, after + length))
    assert schedule.last(after, after + length, count) == tuple(everything[-count:])
    assert everything == sorted(set(everything))
    for one in everything[:20]:
        assert schedule.after(one - 1) == one, "it does not matter from where one looks"


@pytest.mark.parametrize("schedule", [Schedule(every=1), cron("* * * * *"), cron("0 0 29 2 *"), cron("30 1 * * *", "Europe/Berlin")])
def test_the_last_times_of_ten_years_are_found_without_all_of_them(schedule: Schedule) -> None:
    until = NEW_YEAR + 3652 * 86_400
    found = schedule.last(NEW_YEAR, until, 2)
    assert schedule.after(found[0]) == found[1]
    assert (schedule.after(found[1]) or until + 1) > until
