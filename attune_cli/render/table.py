"""Tables on a terminal: columns that fit into its width, and each row as a block of fields where it is too narrow for columns.

Called by attune_cli.render.output with safe cells; a long cell goes on below, broken at a space, else behind a mark such as `.` or `_`.
"""

import re
from collections.abc import Iterator, Sequence

from attune_cli.render.cells import cells, padded
from attune_cli.render.colours import STYLES, painted
from attune_cli.render.wrapping import wrapped

_GAP = "  "
_WORD = re.compile(r"\S+")
_PIECE = re.compile(r"[^\s./_:,@-]*[./_:,@-]+|[^\s./_:,@-]+")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)")


def table_lines(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """Yield the lines of a table; a column that is empty in all rows is left out."""
    used = [index for index in range(len(columns)) if any(row[index] for row in rows)]
    names = [columns[index] for index in used]
    texts = [[_MOMENT.sub(r"\1 \2", row[index]) for index in used] for row in rows]
    widths = _widths([names, *texts], width)
    if widths is None:
        yield from _blocks(names, texts, width)
        return
    yield from _row(names, widths, ["bold"] * len(names))
    for row in texts:
        yield from _row(row, widths, [STYLES.get(cell, "") for cell in row])


def _widths(rows: Sequence[Sequence[str]], width: int) -> list[int] | None:
    """Return how wide each column is, None if they do not fit; the widest gives way first, and words stay whole as long as that does."""
    columns = list(zip(*rows, strict=True))
    widths = [max(map(cells, column)) for column in columns]
    free = width - len(_GAP) * (len(widths) - 1)
    for part in (_WORD, _PIECE):
        least = [max((cells(found) for cell in column for found in part.findall(cell)), default=0) for column in columns]
        while sum(widths) > free and (wide := [index for index in range(len(widths)) if widths[index] > least[index]]):
            widths[max(wide, key=widths.__getitem__)] -= 1
    return widths if sum(widths) <= free else None


def _row(row: Sequence[str], widths: Sequence[int], styles: Sequence[str]) -> Iterator[str]:
    texts = [_broken(cell, width) for cell, width in zip(row, widths, strict=True)]
    for number in range(max(map(len, texts))):
        line = [lines[number] if number < len(lines) else "" for lines in texts]
        yield _GAP.join(
            painted(text, style) + " " * (width - cells(text)) for text, style, width in zip(line, styles, widths, strict=True)
        ).rstrip()


def _broken(cell: str, width: int) -> list[str]:
    """Return a cell as lines of at most that width."""
    lines = [""]
    for word in _WORD.findall(cell):
        apart = " " if lines[-1] else ""
        for part in [word] if cells(word) <= width else _PIECE.findall(word):
            if cells(lines[-1] + apart + part) > width:
                lines.append(part)
            else:
                lines[-1] += apart + part
            apart = ""
    return lines if lines[0] or len(lines) == 1 else lines[1:]


def _blocks(names: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    longest = max(map(cells, names))
    for number, row in enumerate(rows):
        if number:
            yield ""
        for name, cell in zip(names, row, strict=True):
            if cell:
                value = wrapped(cell, width, first=padded(name, longest) + _GAP, others=" " * longest + _GAP).removeprefix(name)
                yield painted(name, "bold") + value.replace(cell, painted(cell, STYLES.get(cell, "")))
