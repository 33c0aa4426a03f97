"""How an attempt's end is judged: from exit code, signal and Result to Outcome and Reason, and whether another attempt follows. Pure.

Called by `attempt` with what the executor says. No text made here holds output of the action: it goes into stores and to people.
"""

import json
from dataclasses import dataclass, field, replace
from typing import Protocol

from attune_agent.host import Ended, How, Limit, Result, ResultSource, ResultState
from attune_agent.masks import mask_texts
from attune_core.back_off import back_off
from attune_core.json_schema import Misfit
from attune_core.safe_text import safe_text
from attune_core.secret_fields import mask_fields
from attune_core.states import Outcome, Reason
from attune_core.values import JsonLimits, JsonRefused, JsonValue, parse_json
from attune_core.wire.assignment import Retry

#: Characters of a report's detail; the frame takes 2048.
DETAIL = 2000
#: Bytes of a Result, and how deep it may be nested (reliability.md §1.5).
RESULT_LIMIT = 1 << 20


class Validator(Protocol):
    """A compiled schema of the Result."""

    @property
    def schema(self) -> dict[str, JsonValue]:
        """The schema it was made of."""
        ...

    def misfits(self, value: JsonValue, *, limit: int = 8) -> tuple[Misfit, ...]:
        """Return what does not fit."""
        ...


@dataclass(frozen=True, kw_only=True)
class ResultRules:
    """What the action's document says of its Result."""

    source: ResultSource = ResultSource.FILE
    #: A schema is declared, or the Result is all that stdout holds: then there must be one.
    required: bool = False
    validator: Validator | None = None
    #: The schema marks fields as secret.
    hides: bool = False
    #: Every form of this attempt's secrets.
    masks: tuple[bytes, ...] = field(default=(), repr=False)


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What an attempt ended with, as it is reported."""

    outcome: Outcome
    reason: Reason | None = None
    detail: str = ""
    exit_code: int | None = None
    signal: int | None = None
    result: JsonValue = None
    #: No policy tries it again.
    final: bool = False


def judge(ended: Ended, rules: ResultRules, *, cancel: Reason | None) -> Ending:
    """Return the ending; `cancel` is the reason of a cancel frame for it, if there was one. Not for How.NOT_STARTED."""
    return replace(_ending(ended, rules, cancel), exit_code=ended.exit_code, signal=ended.signal)


def _ending(ended: Ended, rules: ResultRules, cancel: Reason | None) -> Ending:
    match ended.how:
        case How.EXITED:
            failed = _failed(ended, Reason.EXIT_CODE, f"ended with exit code {ended.exit_code}")
            return failed if ended.exit_code else _judge_result(ended.result, rules)
        case How.SIGNALLED:
            return _failed(ended, Reason.SIGNAL, f"ended by signal {ended.signal}")
        case How.TIMED_OUT:
            return Ending(outcome=Outcome.TIMED_OUT, detail=f"was not over within its time limit ({ended.duration:.1f} s in all)")
        case How.CANCELLED:
            detail = "was running when it was cancelled; no process of it is left"
            return Ending(outcome=Outcome.CANCELLED, reason=cancel or Reason.OPERATOR, detail=detail)
        case How.NOT_EXECUTABLE:
            return Ending(outcome=Outcome.FAILED, reason=Reason.NOT_EXECUTABLE, detail=for_people(ended.detail))
        case How.NOT_STARTED | How.LOST:
            return Ending(outcome=Outcome.LOST, reason=Reason.EXECUTOR_DIED, detail=for_people(ended.detail))


def _failed(ended: Ended, reason: Reason, detail: str) -> Ending:
    """Return the failure: one that hit a limit is explained by that."""
    if ended.limit is Limit.NONE:
        return Ending(outcome=Outcome.FAILED, reason=reason, detail=detail)
    return Ending(outcome=Outcome.FAILED, reason=Reason.RESOURCE_LIMIT, detail=f"hit its limit of {ended.limit.value}, {detail}")


def next_delay(retry: Retry, *, attempt: int, outcome: Outcome) -> float | None:
    """Return after how many seconds another attempt follows the `attempt`-th (from 1), None if none does."""
    if outcome not in retry.after or attempt >= retry.maximum_attempts:
        return None
    return back_off(retry, attempt)


def for_people(text: str) -> str:
    """Return a text that fits into a report's detail."""
    return safe_text(text, limit=DETAIL)


def _judge_result(result: Result, rules: ResultRules) -> Ending:
    match result.state:
        case ResultState.MISSING:
            if rules.required:
                return _invalid("the action declares a result and wrote none")
            return Ending(outcome=Outcome.SUCCEEDED)
        case ResultState.NOT_REGULAR:
            return _invalid("what stands at ATTUNE_RESULT is not a regular file")
        case ResultState.TOO_LARGE:
            return Ending(outcome=Outcome.FAILED, reason=Reason.RESULT_TOO_LARGE, detail=f"the result has more than {RESULT_LIMIT} bytes")
        case ResultState.OK:
            return _judge_body(result.body, rules)


def _judge_body(body: bytes, rules: ResultRules) -> Ending:
    try:
        value = mask_texts(parse_json(body, JsonLimits(size=RESULT_LIMIT)), rules.masks)
    except JsonRefused as error:
        return _invalid(f"the result is not one document of strict JSON: {_where(error)}")
    misfits = rules.validator.misfits(value, limit=4) if rules.validator else ()
    if misfits and rules.validator:
        declared = _declared_names(rules.validator.schema)
        places = ", ".join(f"{_place(one.pointer, declared)} ({one.keyword})" for one in misfits)
        return _invalid(f"the result does not fit its schema at {places}")
    shown = mask_fields(value, rules.validator.schema) if rules.validator and rules.hides else value
    return Ending(outcome=Outcome.SUCCEEDED, result=shown)


def _invalid(detail: str) -> Ending:
    return Ending(outcome=Outcome.FAILED, reason=Reason.RESULT_INVALID, detail=detail[:DETAIL])


def _where(error: JsonRefused) -> str:
    """Say where, but never what: the message may repeat a key that the action wrote."""
    cause = error.__cause__
    if isinstance(cause, json.JSONDecodeError):
        return f"{cause.msg} at line {cause.lineno}, column {cause.colno}"
    if isinstance(cause, UnicodeDecodeError):
        return f"not UTF-8 at byte {cause.start}"
    return "a key stands twice, or a bound on depth, size, numbers or characters is passed"


def _place(pointer: str, declared: frozenset[str]) -> str:
    """Return the pointer with `*` for every part that the schema does not name: such a name is the action's output."""
    parts = pointer.split("/")[1:]
    shown = "/".join(part if part in declared or part.isdecimal() else "*" for part in parts)
    return f"/{shown}"[:200]


def _declared_names(schema: JsonValue) -> frozenset[str]:
    names: set[str] = set()
    waiting = [schema]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, dict):
            properties = value.get("properties")
            names.update(properties if isinstance(properties, dict) else ())
            waiting.extend(value.values())
    return frozenset(names)
