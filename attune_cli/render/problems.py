"""Problems for people and for machines: place, message, the source line with carets, and what to do; or a versioned JSON report.

Called by `attune validate` (and what else checks a repository); everything from the repository passes safe_text.
"""

import json
import sys
from collections.abc import Callable, Iterable, Sequence

from attune_cli.render.output import on_terminal
from attune_core.problems import Problem, Severity, Span
from attune_core.safe_text import safe_text
from attune_core.values import JsonValue

#: `version` of the JSON report; additive inside one.
REPORT_VERSION = 1
#: Columns of source shown around a mistake.
WIDTH = 160
_COLOURS = {Severity.ERROR: "\x1b[1;31m", Severity.WARNING: "\x1b[1;33m", Severity.INFORMATION: "\x1b[1;36m"}
_BOLD, _BLUE, _RESET = "\x1b[1m", "\x1b[34m", "\x1b[0m"


def show_problems(problems: Sequence[Problem], line_of: Callable[[str, int], str | None], *, files: int) -> None:
    """Print each Problem and a summary; `line_of` gives a source line by path and number, None where there is none."""
    text = render_problems(problems, line_of, colours=on_terminal())
    sys.stdout.write(text + summary(problems, files=files) + "\n")


def render_problems(problems: Iterable[Problem], line_of: Callable[[str, int], str | None], *, colours: bool) -> str:
    """Return the text of all Problems, one paragraph each."""
    return "".join(_render(problem, line_of, _painter(colours=colours)) + "\n" for problem in problems)


def summary(problems: Sequence[Problem], *, files: int) -> str:
    """Return the last line."""
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    warnings = sum(problem.severity is Severity.WARNING for problem in problems)
    if not problems:
        return f"{_count(files, 'document')}: no problems"
    return f"{_count(files, 'document')}: {_count(errors, 'error')}, {_count(warnings, 'warning')}"


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


_Paint = Callable[[str, str], str]


def _painter(*, colours: bool) -> _Paint:
    return (lambda text, colour: f"{colour}{text}{_RESET}") if colours else (lambda text, _: text)


def _render(problem: Problem, line_of: Callable[[str, int], str | None], paint: _Paint) -> str:
    severity = paint(f"{problem.severity.value} {problem.code}", _COLOURS[problem.severity])
    lines = [f"{paint(safe_text(problem.place()), _BOLD)}: {severity}: {safe_text(problem.message, limit=1000)}"]
    source = line_of(problem.path, problem.span.line) if problem.span is not None else None
    margin = ""
    if problem.span is not None and source is not None:
        number = str(problem.span.line)
        margin = " " * len(number)
        shown, before, under = _stretch(source, problem.span)
        lines.append(f"{paint(f'{number} |', _BLUE)} {shown}".rstrip())
        lines.append(f"{paint(f'{margin} |', _BLUE)} {' ' * before}{paint('^' * under, _COLOURS[problem.severity])}")
    if problem.hint:
        lines.append(f"{margin} {paint('= help:', _BLUE)} {safe_text(problem.hint, limit=1000)}")
    return "\n".join(lines) + "\n"


def _stretch(source: str, span: Span) -> tuple[str, int, int]:
    """Return what is shown of a line, how many columns stand before the carets, and how many carets."""
    stop = span.end_column - 1 if span.end_line == span.line else len(source)
    start = max(0, span.column - 1 - WIDTH // 2) if len(source) > WIDTH else 0
    head, middle = source[start : span.column - 1], source[span.column - 1 : min(stop, start + WIDTH)]
    rest = source[max(stop, span.column - 1) : start + WIDTH]
    before, under = safe_text(head.replace("\t", " ")), safe_text(middle.replace("\t", " "))
    left = "…" if start else ""
    right = "…" if start + WIDTH < len(source) else ""
    return f"{left}{before}{under}{safe_text(rest)}{right}", len(left) + len(before), max(len(under), 1)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
