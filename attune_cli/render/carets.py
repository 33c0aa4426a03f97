"""The source of a Problem: its lines with carets under what is meant, and two lines of context before and after.

Called by attune_cli.render.problems; every line is cut to the same stretch of columns and passes safe_text.
"""

from collections.abc import Callable

from attune_cli.render.cells import cells
from attune_core.problems import Span
from attune_core.safe_text import safe_text

#: Gives a source line by path and number; None where there is none to show.
LineOf = Callable[[str, int], str | None]
#: Colours a text.
Paint = Callable[[str], str]

#: Columns of source shown around a mistake, at most and at least.
WIDTH, LEAST = 160, 20
#: Lines before and after.
CONTEXT = 2
#: Lines of a longer stretch that are shown whole; of more, the first ones and the last.
WHOLE, FIRST = 5, 3


def source_with_carets(
    path: str, span: Span, line_of: LineOf, *, edge: Paint, mark: Paint, terminal: int | None = None
) -> tuple[list[str], str]:
    """Return the lines to print, and the margin that stands before what is said below them; nothing where there is no source.

    They fit into the columns of a terminal, because carets under a line that it breaks mean nothing.
    """
    marked = line_of(path, span.line)
    if marked is None:
        return [], ""
    numbers = _numbers(path, span, line_of)
    width = len(str(numbers[-1]))
    margin = " " * width
    columns = WIDTH if terminal is None else min(WIDTH, max(LEAST, terminal - width - len(" | ……")))
    if any(cells(source) > len(source) for number in numbers if (source := line_of(path, number))):
        columns = max(LEAST, columns // 2)
    start = max(0, span.column - 1 - columns // 2) if len(marked) > columns else 0
    lines: list[str] = []
    last = numbers[0]
    for number in numbers:
        if number > last + 1:
            lines.append(edge(f"{margin} …"))
        last = number
        source = line_of(path, number) or ""
        shown, before, under = _stretch(source, (start, start + columns), *_marked(source, number, span))
        lines.append(f"{edge(f'{number:>{width}} |')} {shown}".rstrip())
        if number == span.line or (span.line < number <= span.end_line and source.strip()):
            lines.append(f"{edge(f'{margin} |')} {' ' * before}{mark('^' * under)}")
    return lines, margin


def _numbers(path: str, span: Span, line_of: LineOf) -> list[int]:
    """Return which lines are shown: context without blank edges, and of a long stretch its beginning and its end."""
    end = span.end_line if line_of(path, span.end_line) is not None else span.line
    before = list(range(max(1, span.line - CONTEXT), span.line))
    after = list(range(end + 1, end + 1 + CONTEXT))
    while before and not (line_of(path, before[0]) or "").strip():
        before.pop(0)
    while after and not (line_of(path, after[-1]) or "").strip():
        after.pop()
    inside = list(range(span.line, end + 1))
    if len(inside) > WHOLE:
        inside = [*inside[:FIRST], end]
    return [*before, *inside, *after]


def _marked(source: str, number: int, span: Span) -> tuple[int, int]:
    """Return from which to which column a line of the span is marked; indentation of later lines is not."""
    first = span.column - 1 if number == span.line else len(source) - len(source.lstrip())
    return first, span.end_column - 1 if number == span.end_line else len(source)


def _stretch(source: str, columns: tuple[int, int], first: int, stop: int) -> tuple[str, int, int]:
    """Return what is shown of a line between two columns, how many stand before its carets, and how many carets."""
    start, end = columns
    first = max(first, start)
    before, under, rest = (_clean(part) for part in (source[start:first], source[first : min(stop, end)], source[max(stop, first) : end]))
    left, right = "…" if start else "", "…" if end < len(source) else ""
    return f"{left}{before}{under}{rest}{right}", cells(left + before), max(cells(under), 1)


def _clean(text: str) -> str:
    return safe_text(text.replace("\t", " "))
