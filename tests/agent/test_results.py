"""From how an attempt ended to its outcome and reason, and to whether another attempt follows."""

import dataclasses

import pytest

from attune_agent.host import Ended, How, Limit, Result, ResultSource, ResultState
from attune_agent.results import RESULT_LIMIT, Ending, ResultRules, judge, next_delay
from attune_core.json_schema import SchemaValidator
from attune_core.states import Outcome, Reason
from attune_core.wire.assignment import Retry

SCHEMA = SchemaValidator(
    {"type": "object", "properties": {"active": {"type": "boolean"}}, "required": ["active"], "additionalProperties": False}
)
DECLARED = ResultRules(required=True, validator=SCHEMA)
ENDED = Ended(
    execution="e",
    attempt=1,
    how=How.EXITED,
    exit_code=0,
    signal=None,
    detail="",
    result=Result(state=ResultState.MISSING),
    stdout_bytes=0,
    stderr_bytes=0,
    log_directory="/logs",
    started_at=1.0,
    ended_at=2.0,
    duration=1.0,
)


def ended(
    how: How = How.EXITED,
    *,
    code: int | None = 0,
    signal: int | None = None,
    body: bytes | None = None,
    state: ResultState | None = None,
    detail: str = "",
) -> Ended:
    found = state or (ResultState.MISSING if body is None else ResultState.OK)
    return dataclasses.replace(ENDED, how=how, exit_code=code, signal=signal, detail=detail, result=Result(state=found, body=body or b""))


def judged(one: Ended, rules: ResultRules = ResultRules(), cancel: Reason | None = None) -> Ending:  # noqa: B008 - frozen
    return judge(one, rules, cancel=cancel)


def test_exit_zero_without_a_result_succeeds() -> None:
    assert judged(ended()) == Ending(outcome=Outcome.SUCCEEDED, exit_code=0)


@pytest.mark.parametrize(("how", "code", "signal"), [(How.EXITED, 9, None), (How.SIGNALLED, None, 9)])
@pytest.mark.parametrize("limit", [Limit.MEMORY, Limit.PROCESSES])
def test_a_failure_at_a_limit_is_explained_by_it(how: How, code: int | None, signal: int | None, limit: Limit) -> None:
    found = judged(dataclasses.replace(ended(how, code=code, signal=signal), limit=limit))
    assert (found.outcome, found.reason, found.exit_code, found.signal) == (Outcome.FAILED, Reason.RESOURCE_LIMIT, code, signal)
    assert f"limit of {limit}" in found.detail


def test_a_limit_explains_neither_a_success_nor_an_end_from_outside() -> None:
    assert judged(dataclasses.replace(ended(), limit=Limit.MEMORY)).outcome is Outcome.SUCCEEDED
    for how, outcome in ((How.TIMED_OUT, Outcome.TIMED_OUT), (How.CANCELLED, Outcome.CANCELLED)):
        found = judged(dataclasses.replace(ended(how, code=None, signal=9), limit=Limit.MEMORY))
        assert (found.outcome, found.reason is Reason.RESOURCE_LIMIT) == (outcome, False)


@pytest.mark.parametrize("code", [1, 3, 126, 127, 255])
def test_any_other_exit_code_fails_with_it(code: int) -> None:
    found = judged(ended(code=code, body=b'{"active": true}'), DECLARED)
    assert (found.outcome, found.reason, found.exit_code, found.result) == (Outcome.FAILED, Reason.EXIT_CODE, code, None)


def test_a_signal_fails_with_its_number() -> None:
    found = judged(ended(How.SIGNALLED, code=None, signal=11))
    assert (found.outcome, found.reason, found.signal, found.exit_code) == (Outcome.FAILED, Reason.SIGNAL, 11, None)


def test_a_timeout_is_an_outcome_of_its_own() -> None:
    assert judged(ended(How.TIMED_OUT, code=None, signal=9)).outcome is Outcome.TIMED_OUT


def test_a_cancelled_one_has_the_reason_of_its_cancellation() -> None:
    assert judged(ended(How.CANCELLED, code=None), cancel=Reason.REMOVED).reason is Reason.REMOVED
    assert judged(ended(How.CANCELLED, code=None)).reason is Reason.OPERATOR


def test_one_that_came_to_its_end_before_the_cancellation_keeps_its_end() -> None:
    assert judged(ended(), cancel=Reason.OPERATOR).outcome is Outcome.SUCCEEDED


def test_what_cannot_be_executed_says_the_host_s_words() -> None:
    found = judged(ended(How.NOT_EXECUTABLE, code=None, detail="No such file or directory: 'nope'"))
    assert (found.outcome, found.reason, found.detail) == (Outcome.FAILED, Reason.NOT_EXECUTABLE, "No such file or directory: 'nope'")


def test_a_dead_executor_means_lost() -> None:
    found = judged(ended(How.LOST, code=None, detail="executor_died"))
    assert (found.outcome, found.reason) == (Outcome.LOST, Reason.EXECUTOR_DIED)


def test_a_fitting_result_is_kept() -> None:
    assert judged(ended(body=b'{"active": true}'), DECLARED).result == {"active": True}


def test_a_result_without_a_declaration_is_taken_when_it_is_json() -> None:
    assert judged(ended(body=b"[1, 2]")).result == [1, 2]


