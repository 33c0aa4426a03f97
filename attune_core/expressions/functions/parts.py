"""Methods that take strings apart and put them together: split, join, and the places of characters and parts.

Collected in `table`. Source: cel-go's string extension as Google's C++ implementation has it; positions count characters from 0.
"""

from collections.abc import Callable

from attune_core.expressions.errors import ExpressionFailed
from attune_core.expressions.functions.function import Function, Given, Overload, several
from attune_core.expressions.runtime.frame import PER_STEP, Frame
from attune_core.expressions.runtime.value import Value
from attune_core.expressions.types import INT, STRING, List


def _split(frame: Frame, given: Given) -> list[Value]:
    text, separator, limit = given.text(0), given.text(1), given.whole(2, -1)
    if limit == 0:
        return []
    most = limit - 1 if limit > 0 else len(text)
    frame.charge(len(text) // PER_STEP)
    if not separator:
        most = min(most, max(len(text) - 1, 0))
        frame.charge(most + len(text) // PER_STEP)
        return [*text[:most], text[most:]]
    frame.charge(min(most, text.count(separator)) + len(text) // PER_STEP)
    return list(text.split(separator, most))


def _join(frame: Frame, given: Given) -> str:
    items = given.items(0)
    separator = given.text(1) if len(given.values) > 1 else ""
    frame.charge(len(items))
    texts = [item for item in items if isinstance(item, str)]
    if len(texts) < len(items):
        raise ExpressionFailed("no such overload: join() takes a list of strings only")
    frame.charge_text(sum(map(len, texts)) + len(separator) * max(len(texts) - 1, 0))
    return separator.join(texts)


def _char_at(_: Frame, given: Given) -> str:
    text, place = given.text(0), given.whole(1)
    _within(text, place)
    return text[place : place + 1]


def _index_of(frame: Frame, given: Given) -> int:
    text, part, start = given.text(0), given.text(1), given.whole(2, 0)
    _within(text, start)
    frame.charge(len(text) // PER_STEP)
    return text.find(part, start)


def _last_index_of(frame: Frame, given: Given) -> int:
    text, part = given.text(0), given.text(1)
    start = given.whole(2, len(text))
    _within(text, start)
    frame.charge(2 * len(text) // PER_STEP)
    searched = text[: start + len(part)]
    place = searched[::-1].find(part[::-1])  # rfind takes the product of both lengths, find their sum
    return place if place == -1 else len(searched) - place - len(part)


def _within(text: str, place: int) -> None:
    if not 0 <= place <= len(text):
        raise ExpressionFailed(f"position {place} is outside a text of {len(text)} characters")


def _search(name: str, apply: Callable[[Frame, Given], int]) -> Function:
    overloads = (Overload((STRING, STRING), INT), Overload((STRING, STRING, INT), INT))
    return Function(overloads, several(name, apply), f'write text.{name}("part"), which is -1 if there is none', method=True)


SPLIT = Function(
    (Overload((STRING, STRING), List(STRING)), Overload((STRING, STRING, INT), List(STRING))),
    several("split", _split),
    'write text.split(","), with the largest number of parts if not all',
    method=True,
)
JOIN = Function(
    (Overload((List(STRING),), STRING), Overload((List(STRING), STRING), STRING)),
    several("join", _join),
    'write list.join(","): a list of strings',
    method=True,
)
CHAR_AT = Function((Overload((STRING, INT), STRING),), several("charAt", _char_at), "write text.charAt(0)", method=True)
INDEX_OF = _search("indexOf", _index_of)
LAST_INDEX_OF = _search("lastIndexOf", _last_index_of)
