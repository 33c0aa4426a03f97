"""A problem as the status and the API show it.

Used on both sides of the disposable child, and by the `activate` step.
"""

from collections.abc import Iterable

from attune_core.problems import Problem, Severity
from attune_core.wire.api import ProblemView


def view_of(problem: Problem) -> ProblemView:
    """Return the document of a problem."""
    return ProblemView(
        code=problem.code,
        severity=problem.severity,
        message=problem.message,
        path=problem.path,
        line=problem.span.line if problem.span else 0,
        column=problem.span.column if problem.span else 0,
        hint=problem.hint or "",
    )


def worst_first(problems: Iterable[ProblemView]) -> list[ProblemView]:
    """Return errors, then warnings, then information: where some have to be left out, it is the last."""
    return sorted(problems, key=lambda problem: Severity(problem.severity).rank)