def test_null_is_a_result_and_no_missing_one() -> None:
    rules = ResultRules(required=True, validator=SchemaValidator({"type": "null"}))
    assert judged(ended(body=b"null"), rules).outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b'{"active": 1}',
        b"{}",
        b'{"active": true, "active": true}',
        b'{"active": NaN}',
        b"\xff\xfe",
        b"[" * 100 + b"]" * 100,
        b"[" * 100_000,
        b'"\\ud800"',
        b'{"active": true} {}',
        b'{"n": 99999999999999999999}',
    ],
)
def test_an_invalid_result_fails_although_the_exit_code_is_zero(body: bytes) -> None:
    found = judged(ended(body=body), DECLARED)
    assert (found.outcome, found.reason, found.exit_code, found.result) == (Outcome.FAILED, Reason.RESULT_INVALID, 0, None)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (ResultState.NOT_REGULAR, Reason.RESULT_INVALID),
        (ResultState.TOO_LARGE, Reason.RESULT_TOO_LARGE),
        (ResultState.MISSING, Reason.RESULT_INVALID),
    ],
)
def test_a_declared_result_that_is_no_file_or_too_large_or_missing_fails(state: ResultState, reason: Reason) -> None:
    assert judged(ended(state=state), DECLARED).reason is reason


def test_stdout_as_the_result_must_be_json() -> None:
    rules = ResultRules(source=ResultSource.STDOUT, required=True)
    assert judged(ended(body=b'{"a": 1}\n'), rules).result == {"a": 1}
    assert judged(ended(body=b""), rules).reason is Reason.RESULT_INVALID


@pytest.mark.parametrize(
    "body", [b'{"active": "canary-7731"}', b'{"canary-7731": 1, "canary-7731": 2}', b'{"canary-7731": 1}', b"canary-7731"]
)
def test_no_detail_repeats_what_the_action_wrote(body: bytes) -> None:
    assert "canary" not in judged(ended(body=body), DECLARED).detail


def test_a_detail_says_where_a_result_does_not_fit() -> None:
    assert "/active (type)" in judged(ended(body=b'{"active": 1}'), DECLARED).detail


def test_a_detail_is_bounded_and_safe_to_show() -> None:
    found = judged(ended(How.NOT_EXECUTABLE, code=None, detail="\x1b[31m" + "x" * 10_000))
    assert len(found.detail) <= 2048
    assert "\x1b" not in found.detail


def test_the_size_bound_is_the_one_that_is_promised() -> None:
    assert RESULT_LIMIT == 1 << 20


RETRY = Retry(
    maximum_attempts=4, after=(Outcome.FAILED, Outcome.TIMED_OUT), initial_interval=2.0, backoff_coefficient=3.0, maximum_interval=10.0
)


@pytest.mark.parametrize(("attempt", "delay"), [(1, 2.0), (2, 6.0), (3, 10.0), (4, None), (5, None)])
def test_pauses_grow_to_their_bound_and_attempts_end(attempt: int, delay: float | None) -> None:
    assert next_delay(RETRY, attempt=attempt, outcome=Outcome.FAILED) == delay


@pytest.mark.parametrize("outcome", [Outcome.SUCCEEDED, Outcome.CANCELLED, Outcome.REJECTED, Outcome.LOST])
def test_only_listed_outcomes_are_tried_again(outcome: Outcome) -> None:
    assert next_delay(RETRY, attempt=1, outcome=outcome) is None


def test_lost_is_tried_again_only_when_it_is_listed() -> None:
    assert next_delay(Retry(maximum_attempts=2, after=(Outcome.LOST,)), attempt=1, outcome=Outcome.LOST) == 1.0


def test_no_policy_overflows_a_number() -> None:
    retry = Retry(maximum_attempts=1000, after=(Outcome.FAILED,), backoff_coefficient=100.0, maximum_interval=60.0)
    assert next_delay(retry, attempt=999, outcome=Outcome.FAILED) == 60.0


HIDING = SchemaValidator(
    {
        "type": "object",
        "properties": {"user": {"type": "string"}, "password": {"type": "string", "minLength": 4, "secret": True}},
        "required": ["password"],
    }
)


def test_a_field_that_the_schema_marks_is_masked_after_it_was_checked() -> None:
    rules = ResultRules(required=True, validator=HIDING, hides=True)
    assert judged(ended(body=b'{"user": "u", "password": "hunter2"}'), rules).result == {"user": "u", "password": "***"}
    found = judged(ended(body=b'{"user": "u", "password": "abc"}'), rules)
    assert (found.reason, found.result) == (Reason.RESULT_INVALID, None)
    assert "/password (minLength)" in found.detail
    assert "abc" not in found.detail


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 10_000 + b"]" * 10_000,
        b"[" * 500_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b'{"a": 1, "a": 1}',
        b'{"a": {"b": 1, "b": 2}}',
        b'{"a": 1',
        b'{"a": 1} {"b": 2}',
        b"",
        b" ",
        b"\xef\xbb\xbf{}",
        b'{"a": "\\ud800"}',
        b'{"a": 1e400}',
        b'"\x00"',
        b"[" + b"1," * 10_000 + b"1]",
    ],
)
def test_a_result_that_is_not_strict_json_within_its_bounds_is_invalid(body: bytes) -> None:
    found = judged(ended(body=body))
    assert (found.outcome, found.reason, found.result) == (Outcome.FAILED, Reason.RESULT_INVALID, None)


def test_the_bounds_themselves_are_taken() -> None:
    assert judged(ended(body=b"[" * 64 + b"]" * 64)).outcome is Outcome.SUCCEEDED
    assert judged(ended(body=b"[" * 65 + b"]" * 65)).reason is Reason.RESULT_INVALID
    assert judged(ended(body=b"[" + b"1," * 9_999 + b"1]")).outcome is Outcome.SUCCEEDED
