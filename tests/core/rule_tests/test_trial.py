"""One rule tried on one event, where its throttle lets events wait: what would come of a group of this event alone, and when."""

import pytest

from attune_core.rule_tests.trial import Trial, try_rule
from attune_core.values import JsonObject
from tests.core.rules.repositories import catalog_with, event


def tried(**keys: object) -> Trial:
    rule: JsonObject = {"throttle": {"debounce": "2m", "key": "${{ event.data.unit }}"}}
    catalog = catalog_with(page=rule | {name: value for name, value in keys.items() if isinstance(value, str | dict)})
    return try_rule(catalog.rules["web.page"], event(1), catalog)


def test_it_fires_when_the_time_has_passed_with_nothing_else() -> None:
    found = tried()
    assert (found.fires, found.waits, found.throttle_key) == (True, 120.0, '"web_1"')


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"when": "events.size() > 1"}, "its condition does not hold"),
        ({"throttle": {"accumulate": {"within": "5m", "at_least": 3}}}, "1 of at least 3 events came"),
    ],
)
def test_it_says_why_a_group_of_this_event_alone_gives_nothing(keys: JsonObject, reason: str) -> None:
    found = tried(**keys)
    assert (found.fires, found.reason) == (False, reason)
    assert found.execution is not None, "what it would give is shown all the same"


def test_each_clause_is_shown_those_about_all_events_too() -> None:
    found = tried(when='event.data.severity == "high" && events.size() == 1')
    assert [(one.clause.source, one.clause.value) for one in found.clauses] == [
        ('event.data.severity == "high"', True),
        ("events.size() == 1", True),
    ]
