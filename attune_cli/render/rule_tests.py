"""Rule tests for people and for machines: a line a case, what differs field by field, why a rule did not fire, and coverage.

Called by `attune test`; everything from the repository passes safe_text.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from attune_cli.render.colours import painted
from attune_cli.render.output import compact, show_json, show_line, show_paragraph
from attune_cli.render.wrapping import hanging, width_of, wrapped
from attune_core.problems import Span
from attune_core.rule_tests.comparing import Difference
from attune_core.rule_tests.course import DISABLED, INPUT_INVALID, OTHER_TRIGGER, THROTTLED
from attune_core.rule_tests.groups import GATHERED, WAITING
from attune_core.rule_tests.judging import Failure, Unfired, Verdict
from attune_core.rule_tests.selecting import Coverage, Selected
from attune_core.rules.ending import Lapse
from attune_core.safe_text import safe_text
from attune_core.values import JsonObject, JsonValue, parse_json

#: `version` of the JSON report; additive inside one.
REPORT_VERSION = 1
#: Rules without a test that are named; the report has all of them.
MOST_NAMED = 20
_WORDS = (THROTTLED, INPUT_INVALID, DISABLED, OTHER_TRIGGER, WAITING, GATHERED, *Lapse)


@dataclass(frozen=True, kw_only=True)
class Tested:
    """What came of all cases that were asked for."""

    cases: Sequence[tuple[Selected, Verdict]]
    coverage: Coverage

    @property
    def failed(self) -> int:
        """Return how many cases are not as expected."""
        return sum(not verdict.passed for _, verdict in self.cases)


def show_tested(tested: Tested) -> None:
    """Print a line a case, what differs under it, and the summary."""
    width = width_of(sys.stdout)
    for selected, verdict in tested.cases:
        word = "ok" if verdict.passed else "FAILED"
        said = wrapped(_case_name(selected), width, first=f"{word:<6}  ", others=" " * 8)
        sys.stdout.write(painted(word, "green" if verdict.passed else "bold red") + said.removeprefix(word) + "\n")
        for failure in verdict.failures:
            sys.stdout.write("".join(hanging(f"  {line}", width) + "\n" for line in failure_lines(selected, failure)))
    if not tested.cases and tested.coverage.rules:
        show_paragraph("no tests: they stand in packs/<pack>/tests/ or tests/; `attune schema explain test` says what is in one")
    if silent := tested.coverage.never_fired:
        more = f" and {len(silent) - MOST_NAMED} more" if len(silent) > MOST_NAMED else ""
        show_line("")
        show_paragraph(f"never fired in any test: {', '.join(silent[:MOST_NAMED])}{more}")
    if tested.cases:
        show_line("")
    show_paragraph(summary(tested))


def _case_name(selected: Selected) -> str:
    return safe_text(f"{selected.document.path}: {selected.case.name}", limit=1000)


def summary(tested: Tested) -> str:
    """Return the last line."""
    documents = len({selected.document.path for selected, _ in tested.cases})
    rules, silent = len(tested.coverage.rules), len(tested.coverage.never_fired)
    passed = len(tested.cases) - tested.failed
    return (
        f"{_count(len(tested.cases), 'case')} in {_count(documents, 'document')}: {passed} passed, {tested.failed} failed; "
        f"{rules - silent} of {_count(rules, 'rule')} fired ({tested.coverage.percent} %)"
    )


def failure_lines(selected: Selected, failure: Failure) -> Iterator[str]:
    """Yield what is to be said of a failure, safe for a terminal and for XML."""
    span = _span(selected, failure)
    yield safe_text(f"{selected.document.path}:{span.line}:{span.column}: {failure.message}", limit=4000)
    for one in failure.differences:
        field = ".".join(str(part) for part in one.place)
        yield f"  {safe_text(field, limit=1000)} (line {_span(selected, failure, one).line})"
        yield f"    expected  {safe_text(one.expected, limit=2000) or 'nothing'}"
        yield f"    actual    {safe_text(one.actual, limit=2000) or 'nothing'}"
    for unfired in failure.unfired:
        yield from _reason_lines(unfired)


def _reason_lines(unfired: Unfired) -> Iterator[str]:
    quiet = unfired.quiet
    if quiet.because in _WORDS:
        yield f"  event {unfired.event}: {quiet.because}: {safe_text(quiet.detail, limit=2000)}"
        return
    failed = f"cannot be evaluated: {quiet.detail}" if quiet.detail else "does not hold"
    yield f"  event {unfired.event}: {safe_text(quiet.because, limit=2000)}  {safe_text(failed, limit=2000)}"
    for one in quiet.fields:
        shown = compact_json(one.value) if one.is_there else "is not there"
        yield f"    {safe_text(one.source, limit=200)}{' = ' if one.is_there else ' '}{safe_text(shown, limit=1000)}"


def compact_json(value: JsonValue) -> str:
    """Return a value as JSON on one line, a text in its quotes."""
    return compact([value])[1:-1]


def show_tested_json(tested: Tested) -> None:
    """Print the same as one JSON document."""
    coverage = tested.coverage
    cases: list[JsonValue] = [_case(selected, verdict) for selected, verdict in tested.cases]
    show_json(
        {
            "version": REPORT_VERSION,
            "passed": len(tested.cases) - tested.failed,
            "failed": tested.failed,
            "cases": cases,
            "rules": {"total": len(coverage.rules), "never_fired": [*coverage.never_fired], "fired_percent": coverage.percent},
        }
    )


def _case(selected: Selected, verdict: Verdict) -> JsonValue:
    span = selected.document.span((*selected.place, "name"))
    return {
        "path": selected.document.path,
        "line": span.line,
        "name": selected.case.name,
        "passed": verdict.passed,
        "fired": [*verdict.fired],
        "failures": [_failure(selected, failure) for failure in verdict.failures],
    }


def _failure(selected: Selected, failure: Failure) -> JsonValue:
    span = _span(selected, failure)
    return {
        "line": span.line,
        "column": span.column,
        "message": failure.message,
        "differences": [_difference(one, _span(selected, failure, one).line) for one in failure.differences],
        "did_not_fire": [
            {
                "event": one.event,
                "because": one.quiet.because,
                "detail": one.quiet.detail,
                "fields": {field.source: field.value for field in one.quiet.fields if field.is_there},
            }
            for one in failure.unfired
        ],
    }


def _difference(one: Difference, line: int) -> JsonValue:
    found: JsonObject = {"place": [*one.place], "line": line}
    sides = {"expected": one.expected, "actual": one.actual}
    return found | {name: parse_json(text.encode()) for name, text in sides.items() if text}


def _span(selected: Selected, failure: Failure, difference: Difference | None = None) -> Span:
    """Return where an expectation stands, or one of its fields; an item of a list is shown by its rule."""
    below = ("rule",) if len(failure.place) > 1 else ()
    return selected.document.span((*selected.place, *failure.place, *(difference.place if difference else below)))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
