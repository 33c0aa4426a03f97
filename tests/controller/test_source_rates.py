"""A source may send as many events a second as the settings say, with a burst; however many sources there are, memory holds so many."""

import pytest

from attune_controller.errors import SourceTooFast
from attune_controller.source_rates import BURST, Buckets, SourceRates
from tests.controller.clocks import StandingClock


def taken(rates: SourceRates, source: str, count: int) -> int:
    """Return how many of so many at once are let in."""
    found = 0
    for _ in range(count):
        try:
            rates.check(source)
        except SourceTooFast:
            continue
        found += 1
    return found


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def rates(clock: StandingClock) -> SourceRates:
    found = SourceRates(clock)
    found.set(2.0, {"attune:hooks/*": 5.0, "attune:hooks/github": 1.0, "https://ci/*": 0.1})
    return found


@pytest.mark.parametrize(
    ("source", "rate"), [("anybody", 2.0), ("attune:hooks/gitlab", 5.0), ("attune:hooks/github", 1.0), ("https://ci/a", 0.1)]
)
def test_a_source_sends_a_burst_and_then_its_rate(rates: SourceRates, clock: StandingClock, source: str, rate: float) -> None:
    assert taken(rates, source, 100) == int(rate * BURST)
    clock.time += 10
    assert taken(rates, source, 100) == int(rate * 10)
    assert taken(rates, f"{source} too", 1) == 1, "another source has its own"


def test_what_was_refused_says_when_to_come_back(rates: SourceRates) -> None:
    taken(rates, "https://ci/a", 1)
    with pytest.raises(SourceTooFast, match=r"0\.1 events a second") as refused:
        rates.check("https://ci/a")
    assert refused.value.retry_after == 10


def test_without_settings_nobody_is_held_back_and_the_controllers_own_never_by_the_rate_of_all_others(rates: SourceRates) -> None:
    assert taken(SourceRates(StandingClock()), "anybody", 1000) == 1000
    assert taken(rates, "attune:api", 1000) == taken(rates, "attune:timers/web.nightly", 1000) == 1000


def test_only_so_many_sources_are_remembered_and_further_ones_share_what_there_is(clock: StandingClock) -> None:
    buckets = Buckets(known=3)

    def take(key: str) -> bool:
        return buckets.take(key, rate=1.0, most=2.0, now=clock.time) == 0

    assert [take(key) for key in ("a", "b", "c")] == [True] * 3
    assert [take(key) for key in ("d", "e", "f", "g")] == [True, True, False, False], "the rest has one bucket"
    assert [take(key) for key in ("a", "b", "c")] == [True] * 3, "and takes nothing from those that have theirs"
    assert len(buckets) == 3
    clock.time += 60
    assert [take(key) for key in ("h", "i", "j", "k")] == [True] * 4
    assert len(buckets) <= 3
