"""A verdict about order: a line for each promise, then each counter-example as a timeline; the same as JSON.

Called by `attune verify order`.
"""

from attune_cli.render.output import note, show_json, show_line, show_paragraph, show_table
from attune_core.explanations.wording import counted
from attune_core.values import JsonObject, JsonValue
from attune_core.verification.judging import Verdict
from attune_core.verification.violation import Violation

#: `version` of the JSON report; additive inside one.
REPORT_VERSION = 1
#: Counter-examples shown to people; the report has more.
SHOWN = 10


def show_verdict(verdict: Verdict, *, json: bool) -> None:
    """Print it."""
    if json:
        show_json(_report(verdict))
        return
    rows = [
        (
            invariant.label,
            f"broken, {counted(verdict.broken[invariant], 'time')}" if invariant in verdict.broken else "holds",
            ", ".join(by),
        )
        for invariant, by in verdict.judged_by.items()
    ]
    show_table(("promise", "verdict", "judged by"), rows, empty="")
    for violation in verdict.violations[:SHOWN]:
        _show_violation(violation)
    if (more := sum(verdict.broken.values()) - SHOWN) > 0:
        show_line(f"and {more} more; see --json")
    show_line("")
    show_paragraph(_what(verdict))
    for journal in verdict.journals:
        if journal.strange:
            note(f"{journal.name}: left out: {counted(journal.strange, 'line')} that a witness does not write")
    if verdict.unknown:
        note(f"{counted(verdict.unknown, 'line')} of executions that the controller does not have (any more)")


def _what(verdict: Verdict) -> str:
    parts = [f"{verdict.executions:,} executions in {verdict.steps:,} steps, {verdict.unsettled:,} of them not ended"]
    parts += [f"{len(journal.seen):,} starts and ends in {journal.name}" for journal in verdict.journals]
    return "judged: " + "; ".join(parts)


def _show_violation(violation: Violation) -> None:
    show_line("")
    show_paragraph(f"{violation.invariant.label}: {violation.message}")
    if violation.queue:
        show_line(f"  queue {violation.queue}")
    for line in violation.evidence:
        show_line(f"  {line.journal}:{line.line}  {line.text}")


def _report(verdict: Verdict) -> JsonObject:
    promises: list[JsonValue] = [
        {
            "code": invariant.code,
            "name": invariant.name.lower(),
            "title": invariant.title,
            "promise": invariant.sentence,
            "broken": verdict.broken.get(invariant, 0),
            "judged_by": [*by],
        }
        for invariant, by in verdict.judged_by.items()
    ]
    return {
        "version": REPORT_VERSION,
        "holds": not verdict.broken,
        "executions": verdict.executions,
        "unsettled": verdict.unsettled,
        "steps": verdict.steps,
        "journals": [{"name": one.name, "seen": len(one.seen), "left_out": one.strange} for one in verdict.journals],
        "unknown": verdict.unknown,
        "promises": promises,
        "violations": [_violation(one) for one in verdict.violations],
    }


def _violation(violation: Violation) -> JsonValue:
    return {
        "code": violation.invariant.code,
        "name": violation.invariant.name.lower(),
        "queue": violation.queue,
        "message": violation.message,
        "evidence": [{"journal": line.journal, "line": line.line, "text": line.text} for line in violation.evidence],
    }
