"""Problems for people: place, message, the source lines with carets, and what to do; then one line that counts them.

Called by attune_cli.render.formats for a terminal, a pipe and the log of a job; everything from the repository passes safe_text.
"""

import sys
from collections.abc import Iterable, Sequence

from attune_cli.checking import Checked, count
from attune_cli.render.carets import LineOf, Paint, source_with_carets
from attune_cli.render.colours import has_colours
from attune_cli.render.wrapping import width_of
from attune_core.problems import Problem, Severity
from attune_core.safe_text import safe_text

_COLOURS = {Severity.ERROR: "\x1b[1;31m", Severity.WARNING: "\x1b[1;33m", Severity.INFORMATION: "\x1b[1;36m"}
_BOLD, _BLUE, _RESET = "\x1b[1m", "\x1b[34m", "\x1b[0m"


def write_text(checked: Checked) -> None:
    """Print each Problem and the last line."""
    sys.stdout.write(as_text(checked, colours=has_colours(), terminal=width_of(sys.stdout)))


def as_text(checked: Checked, *, colours: bool, terminal: int | None = None) -> str:
    """Return everything that was found, and what was left out of it; source is cut to the columns of a terminal."""
    return render_problems(checked.problems, checked.lines, colours=colours, terminal=terminal) + last_line(checked) + "\n"


def render_problems(problems: Iterable[Problem], line_of: LineOf, *, colours: bool, terminal: int | None = None) -> str:
    """Return the text of all Problems, one paragraph each."""
    return "".join(_render(problem, line_of, colours=colours, terminal=terminal) + "\n" for problem in problems)


def last_line(checked: Checked) -> str:
    """Return the counts, also of what is not shown: an error that is left out is not silent."""
    line = summary(checked.problems, files=checked.documents)
    if checked.left_out:
        line += f"; not shown, because the base has them as well: {_counts(checked.left_out)}"
    if checked.suppressed:
        line += f"; {checked.suppressed} suppressed"
    if checked.base_refused:
        line += "; versions of packs were not compared, because the base has errors"
    return line


def summary(problems: Sequence[Problem], *, files: int) -> str:
    """Return how many documents there are and what was found in them."""
    return f"{_number(files, 'document')}: {_counts(problems) if problems else 'no problems'}"


def _counts(problems: Sequence[Problem]) -> str:
    errors, warnings, notes = (count(problems, severity) for severity in (Severity.ERROR, Severity.WARNING, Severity.INFORMATION))
    return f"{_number(errors, 'error')}, {_number(warnings, 'warning')}" + (f", {_number(notes, 'note')}" if notes else "")


def _render(problem: Problem, line_of: LineOf, *, colours: bool, terminal: int | None) -> str:
    bold, edge, mark = (_painter(colour, colours=colours) for colour in (_BOLD, _BLUE, _COLOURS[problem.severity]))
    severity = mark(f"{problem.severity.value} {problem.code}")
    lines = [f"{bold(safe_text(problem.place()))}: {severity}: {safe_text(problem.message, limit=1000)}"]
    margin = ""
    if problem.span is not None:
        source, margin = source_with_carets(problem.path, problem.span, line_of, edge=edge, mark=mark, terminal=terminal)
        lines += source
    if problem.hint:
        lines.append(f"{margin} {edge('= help:')} {safe_text(problem.hint, limit=1000)}")
    return "\n".join(lines) + "\n"


def _painter(colour: str, *, colours: bool) -> Paint:
    return (lambda text: f"{colour}{text}{_RESET}") if colours else (lambda text: text)


def _number(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
