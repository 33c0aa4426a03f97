"""A case passes exactly if each rule that it names fires as often, with the values and for the reasons that it says."""

import pytest

from attune_core.rule_tests.judging import Failure, Verdict
from tests.core.rule_tests.repository import alert, load_with


def judge_one(events: list[str], expected: str) -> Verdict:
    lines = "".join(f"      - {event}\n" for event in events)
    (verdict,) = load_with(f"  - name: x\n    events:\n{lines}{expected}").verdicts()
    return verdict


def only(verdict: Verdict) -> Failure:
    (failure,) = verdict.failures
    return failure


RESTART = (
    "{rule: web.restart_on_alert, action: web.restart, input: {unit: web_1, token: '${{secrets.web_token}}'}, agents: {role: web, host: h1}"
)


def test_an_execution_is_as_expected_with_its_defaults_secrets_labels_and_key() -> None:
    verdict = judge_one([alert("high")], f"    expect:\n      - {RESTART}, key: web_1}}")
    assert verdict.passed
    assert verdict.fired == ("web.restart_on_alert",)


def test_what_is_left_out_is_not_looked_at() -> None:
    assert judge_one([alert("high")], "    expect: [{rule: web.restart_on_alert}]").passed


def test_a_difference_is_named_field_by_field_with_both_values() -> None:
    expected = "{rule: web.restart_on_alert, action: web.page, input: {unit: web_2, tries: 4}, agents: {role: web, zone: a}, key: web_2}"
    failure = only(judge_one([alert("high")], f"    expect:\n      - {expected}"))
    assert failure.place == ("expect", 0)
    assert {one.place: (one.expected, one.actual) for one in failure.differences} == {
        ("action",): ('"web.page"', '"web.restart"'),
        ("input", "unit"): ('"web_2"', '"web_1"'),
        ("input", "tries"): ("4", "3"),
        ("input", "token"): ("", '"${{ secrets.web_token }}"'),
        ("agents", "zone"): ('"a"', ""),
        ("agents", "host"): ("", '"h1"'),
        ("key",): ('"web_2"', '"web_1"'),
    }


def test_a_default_that_a_rule_overrides_has_to_be_written() -> None:
    event = "{trigger: web.alert, data: {unit: db, severity: low, host: h1, since: 11}}"
    failure = only(judge_one([event], "    expect: [{rule: web.narrow, input: {unit: db}}]"))
    assert [(one.place, one.expected, one.actual) for one in failure.differences] == [(("input", "tries"), "3", "5")]


def test_a_rule_that_does_not_fire_says_the_clause_and_what_stands_in_its_fields() -> None:
    failure = only(judge_one([alert("low")], "    expect: [{rule: web.restart_on_alert}]"))
    (unfired,) = failure.unfired
    assert unfired.quiet.because == 'event.data.severity in ["critical", "high"]'
    assert [(one.source, one.value) for one in unfired.quiet.fields] == [("event.data.severity", "low")]


def test_a_field_that_is_not_there_is_told_from_null() -> None:
    failure = only(judge_one([alert("low")], "    expect: [{rule: web.narrow}]"))
    (unfired,) = failure.unfired
    assert unfired.quiet.because == "has(event.data.since)"
    assert [(one.source, one.is_there) for one in unfired.quiet.fields] == [("event.data.since", False)]


def test_the_second_firing_within_the_window_is_throttled_and_the_first_after_it_is_not() -> None:
    events = [alert("critical"), alert("critical", after="4m59s"), alert("critical", "db"), alert("critical", after="1s")]
    expected = """    expect:
      - {rule: web.throttled, event: 1}
      - {rule: web.throttled, event: 3, input: {text: db}}
      - {rule: web.throttled, event: 4}
    expect_none:
      - {rule: web.throttled, event: 2, because: throttled}
"""
    assert judge_one(events, expected).passed


def test_a_moment_may_be_written_out() -> None:
    events = [alert("critical", at='"2026-01-01T00:00:00Z"'), alert("critical", at='"2026-01-01T01:04:00+01:00"')]
    assert judge_one(events, "    expect:\n      - {rule: web.throttled, event: 1}\n").passed


@pytest.mark.parametrize(
    ("event", "rule", "because"),
    [
        (alert("low"), "web.restart_on_alert", '\'event.data.severity   in ["critical", "high"]\''),
        (alert("high", "db"), "web.restart_on_alert", "'event.data.unit.startsWith(\"web_\")'"),
        (alert("high"), "web.off", "disabled"),
        ("{trigger: web.alert, data: {unit: NO, severity: low, host: h1, since: 11}}", "web.narrow", "input_invalid"),
    ],
)
def test_a_silence_has_its_reason(event: str, rule: str, because: str) -> None:
    assert judge_one([event], f"    expect_none: [{{rule: {rule}, because: {because}}}]").passed
    failure = only(judge_one([event], f"    expect_none: [{{rule: {rule}, because: throttled}}]"))
    assert "another reason" in failure.message
    assert failure.differences[0].expected == '"throttled"'


