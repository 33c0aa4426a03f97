"""Forecast: what differs between two catalogs over recorded events, in kinds, reasons, fields and counts, in bounded memory."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from attune_core.catalog.catalog import Catalog
from attune_core.effects.effect import Kind
from attune_core.effects.forecast import Forecast, Group, place_text
from attune_core.effects.tally import KINDS, Tally
from attune_core.rules.recorded import RecordedEvent
from attune_core.rules.requests import REQUESTED
from attune_core.values import JsonObject, JsonValue
from tests.core.rules.repositories import ALERT, catalog_with, event

RESTART: JsonObject = {
    "action": "web.restart",
    "input": {"unit": "${{ event.data.unit }}", "token": "${{ secrets.web_token }}"},
    "agents": {"match": {"role": "web"}},
}


def forecast(base: Catalog, head: Catalog, events: Iterable[RecordedEvent], *, examples: int = 3) -> Forecast:
    found = Forecast(base=base, head=head, examples=examples)
    for one in events:
        found.take(one)
    found.finish()
    return found


def only(found: Forecast) -> Group:
    (group,) = found.groups()
    return group


def test_the_same_catalog_twice_differs_in_nothing() -> None:
    catalog = catalog_with(page={}, restart=RESTART)
    found = forecast(catalog, catalog_with(page={}, restart=RESTART), [event(1), event(2, "odd"), event(3, kind="web.gone")])
    assert not found.differs()
    assert (found.events, found.undeliverable, found.groups(), found.turns(), found.shifts()) == (3, 2, [], [], [])


def test_what_a_condition_no_longer_lets_through_vanishes_and_its_clause_says_so() -> None:
    base, head = catalog_with(page={}), catalog_with(page={"when": 'event.data.host != "h7" && event.data.unit == "db"'})
    group = only(forecast(base, head, [event(1), event(2, ALERT | {"host": "h8", "unit": "db"}), event(3, ALERT | {"host": "h8"})]))
    assert (group.kind, group.rule, group.action, group.count) == (Kind.VANISH, "web.page", "web.page", 2)
    assert [text for text, _ in group.reasons.ordered()] == [
        'its condition does not hold: event.data.host != "h7"',
        'its condition does not hold: event.data.unit == "db"',
    ]
    assert [one.event.position for one in group.examples] == [1, 3]
    assert group.examples[0].effect.execution["input"] == {"text": "web_1"}


def test_a_new_rule_a_removed_one_and_a_disabled_one_are_told_apart() -> None:
    base, head = catalog_with(a={}, b={}, c={"enabled": False}), catalog_with(b={"enabled": False}, c={}, d={})
    groups = {(one.rule, one.kind): one.reasons.ordered() for one in forecast(base, head, [event(1)]).groups()}
    assert groups == {
        ("web.a", Kind.VANISH): [("there is no such rule", 1)],
        ("web.b", Kind.VANISH): [("it is disabled", 1)],
        ("web.c", Kind.APPEAR): [("it is disabled", 1)],
        ("web.d", Kind.APPEAR): [("there is no such rule", 1)],
    }


def test_a_rule_on_another_trigger_says_which() -> None:
    head = catalog_with(page={"trigger": "github.push", "input": {"text": "x"}})
    group = only(forecast(catalog_with(page={}), head, [event(1)]))
    assert group.reasons.ordered() == [("it is on the trigger github.push", 1)]


def test_an_execution_that_changes_says_it_field_by_field() -> None:
    head = RESTART | {
        "input": {"unit": "${{ event.data.host }}", "tries": 5, "token": "${{ secrets.other_token }}"},
        "agents": {"match": {"role": "web", "host": "${{ event.data.host }}"}, "pick": "all"},
    }
    group = only(forecast(catalog_with(restart=RESTART), catalog_with(restart=head), [event(1)]))
    assert (group.kind, group.count) == (Kind.CHANGE, 1)
    shown = {place_text(one.place): (one.expected, one.actual) for one in group.examples[0].effect.differences}
    assert shown == {
        "input.unit": ('"web_1"', '"h7"'),
        "input.tries": ("3", "5"),
        "input.token": ('"${{ secrets.web_token }}"', '"${{ secrets.other_token }}"'),
        "agents.host": ("", '"h7"'),
        "pick": ('"any"', '"all"'),
        "key": ('"web_1"', '"h7"'),
    }
    assert sorted(text for text, _ in group.fields.ordered()) == sorted(shown)


def test_another_action_is_a_change_of_the_action() -> None:
    other: JsonObject = {"action": "web.restart", "input": {"unit": "${{ event.data.unit }}"}}
    group = only(forecast(catalog_with(page={}), catalog_with(page=other), [event(1)]))
    assert (group.kind, group.action) == (Kind.CHANGE, "web.restart")
    assert ("action", 1) in group.fields.ordered()


def test_throttles_go_by_the_time_of_the_events() -> None:
    head = catalog_with(page={"throttle": {"once_within": "5m"}})
    found = forecast(catalog_with(page={}), head, [event(number, at=float(at)) for number, at in enumerate((0, 200, 299, 300, 301))])
    assert (only(found).count, only(found).reasons.ordered()) == (3, [("it is throttled", 3)])
    (shift,) = found.shifts()
    assert (shift.base.fired, shift.head.fired, shift.head.throttled) == (5, 2, 3)


def test_a_wider_window_that_changes_no_execution_but_a_longer_one_does() -> None:
    base = catalog_with(page={"throttle": {"once_within": "5m"}})
    events = [event(1, at=0.0), event(2, at=400.0)]
    assert not forecast(base, catalog_with(page={"throttle": {"once_within": "6m"}}), events).differs()
    assert forecast(base, catalog_with(page={"throttle": {"once_within": "7m"}}), events).totals()[Kind.VANISH] == 1


def test_what_no_longer_fits_is_rejected_and_what_fails_says_its_error() -> None:
    head = catalog_with(a=RESTART | {"input": {"unit": "${{ event.data.since > 1 ? 'x' : 'y' }}"}}, b={"when": "event.data.since > 1"})
    found = forecast(catalog_with(a=RESTART, b={}), head, [event(1)])
    reasons = {one.rule: one.examples[0].effect.reason for one in found.groups()}
    assert {rule: reason.text for rule, reason in reasons.items() if reason is not None} == {
        "web.a": "its input does not fit the parameters",
        "web.b": "its condition fails with an error",
    }
    assert all(reason is not None and "since" in reason.detail for reason in reasons.values())


def test_counts_may_differ_though_no_execution_does() -> None:
    base, head = catalog_with(page={"when": "event.data.since > 1"}), catalog_with(page={"when": 'event.data.unit == "x"'})
    found = forecast(base, head, [event(1)])
    assert found.groups() == []
    assert found.differs()
    (shift,) = found.shifts()
    assert (shift.base.failed, shift.head.failed) == (1, 0)


def test_a_manual_run_is_an_execution_too() -> None:
    base, head = catalog_with(), catalog_with()
    found = forecast(base, head, [event(1, {"action": "web.page", "input": {"text": "x"}}, kind=REQUESTED)])
    assert not found.differs(), "a manual run that runs under both"
    gone: JsonObject = {"action": "web.stop", "input": {}}
    assert forecast(base, head, [event(1, gone, kind=REQUESTED)]).undeliverable == 1


def test_memory_is_bounded_by_groups_and_not_by_events() -> None:
    head = catalog_with(page={"input": {"text": "${{ event.data.host }}"}})
    found = forecast(catalog_with(page={}), head, (event(number) for number in range(500)), examples=2)
    assert (only(found).count, len(only(found).examples), found.events_of("web.page")) == (500, 2, 500)
    tally = Tally()
    for number in range(KINDS + 7):
        tally.add(f"{number:03}")
    tally.add("000")
    assert (len(tally.counts), tally.others, tally.ordered()[0]) == (KINDS, 7, ("000", 2))


def test_examples_with_large_values_are_bounded_together() -> None:
    found = Forecast(base=catalog_with(a={}, b={}), head=catalog_with(), examples=3, _room=1_000)
    for one in (event(1, ALERT | {"unit": "x" * 600}), event(2)):
        found.take(one)
    assert [[one.event.position for one in group.examples] for group in found.groups()] == [[1, 2], [2]]
    assert all(one.event.data is None for group in found.groups() for one in group.examples)


def waiting(throttle: JsonObject) -> Catalog:
    return catalog_with(page={"throttle": throttle})


BURST = [event(number, at=at) for number, at in enumerate((1000.0, 1010.0, 1100.0, 2000.0), 1)]


def test_a_longer_debounce_fires_for_fewer_events_and_says_for_which() -> None:
    found = forecast(waiting({"debounce": "1m"}), waiting({"debounce": "2m"}), BURST)
    group = only(found)
    assert (group.kind, [one.event.position for one in group.examples]) == (Kind.VANISH, [2])
    assert group.reasons.ordered() == [("another event of its group is the one that it fires for", 1)]
    assert [(one.base.fired, one.head.fired) for one in found.shifts()] == [(2, 1)]


def test_what_fires_later_for_the_same_event_is_no_effect() -> None:
    assert not forecast(waiting({"debounce": "1s"}), waiting({"debounce": "5s"}), BURST).groups()


def test_what_waits_at_the_end_is_said_and_a_group_that_gives_nothing_is_counted() -> None:
    found = forecast(waiting({"debounce": "1m"}), waiting({"accumulate": {"within": "1m", "at_least": 3}}), BURST)
    assert (
        only(found).reasons.ordered()
        == [
            ("another event of its group is the one that it fires for", 0),
            ("too few events came within its window", 2),
        ][1:]
    )
    assert [one.head.lapsed for one in found.shifts()] == [2]
    late = forecast(catalog_with(page={}), waiting({"debounce": "1m"}), BURST[3:])
    assert only(late).reasons.ordered() == [("its throttle lets the event wait, and the events end before", 1)]


def test_of_triggers_without_an_event_nothing_is_known() -> None:
    push: JsonObject = {"trigger": "github.push", "input": {"text": "x"}}
    base, head = catalog_with(page={}, push=push), catalog_with(page={}, push=push | {"enabled": False})
    assert forecast(base, head, [event(1)]).unseen() == ["github.push"]
    assert forecast(base, head, []).unseen() == ["github.push", "web.alert"]
    assert forecast(head, head, [event(1)]).unseen() == []


CATALOGS = [
    catalog_with(page={}, restart=RESTART),
    catalog_with(page={"when": 'event.data.unit == "a"'}, restart=RESTART | {"throttle": {"once_within": "5m"}}),
    catalog_with(restart=RESTART | {"throttle": {"once_within": "1m", "key": "${{ event.data.unit }}"}}),
    catalog_with(
        page={"throttle": {"debounce": "1m", "key": "${{ event.data.unit }}"}}, restart=RESTART | {"throttle": {"debounce": "5m"}}
    ),
    catalog_with(
        page={"throttle": {"accumulate": {"within": "5m", "at_least": 2, "at_most": 3}}, "when": "events.exists(e, e.data.unit == 'a')"},
        restart=RESTART | {"throttle": {"absence": {"of": "web.alert", "within": "1m"}, "key": "${{ event.data.unit }}"}},
    ),
    catalog_with(page={"when": "event.data.since > 1"}, restart=RESTART | {"input": {"unit": "${{ event.data.host }}"}}),
]
EVENTS = st.lists(
    st.tuples(st.sampled_from(["a", "b", "NO FIT"]), st.sampled_from([0.0, 30.0, 60.0, 299.0, 300.0]), st.sampled_from([None, 1, 2, "x"])),
    max_size=12,
)


@given(base=st.sampled_from(CATALOGS), head=st.sampled_from(CATALOGS), steps=EVENTS)
def test_backwards_what_appears_vanishes_and_a_catalog_does_not_differ_from_itself(
    base: Catalog, head: Catalog, steps: list[tuple[str, float, JsonValue]]
) -> None:
    events, now = [], 1000.0
    for number, (unit, pause, since) in enumerate(steps):
        now += pause
        events.append(event(number, ALERT | {"unit": unit} | ({"since": since} if since is not None else {}), at=now))
    there, back = forecast(base, head, events), forecast(head, base, events)
    assert there.totals()[Kind.APPEAR] == back.totals()[Kind.VANISH]
    assert there.totals()[Kind.CHANGE] == back.totals()[Kind.CHANGE]
    assert there.turned(deliverable=True) == back.turned(deliverable=False)
    assert [(one.rule, one.base, one.head) for one in there.shifts()] == [(one.rule, one.head, one.base) for one in back.shifts()]
    assert not forecast(base, base, events).differs()


def test_a_place_is_written_as_people_write_it() -> None:
    assert place_text(("input", "items", 0, "name")) == "input.items[0].name"
