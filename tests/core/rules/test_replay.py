"""Replay: recorded events do under a catalog what they would have done at a controller, throttles included."""

import pytest

from attune_core.catalog.catalog import Catalog
from attune_core.rules.firing import Failed, Fired, Firing, Rejected, Throttled
from attune_core.rules.replay import Replay, Replayed
from attune_core.rules.requests import REQUESTED
from attune_core.values import JsonObject, JsonValue
from tests.core.rules.repositories import ALERT, catalog_with, event

RESTART: JsonObject = {
    "action": "web.restart",
    "input": {"unit": "${{ event.data.unit }}", "token": "${{ secrets.web_token }}"},
    "agents": {"match": {"role": "web", "host": "${{ event.data.host }}"}, "pick": "all"},
}


def take(catalog: Catalog, data: JsonValue = None, kind: str = "web.alert") -> Replayed:
    return Replay(catalog).take(event(1, data, kind=kind))


def outcomes(firings: list[Firing]) -> list[str]:
    return [type(one).__name__ for one in firings]


def test_a_rule_that_fires_gives_action_input_names_of_secrets_labels_and_key() -> None:
    (fired,) = take(catalog_with(restart=RESTART)).firings
    assert isinstance(fired, Fired)
    assert (fired.rule, fired.action.ref, fired.pick) == ("web.restart", "web.restart", "all")
    assert fired.filled.input == {"unit": "web_1", "tries": 3}
    assert fired.filled.secrets == {"token": "web_token"}
    assert fired.filled.match == {"role": "web", "host": "h7"}
    assert fired.filled.key == '"web_1"'


def test_a_rule_whose_condition_does_not_hold_is_in_no_firing_and_its_first_false_clause_is_there_to_ask() -> None:
    catalog = catalog_with(loud={"when": 'event.data.severity == "high" && event.data.unit == "db" && event.data.host == "h8"'})
    replayed = take(catalog)
    assert not replayed.firings
    rule = catalog.rules["web.loud"]
    assert [(clause.source, clause.value) for clause in replayed.clauses(rule)] == [
        ('event.data.severity == "high"', True),
        ('event.data.unit == "db"', False),
        ('event.data.host == "h8"', False),
    ]
    untrue = replayed.first_untrue(rule)
    assert untrue is not None
    assert untrue.source == 'event.data.unit == "db"'


def test_a_false_clause_is_the_reason_beside_one_that_failed_before_it() -> None:
    catalog = catalog_with(old={"when": 'event.data.since > 5 && event.data.unit == "db"'})
    replayed = take(catalog)
    assert not replayed.firings, "false decides"
    untrue = replayed.first_untrue(catalog.rules["web.old"])
    assert untrue is not None
    assert untrue.source == 'event.data.unit == "db"'
    assert "since" in replayed.clauses(catalog.rules["web.old"])[0].error


def test_a_condition_that_fails_is_a_firing_of_its_own() -> None:
    catalog = catalog_with(old={"when": "event.data.since > 5"})
    (failed,) = take(catalog).firings
    assert isinstance(failed, Failed)
    assert "since" in failed.error
    untrue = take(catalog).first_untrue(catalog.rules["web.old"])
    assert untrue is not None
    assert untrue.error


def test_what_does_not_fit_the_parameters_is_rejected_and_takes_no_throttle() -> None:
    replay = Replay(catalog_with(restart=RESTART | {"throttle": {"once_within": "5m"}}))
    (rejected,) = replay.take(event(1, ALERT | {"unit": "NOT FIT"})).firings
    assert isinstance(rejected, Rejected)
    assert "NOT FIT" in rejected.error
    assert outcomes([*replay.take(event(2)).firings]) == ["Fired"]


def test_rules_come_in_the_order_of_their_names_and_disabled_ones_not_at_all() -> None:
    catalog = catalog_with(b={}, a={}, off={"enabled": False})
    assert [one.rule for one in take(catalog).firings] == ["web.a", "web.b"]


def test_the_first_of_a_window_fires_and_the_window_does_not_slide() -> None:
    replay = Replay(catalog_with(page={"throttle": {"once_within": "5m"}}))
    seen = [(at, outcomes([*replay.take(event(at, at=float(at))).firings])) for at in (0, 299, 300, 301, 599, 601)]
    assert seen == [(0, ["Fired"]), (299, ["Throttled"]), (300, ["Fired"]), (301, ["Throttled"]), (599, ["Throttled"]), (601, ["Fired"])]


