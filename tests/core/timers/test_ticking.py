"""What becomes of due times: on time, missed and passed over, made up for; few ticks however much was missed."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attune_core.catalog.catalog import Timer
from attune_core.timers.schedule import Schedule
from attune_core.timers.ticking import GRACE, MOST_MISSED, Tick, Verdict, fires_at, judge, next_firing
from tests.core.timers.timers import timer

HOUR = 3600
HOURLY = timer(Schedule(every=HOUR))


def ticks(verdict: Verdict) -> list[tuple[int, int]]:
    return [(one.due, one.missed) for one in verdict.ticks]


def test_before_it_is_due_there_is_nothing_to_do() -> None:
    assert judge(HOURLY, done=7, missed=3, now=HOUR - 0.001) == Verdict(ticks=(), done=7, missed=3)
    assert next_firing(HOURLY, 0) == HOUR


@pytest.mark.parametrize("misfire", ["skip", "one", "all"])
def test_what_is_up_to_a_minute_late_is_on_time_whatever_the_policy(misfire: str) -> None:
    found = judge(policy(HOURLY, misfire), done=0, missed=0, now=HOUR + GRACE)
    assert found == Verdict(ticks=(Tick(due=HOUR, missed=0),), done=HOUR, missed=0)


def policy(one: Timer, misfire: str, at_most: int = 3) -> Timer:
    assert misfire in {"skip", "one", "all"}
    return replace(one, misfire=misfire, at_most=at_most if misfire == "all" else 0)  # type: ignore[arg-type]  # it is one of the three


@pytest.mark.parametrize(
    ("misfire", "now", "expected", "missed_after"),
    [
        ("skip", 5.5 * HOUR, [], 5),
        ("skip", 5 * HOUR + 30, [(5 * HOUR, 4)], 0),
        ("one", 5.5 * HOUR, [(5 * HOUR, 4)], 0),
        ("one", 5 * HOUR + 30, [(5 * HOUR, 4)], 0),
        ("all", 5.5 * HOUR, [(3 * HOUR, 2), (4 * HOUR, 0), (5 * HOUR, 0)], 0),
        ("all", 2.5 * HOUR, [(HOUR, 0), (2 * HOUR, 0)], 0),
        ("skip", 1e6 * HOUR + 30, [(1_000_000 * HOUR, MOST_MISSED)], 0),
        ("skip", 1e6 * HOUR + 90, [], MOST_MISSED),
        ("one", 1e6 * HOUR + 90, [(1_000_000 * HOUR, MOST_MISSED)], 0),
        ("all", 1e6 * HOUR, [(999_998 * HOUR, MOST_MISSED), (999_999 * HOUR, 0), (1_000_000 * HOUR, 0)], 0),
    ],
)
def test_the_policy_says_what_becomes_of_missed_times(misfire: str, now: float, expected: list[tuple[int, int]], missed_after: int) -> None:
    found = judge(policy(HOURLY, misfire), done=0, missed=0, now=now)
    assert (ticks(found), found.missed) == (expected, missed_after)
    assert found.done == now // HOUR * HOUR


def test_seconds_of_ten_years_become_one_tick() -> None:
    found = judge(timer(Schedule(every=1)), done=0, missed=0, now=3e8)
    assert ticks(found) == [(300_000_000, MOST_MISSED)]
    assert found.looked == MOST_MISSED


def test_a_timer_that_ended_long_ago_is_judged_without_looking_for_what_was_not() -> None:
    ended = timer(Schedule(every=90, end=2_000_000_000))
    found = judge(ended, done=0, missed=0, now=2.5e11)
    assert ticks(found) == [(1_999_999_980, MOST_MISSED)]
    assert next_firing(ended, found.done) is None


def test_what_was_passed_over_is_told_by_the_next_tick() -> None:
    first = judge(policy(HOURLY, "skip"), done=0, missed=0, now=3.5 * HOUR)
    assert ticks(judge(policy(HOURLY, "skip"), done=first.done, missed=first.missed, now=4 * HOUR)) == [(4 * HOUR, 3)]


def test_jitter_is_the_same_after_a_restart_and_lets_nobody_overtake() -> None:
    jittery = replace(HOURLY, jitter=HOUR - 1.0)
    moments = [fires_at(jittery, due) for due in range(0, 1000 * HOUR, HOUR)]
    assert moments == [fires_at(replace(jittery), due) for due in range(0, 1000 * HOUR, HOUR)]
    assert moments == sorted(moments)
    assert len({round(moment % HOUR) for moment in moments}) > 600, "they are spread"
    assert moments != [fires_at(replace(jittery, ref="web.other"), due) for due in range(0, 1000 * HOUR, HOUR)]
    due = int(moments[5] // HOUR) * HOUR
    assert judge(jittery, done=due - HOUR, missed=0, now=moments[5] - 0.001).ticks == ()
    assert ticks(judge(jittery, done=due - HOUR, missed=0, now=moments[5])) == [(due, 0)]


@settings(max_examples=50, deadline=None)
@given(
    every=st.sampled_from([1, 7, 60, HOUR, 86_400]),
    misfire=st.sampled_from(["skip", "one", "all"]),
    jitter=st.sampled_from([0.0, 0.4, 0.999]),
    steps=st.lists(st.one_of(st.floats(0, 300), st.floats(0, 1e6)), min_size=1, max_size=30),
)
def test_each_due_time_is_ticked_once_or_counted_as_missed_in_order(every: int, misfire: str, jitter: float, steps: list[float]) -> None:
    one = replace(policy(timer(Schedule(every=every)), misfire), jitter=jitter * every)
    now, done, missed = 1000.0, 0, 0
    ticked: list[int] = []
    counted = 0
    for step in steps:
        now += step
        found = judge(one, done=done, missed=missed, now=now)
        if found.done == done:
            continue
        assert len(found.ticks) <= GRACE + 2
        counted += sum(tick.missed for tick in found.ticks)
        ticked += [tick.due for tick in found.ticks]
        done, missed = found.done, found.missed
        assert judge(one, done=done, missed=missed, now=now) == Verdict(ticks=(), done=done, missed=missed), "what is done is done"
        assert fires_at(one, done) <= now
    assert ticked == sorted(set(ticked))
    if counted + missed < MOST_MISSED:
        assert len(ticked) + counted + missed == done // every