def test_a_rule_of_another_trigger_cannot_be_silent_for_a_reason() -> None:
    failure = only(judge_one([alert("low")], "    expect_none: [{rule: rules.page_when_lost, because: throttled}]"))
    assert "no event of the case" in failure.message
    assert judge_one([alert("low")], "    expect_none: [{rule: rules.page_when_lost}]").passed


def test_a_rule_fires_as_often_as_expected_and_not_once_more() -> None:
    once = "    expect: [{rule: web.restart_on_alert}]"
    assert judge_one([alert("high")], once).passed
    assert "fires for event 2 as well" in only(judge_one([alert("high"), alert("critical")], once)).message
    assert "fires for event 1" in only(judge_one([alert("high")], "    expect_none: [{rule: web.restart_on_alert}]")).message


def test_a_rule_that_is_not_named_is_not_judged_unless_none_is() -> None:
    assert judge_one([alert("critical")], "    expect: [{rule: web.throttled}]").passed
    verdict = judge_one([alert("critical")], "    expect: []")
    assert [failure.message.split("`")[1] for failure in verdict.failures] == ["web.restart_on_alert", "web.throttled"]
    invalid = "{trigger: web.alert, data: {unit: NO, severity: low, host: h1, since: 11}}"
    assert "its input does not fit" in only(judge_one([invalid], "    expect: []")).message
    assert judge_one([alert("low")], "    expect: []").passed


def test_an_expectation_finds_the_event_that_it_names_and_the_others_take_what_is_left_in_order() -> None:
    events = [alert("high", "web_1"), alert("high", "web_2"), alert("high", "web_3")]
    expected = """    expect:
      - {rule: web.restart_on_alert, key: web_1}
      - {rule: web.restart_on_alert, key: web_3}
      - {rule: web.restart_on_alert, event: 2, key: web_2}
"""
    assert judge_one(events, expected).passed
    assert (
        "does not fire for event 2"
        in only(
            judge_one([alert("high"), alert("low")], "    expect: [{rule: web.restart_on_alert}, {rule: web.restart_on_alert, event: 2}]")
        ).message
    )


def test_completions_are_events_too_and_only_what_matters_is_given() -> None:
    lost = "{trigger: web.restart.completed, data: {outcome: lost, agent: h1}}"
    assert judge_one([lost], '    expect: [{rule: rules.page_when_lost, input: {text: "web.restart on h1: lost"}}]').passed
    fine = "{trigger: web.restart.completed, data: {result: {active: true}}}"
    assert judge_one([fine], '    expect_none: [{rule: rules.page_when_lost, because: event.data.outcome != "succeeded"}]').passed


QUIET = [alert("high", "quiet"), alert("high", "quiet", after="1m")]
FIRES = "rule: web.quiet, event: 2, input: {text: quiet}"


def test_a_rule_whose_events_wait_fires_later_for_the_last_of_them() -> None:
    expected = f"    advance: 5m\n    expect: [{{{FIRES}, after: 5m, at: '2026-01-01T00:06:00Z'}}]\n"
    assert judge_one(QUIET, expected + "    expect_none: [{rule: web.quiet, event: 1, because: gathered}]").passed


def test_the_wrong_moment_is_said_as_one() -> None:
    failure = only(judge_one(QUIET, f"    advance: 5m\n    expect: [{{{FIRES}, after: 4m, at: '2026-01-01T00:05:00Z'}}]\n"))
    assert [(one.place, one.expected, one.actual) for one in failure.differences] == [
        (("at",), '"2026-01-01T00:05:00.000000Z"', '"2026-01-01T00:06:00.000000Z"'),
        (("after",), '"4m"', '"5m"'),
    ]


def test_what_still_waits_when_the_case_ends_says_so() -> None:
    failure = only(judge_one(QUIET, f"    advance: 4m\n    expect: [{{{FIRES}}}]\n"))
    assert [(one.event, one.quiet.because) for one in failure.unfired] == [(2, "waiting")]
    assert "advance" in failure.unfired[0].quiet.detail


def test_a_clause_about_all_events_is_the_reason_of_a_group_that_gave_nothing() -> None:
    assert judge_one(QUIET[:1], "    advance: 5m\n    expect_none: [{rule: web.quiet, because: events.size() > 1}]").passed
