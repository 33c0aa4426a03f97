"""Where each character of a YAML text came from: escapes, doubled quotes, folded lines and indentation are followed back.

Called by `nodes` for the column of a mistake inside an expression.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

_BLANK = " \t\r\n"
_ESCAPE = re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|\r?\n[ \t]*|.)", re.DOTALL)
_ESCAPED_BLANKS = {"\\n": "\n", "\\t": "\t", "\\r": "\r", "\\ ": " "}
#: A unit stands for one character of the value: where it starts, and the character when it is written as itself.
_Unit = tuple[int, str | None]


@lru_cache(maxsize=1)  # the findings of one text come one after the other
def offsets_in_source(source: str, style: str, value: str) -> Sequence[int]:
    """Return the offset in `source` of each character of `value`, and of its end; never fails, at worst it is near.

    Stretches of white space are aligned with each other, everything else character by character.
    """
    units = _units(source, style)
    found: list[int] = []
    at = unit = 0
    while at < len(value):
        if value[at] in _BLANK:
            stop, unit_stop = _after_blanks(value, at), _after_blank_units(units, unit)
            found.extend(_start(units, min(unit + step, max(unit_stop - 1, unit)), source) for step in range(stop - at))
            at, unit = stop, unit_stop
        else:
            unit = _after_blank_units(units, unit)  # folded away in the value
            found.append(_start(units, unit, source))
            at, unit = at + 1, unit + 1
    found.append(found[-1] + 1 if found else _start(units, 0, source))
    return found


def _units(source: str, style: str) -> list[_Unit]:
    if style in ("|", ">"):
        first = source.find("\n") + 1
        return [(index, source[index]) for index in range(first, len(source))]
    if style == "'":
        return _single_quoted(source)
    if style == '"':
        return _double_quoted(source)
    return list(enumerate(source))


def _single_quoted(source: str) -> list[_Unit]:
    units: list[_Unit] = []
    index = 1
    while index < len(source) - 1:
        units.append((index, source[index]))
        index += 2 if source[index] == "'" else 1
    return units


def _double_quoted(source: str) -> list[_Unit]:
    units: list[_Unit] = []
    index = 1
    while index < len(source) - 1:
        escape = _ESCAPE.match(source, index)
        if escape is None:
            units.append((index, source[index]))
            index += 1
            continue
        if not escape[0].endswith(("\n", " ", "\t")) or escape[0] == "\\ ":  # an escaped line break stands for nothing
            units.append((index, _ESCAPED_BLANKS.get(escape[0])))
        index = escape.end()
    return units


def _after_blanks(value: str, at: int) -> int:
    while at < len(value) and value[at] in _BLANK:
        at += 1
    return at


def _after_blank_units(units: list[_Unit], unit: int) -> int:
    while unit < len(units) and (char := units[unit][1]) is not None and char in _BLANK:
        unit += 1
    return unit


def _start(units: list[_Unit], unit: int, source: str) -> int:
    return units[unit][0] if unit < len(units) else len(source)