def test_a_clock_that_steps_back_inside_the_window_fires_nothing_twice_and_far_outside_it_fires_again() -> None:
    replay = Replay(catalog_with(page={"throttle": {"once_within": "5m"}}))
    assert outcomes([*replay.take(event(1, at=1000.0)).firings]) == ["Fired"]
    (throttled,) = replay.take(event(2, at=900.0)).firings
    assert throttled == Throttled(rule="web.page", until=1300.0)
    assert outcomes([*replay.take(event(3, at=100.0)).firings]) == ["Fired"]


def test_each_key_has_a_window_of_its_own() -> None:
    replay = Replay(catalog_with(page={"throttle": {"once_within": "5m", "key": "${{ event.data.unit }}"}}))
    seen = [outcomes([*replay.take(event(number, ALERT | {"unit": unit})).firings]) for number, unit in enumerate(["a", "b", "a"])]
    assert seen == [["Fired"], ["Fired"], ["Throttled"]]


@pytest.mark.parametrize("key", ["${{ event.data.since }}", "${{ event.data.unit }}" * 50])
def test_a_throttle_whose_key_has_no_value_or_is_too_long_rejects(key: str) -> None:
    (rejected,) = take(catalog_with(page={"throttle": {"once_within": "5m", "key": key}}), ALERT | {"unit": "x" * 100}).firings
    assert isinstance(rejected, Rejected)
    assert "throttle.key" in rejected.error


def test_throttles_of_rules_do_not_touch_each_other() -> None:
    throttle: JsonObject = {"throttle": {"once_within": "5m"}}
    assert outcomes([*take(catalog_with(a=throttle, b=throttle)).firings]) == ["Fired", "Fired"]


def test_what_throttles_remember_is_bounded_by_their_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attune_core.rules.throttling.ROOM", 10)
    replay = Replay(catalog_with(page={"throttle": {"once_within": "1s", "key": "${{ event.id }}"}}))
    for number in range(500):
        replay.take(event(number, at=float(number)))
    assert len(replay._throttles._last) <= 12


@pytest.mark.parametrize(
    ("kind", "data", "reason"),
    [
        ("web.alarm", ALERT, "no trigger web.alarm is declared"),
        ("web.alert", {"unit": 7}, "does not fit the trigger's schema"),
        (REQUESTED, {"action": "web.stop"}, "there is no action web.stop"),
        (REQUESTED, {"action": "web.restart", "input": {"unit": "NO"}}, "unit"),
    ],
)
def test_an_event_that_would_be_a_dead_letter_fires_nothing_and_says_why(kind: str, data: JsonValue, reason: str) -> None:
    replayed = take(catalog_with(page={}), data, kind)
    assert reason in replayed.undeliverable
    assert not replayed.firings


def test_a_manual_run_is_replayed_as_the_execution_that_it_asked_for() -> None:
    (fired,) = take(catalog_with(), {"action": "web.restart", "input": {"unit": "db"}, "match": {"name": "b"}}, REQUESTED).firings
    assert isinstance(fired, Fired)
    assert (fired.rule, fired.filled.input, fired.filled.match) == ("", {"unit": "db", "tries": 3}, {"name": "b"})


def test_a_completion_fires_the_rules_on_it_and_one_of_a_removed_action_nothing() -> None:
    catalog = catalog_with(lost={"trigger": "web.restart.completed", "input": {"text": "${{ event.data.outcome }}"}})
    assert outcomes([*take(catalog, {"outcome": "lost"}, "web.restart.completed").firings]) == ["Fired"]
    gone = take(catalog, {"outcome": "lost"}, "web.stop.completed")
    assert (gone.firings, gone.undeliverable) == ([], "")


def test_the_time_of_an_event_is_the_text_that_the_controller_gives() -> None:
    (fired,) = take(catalog_with(page={"input": {"text": "${{ event.time }}"}})).firings
    assert isinstance(fired, Fired)
    assert fired.filled.input["text"] == "1970-01-01T00:16:40.000000Z"
