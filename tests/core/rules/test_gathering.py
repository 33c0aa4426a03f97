"""Gathering: groups of waiting events against a naive model of what the words mean, and within their bounds."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from attune_core.catalog.catalog import Catalog
from attune_core.expressions.runtime.output import measure
from attune_core.rules.ending import Lapse, Lapsed
from attune_core.rules.firing import Failed, Fired, Rejected, Unheld, Waits
from attune_core.rules.gathering import Gathering
from attune_core.rules.groups import MEMBERS, MEMBERS_SIZE, Why
from attune_core.rules.replay import Late, Replay
from attune_core.values import JsonObject, JsonValue
from tests.core.rules.repositories import ALERT, catalog_with, event

WINDOW = 300.0
#: (seconds since the event before, key, whether it is what an absence waits for)
Step = tuple[float, str, bool]
#: (when, key, for which event)
Firing = tuple[float, str, int]
STEPS = st.lists(
    st.tuples(st.sampled_from([0.0, 1.0, 100.0, 150.0, 299.0, 300.0, 301.0]), st.sampled_from(["a", "b"]), st.booleans()), max_size=25
)


def page(**throttle: JsonValue) -> Catalog:
    return catalog_with(page={"throttle": {"key": "${{ event.data.unit }}", **throttle}})


DEBOUNCE = page(debounce="5m")
ACCUMULATE = page(accumulate={"within": "5m", "at_least": 2, "at_most": 3})
ABSENCE = page(absence={"of": "web.recovered", "within": "5m", "of_key": "${{ event.data.name }}"})


def timed(steps: Sequence[Step]) -> list[tuple[float, str, bool]]:
    """Return the steps with their moments."""
    now, found = 1000.0, []
    for pause, key, answer in steps:
        now += pause
        found.append((now, key, answer))
    return found


def replayed(catalog: Catalog, steps: Sequence[Step], *, answers: bool = False) -> list[Firing]:
    replay, late = Replay(catalog), list[Late]()
    for number, (at, key, answer) in enumerate(timed(steps), 1):
        kind = "web.recovered" if answers and answer else "web.alert"
        data: JsonObject = {"name": key} if kind == "web.recovered" else {**ALERT, "unit": key}
        late += replay.take(event(number, data, at=at, kind=kind)).late
    late += replay.advance(1e9)
    return [(one.ended.at, one.ended.group.key[1].strip('"'), one.number) for one in late if isinstance(one.outcome, Fired)]


def of_key(steps: Sequence[Step], key: str) -> list[tuple[int, float, bool]]:
    return [(number, at, answer) for number, (at, mine, answer) in enumerate(timed(steps), 1) if mine == key]


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_a_debounce_is_the_end_of_each_run_of_events_that_are_less_than_the_window_apart(steps: list[Step]) -> None:
    expected: list[Firing] = []
    for key in ("a", "b"):
        mine = of_key(steps, key)
        for (number, at, _), (_, following, _) in pairwise([*mine, (0, 1e9, False)]):
            if following - at >= WINDOW:
                expected.append((at + WINDOW, key, number))
    assert replayed(DEBOUNCE, steps) == sorted(expected)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_an_accumulation_is_every_window_with_enough_events(steps: list[Step]) -> None:
    expected: list[Firing] = []
    for key in ("a", "b"):
        mine = of_key(steps, key)
        while mine:
            opened = mine[0][1]
            window = [one for one in mine if one[1] < opened + WINDOW][:3]
            mine = mine[len(window) :]
            if len(window) == 3:
                expected.append((window[-1][1], key, window[-1][0]))
            elif len(window) == 2:
                expected.append((opened + WINDOW, key, window[-1][0]))
    assert sorted(replayed(ACCUMULATE, steps)) == sorted(expected)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_an_absence_is_every_first_event_without_its_answer(steps: list[Step]) -> None:
    expected: list[Firing] = []
    for key in ("a", "b"):
        armed: tuple[int, float] | None = None
        for number, at, answer in [*of_key(steps, key), (0, 1e9, True)]:
            if armed is not None and at >= armed[1] + WINDOW:
                expected.append((armed[1] + WINDOW, key, armed[0]))
                armed = None
            if answer:
                armed = None
            elif armed is None:
                armed = (number, at)
    assert replayed(ABSENCE, steps, answers=True) == sorted(expected)


def test_the_input_has_the_events_of_the_group_and_the_last_one_as_the_event() -> None:
    catalog = catalog_with(
        page={
            "throttle": {"accumulate": {"within": "5m"}},
            "input": {"text": "${{ size(events) }}: ${{ events[0].data.unit }} to ${{ event.data.unit }}"},
        }
    )
    replay = Replay(catalog)
    for number, unit in enumerate("abc", 1):
        replay.take(event(number, ALERT | {"unit": unit}))
    (late,) = replay.advance(1e9)
    assert isinstance(late.outcome, Fired)
    assert late.outcome.filled.input == {"text": "3: a to c"}


def test_clauses_that_name_events_are_judged_at_the_end_and_the_others_for_each_event() -> None:
    when = 'event.data.severity == "high" && (events.size() > 1) && events.all(e, e.data.unit == events[0].data.unit)'
    catalog = catalog_with(page={"throttle": {"debounce": "5m"}, "when": when})
    replay = Replay(catalog)
    assert not replay.take(event(1, ALERT | {"severity": "low"})).firings
    (waits,) = replay.take(event(2)).firings
    assert isinstance(waits, Waits)
    (late,) = replay.advance(1e9)
    assert late.outcome == Lapsed(rule="web.page", why=Lapse.CONDITION, detail="(events.size() > 1)")
    replay.take(event(3))
    replay.take(event(4, ALERT | {"unit": "other"}))
    (late,) = replay.advance(2e9)
    assert late.outcome == Lapsed(rule="web.page", why=Lapse.CONDITION, detail="events.all(e, e.data.unit == events[0].data.unit)")
    replay.take(event(5))
    replay.take(event(6))
    (late,) = replay.advance(3e9)
    assert isinstance(late.outcome, Fired)


def test_a_condition_that_fails_at_the_end_is_said_and_an_input_that_does_not_fit_is_rejected() -> None:
    failing = Replay(catalog_with(page={"throttle": {"debounce": "5m"}, "when": "events[5].data.unit == 'a'"}))
    failing.take(event(1))
    (late,) = failing.advance(1e9)
    assert isinstance(late.outcome, Failed)
    keys: JsonObject = {"action": "web.restart", "input": {"unit": "${{ event.data.unit }}", "token": "${{ secrets.web_token }}"}}
    rejecting = Replay(catalog_with(page={"throttle": {"debounce": "5m"}, **keys}))
    rejecting.take(event(1, ALERT | {"unit": "NOT FIT"}))
    (late,) = rejecting.advance(1e9)
    assert isinstance(late.outcome, Rejected)


def test_an_event_whose_key_has_no_value_is_rejected_at_once_and_an_answer_without_one_says_so() -> None:
    replay = Replay(page(debounce="5m", key="${{ event.data.since }}"))
    (rejected,) = replay.take(event(1)).firings
    assert isinstance(rejected, Rejected)
    assert "throttle.key" in rejected.error
    answer = Replay(page(absence={"of": "web.alert", "within": "5m", "of_key": "${{ event.data.since }}"}, key="${{ event.data.unit }}"))
    failed, waits = answer.take(event(1)).firings
    assert isinstance(failed, Failed)
    assert "throttle.absence.of_key" in failed.error
    assert isinstance(waits, Waits)


def kept(replay: Replay) -> list[int]:
    (group,) = replay.gathering
    return [one.position for one in group.members]


def test_of_many_events_the_newest_are_kept_and_all_are_counted() -> None:
    replay = Replay(catalog_with(page={"throttle": {"debounce": "5m"}}))
    for number in range(1, MEMBERS + 51):
        replay.take(event(number))
    assert kept(replay) == list(range(51, MEMBERS + 51))
    assert next(iter(replay.gathering)).count == MEMBERS + 50


def test_of_large_events_those_are_kept_that_there_is_room_for_and_the_last_one_always() -> None:
    replay = Replay(catalog_with(page={"throttle": {"debounce": "5m"}, "input": {"text": "${{ string(size(events)) }}"}}))
    for number in (1, 2, 3):
        replay.take(event(number, ALERT | {"unit": "x" * (MEMBERS_SIZE // 2)}))
    assert kept(replay) == [3]
    replay.take(event(4))
    assert kept(replay) == [3, 4]
    replay.take(event(5, ALERT | {"unit": "x" * (2 * MEMBERS_SIZE)}))
    assert kept(replay) == [5]


WHOLE = catalog_with(
    also={
        "packs/web/triggers/any.yaml": {"description": "T", "data": {"type": "object", "properties": {"values": {}}}},
        "packs/web/actions/take.yaml": {"description": "A", "run": ["true"], "parameters": {"list": {"type": "array"}}},
    },
    take={
        "trigger": "web.any",
        "action": "web.take",
        "throttle": {"debounce": "5m"},
        "input": {"list": "${{ events }}"},
        "agents": {"match": {"role": "web"}},
    },
)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.recursive(st.none() | st.integers(0, 9) | st.text(max_size=9), lambda inner: st.lists(inner, max_size=9)), min_size=1))
def test_all_events_that_are_kept_can_leave_an_expression_together(values: list[JsonValue]) -> None:
    replay = Replay(WHOLE)
    sent = [event(number, {"values": values * 20}, kind="web.any") for number in range(1, 120)]
    assume(measure(sent[-1].occurrence().activation()["event"]) < MEMBERS_SIZE)  # a larger one cannot leave alone
    for one in sent:
        replay.take(one)
    (late,) = replay.advance(1e9)
    assert isinstance(late.outcome, Fired)
    events = late.outcome.filled.input["list"]
    assert isinstance(events, list)
    assert events == [one.occurrence().activation()["event"] for one in sent[-len(events) :]]


def many(catalog: Catalog, limit: int) -> Replay:
    replay = Replay(catalog)
    replay.gathering = Gathering(limit=limit)
    return replay


def test_beyond_its_keys_a_rule_ends_the_group_that_is_due_first_and_no_other_rules() -> None:
    throttle: JsonObject = {"throttle": {"debounce": "5m", "key": "${{ event.data.unit }}"}}
    replay = many(catalog_with(page=throttle, tell=throttle | {"when": 'event.data.unit == "a"'}), 2)
    for number, unit in enumerate(["a", "b", "a"], 1):
        replay.take(event(number, ALERT | {"unit": unit}, at=float(number)))
    (early,) = replay.take(event(4, ALERT | {"unit": "c"}, at=4.0)).late
    assert (early.ended.group.key, early.ended.why, early.number) == (("web.page", '"b"'), Why.EARLY, 2)
    assert isinstance(early.outcome, Fired)
    assert [(one.number, one.ended.at) for one in replay.advance(1e9)] == [(3, 303.0), (3, 303.0), (4, 304.0)]


def test_beyond_its_keys_no_further_absence_is_waited_for_and_the_event_says_so() -> None:
    replay = many(ABSENCE, 1)
    replay.take(event(1, ALERT | {"unit": "a"}))
    assert replay.take(event(2, ALERT | {"unit": "b"})).firings == [Unheld(rule="web.page")]
    assert [one.number for one in replay.advance(1e9)] == [1]


def test_what_waits_under_other_terms_ends_with_nothing_when_an_event_of_its_key_comes() -> None:
    replay = Replay(DEBOUNCE)
    replay.take(event(1))
    replay.catalog = page(debounce="6m")
    (late,) = replay.take(event(2)).late
    assert isinstance(late.outcome, Lapsed)
    assert (late.number, late.ended.why, late.outcome.why) == (1, Why.REPLACED, Lapse.RULE_CHANGED)
    assert [one.ended.at for one in replay.advance(1e9)] == [1360.0]


@pytest.mark.parametrize(
    ("after", "why"),
    [
        (catalog_with(), Lapse.RULE_REMOVED),
        (page(debounce="6m"), Lapse.RULE_CHANGED),
        (catalog_with(page={"throttle": {"key": "${{ event.data.unit }}", "debounce": "5m"}, "enabled": False}), Lapse.RULE_DISABLED),
    ],
)
def test_what_waits_for_a_rule_that_is_another_by_its_time_gives_nothing(after: Catalog, why: Lapse) -> None:
    replay = Replay(DEBOUNCE)
    replay.take(event(1))
    replay.catalog = after
    (late,) = replay.advance(1e9)
    assert isinstance(late.outcome, Lapsed)
    assert late.outcome.why is why


def test_what_replays_keep_of_events_is_bounded_by_what_waits() -> None:
    replay = Replay(page(debounce="1s"))
    for number in range(1, 5000):
        replay.take(event(number, ALERT | {"unit": str(number)}, at=float(number)))
    assert len(replay._kept) <= 2001
    assert len(replay.gathering._line) <= 1002
