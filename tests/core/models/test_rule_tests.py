"""What a rule test's document takes beside what the cases of `attune validate` show."""

import pytest
from pydantic import ValidationError

from attune_core.models.rule_test import GivenEvent, RuleTestDocument
from attune_core.rules.completions import is_completion, whole_data


def test_a_moment_is_read_with_its_zone_and_a_distance_with_its_unit() -> None:
    assert GivenEvent.model_validate({"trigger": "a.b", "at": "1970-01-01T01:00:00+01:00"}).at == 0
    assert GivenEvent.model_validate({"trigger": "a.b", "after": "1m30s"}).after == 90


@pytest.mark.parametrize("at", ["yesterday", "2026-01-01T00:00:00", "9999-99-99T00:00:00Z", 5, None, "1" * 100])
def test_what_is_no_moment_is_refused(at: object) -> None:
    if at is None:
        assert GivenEvent.model_validate({"trigger": "a.b"}).at is None
        return
    with pytest.raises(ValidationError, match="moment"):
        GivenEvent.model_validate({"trigger": "a.b", "at": at})


def test_a_case_that_expects_nothing_says_so() -> None:
    event = {"trigger": "a.b"}
    RuleTestDocument.model_validate({"description": "x", "cases": [{"name": "a", "events": [event], "expect": []}]})
    with pytest.raises(ValidationError, match="a case says what it expects"):
        RuleTestDocument.model_validate({"description": "x", "cases": [{"name": "a", "events": [event]}]})


def test_a_completion_needs_only_what_differs_from_a_success() -> None:
    assert is_completion("web.restart.completed")
    assert not is_completion("web.completed")
    succeeded = whole_data("web.restart.completed", {"result": {"active": True}})
    assert (succeeded["action"], succeeded["outcome"], succeeded["exit_code"]) == ("web.restart", "succeeded", 0)
    assert succeeded["result"] == {"active": True}
    assert whole_data("web.restart.completed", {"outcome": "lost"})["exit_code"] is None
