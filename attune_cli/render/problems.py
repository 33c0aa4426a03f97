"""Problems for people and for machines: place, message, the source line with carets, and what to do; or a versioned JSON report.

Called by `attune validate` (and what else checks a repository); everything from the repository passes safe_text.
"""

import json
import sys
from collections.abc import Iterable, Sequence

from attune_cli.render.carets import LineOf, Paint, source_with_carets
from attune_cli.render.output import on_terminal
from attune_core.problems import Problem, Severity
from attune_core.safe_text import safe_text
from attune_core.values import JsonValue

#: `version` of the JSON report; additive inside one.
REPORT_VERSION = 1
_COLOURS = {Severity.ERROR: "\x1b[1;31m", Severity.WARNING: "\x1b[1;33m", Severity.INFORMATION: "\x1b[1;36m"}
_BOLD, _BLUE, _RESET = "\x1b[1m", "\x1b[34m", "\x1b[0m"


def show_problems(problems: Sequence[Problem], line_of: LineOf, *, files: int) -> None:
    """Print each Problem and a summary; `line_of` gives a source line by path and number, None where there is none."""
    text = render_problems(problems, line_of, colours=on_terminal())
    sys.stdout.write(text + summary(problems, files=files) + "\n")


def render_problems(problems: Iterable[Problem], line_of: LineOf, *, colours: bool) -> str:
    """Return the text of all Problems, one paragraph each."""
    return "".join(_render(problem, line_of, colours=colours) + "\n" for problem in problems)


def summary(problems: Sequence[Problem], *, files: int) -> str:
    """Return the last line."""
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    warnings = sum(problem.severity is Severity.WARNING for problem in problems)
    notes = len(problems) - errors - warnings
    if not problems:
        return f"{_count(files, 'document')}: no problems"
    also = f", {_count(notes, 'note')}" if notes else ""
    return f"{_count(files, 'document')}: {_count(errors, 'error')}, {_count(warnings, 'warning')}{also}"


def show_report(problems: Sequence[Problem], *, files: int, revision: str | None) -> None:
    """Print the same as one JSON document."""
    report: dict[str, JsonValue] = {
        "version": REPORT_VERSION,
        "revision": revision,
        "documents": files,
        "errors": sum(problem.severity is Severity.ERROR for problem in problems),
        "warnings": sum(problem.severity is Severity.WARNING for problem in problems),
        "problems": [_plain(problem) for problem in problems],
    }
    sys.stdout.write(json.dumps(report, indent=2, ensure_ascii=True) + "\n")


def _plain(problem: Problem) -> dict[str, JsonValue]:
    span = problem.span
    place: JsonValue = None
    if span is not None:
        place = {"line": span.line, "column": span.column, "end_line": span.end_line, "end_column": span.end_column}
    return {
        "code": problem.code,
        "severity": problem.severity.value,
        "message": problem.message,
        "path": problem.path,
        "span": place,
        "hint": problem.hint,
    }


def _render(problem: Problem, line_of: LineOf, *, colours: bool) -> str:
    bold, edge, mark = (_painter(colour, colours=colours) for colour in (_BOLD, _BLUE, _COLOURS[problem.severity]))
    severity = mark(f"{problem.severity.value} {problem.code}")
    lines = [f"{bold(safe_text(problem.place()))}: {severity}: {safe_text(problem.message, limit=1000)}"]
    margin = ""
    if problem.span is not None:
        source, margin = source_with_carets(problem.path, problem.span, line_of, edge=edge, mark=mark)
        lines += source
    if problem.hint:
        lines.append(f"{margin} {edge('= help:')} {safe_text(problem.hint, limit=1000)}")
    return "\n".join(lines) + "\n"


def _painter(colour: str, *, colours: bool) -> Paint:
    return (lambda text: f"{colour}{text}{_RESET}") if colours else (lambda text: text)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
