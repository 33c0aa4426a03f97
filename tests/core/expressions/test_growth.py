"""Expressions that would grow without end on an ordinary event: each is refused in no time and in little memory, whatever the way."""

import time
import tracemalloc

import pytest

from attune_core.expressions.check import Scope, check
from attune_core.expressions.errors import ExpressionTooCostly
from attune_core.expressions.types import DYN
from attune_core.values import JsonValue

#: An event of 230 kB.
VALUES: dict[str, JsonValue] = {"word": "a" * 1000, "text": "a" * 100_000, "spaces": " " * 100_000, "list": list(range(5000))}
VALUES |= {"same": "".join(["a"] * 100_000), "keys": {str(number): 0 for number in range(500)}}
VALUES |= {"others": {str(number): 0 for number in range(1, 501)}}
SCOPE = Scope(dict.fromkeys(VALUES, DYN))
_TEN = "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]"
GROWING = (
    f"list.map(i, {_TEN}.map(a, {_TEN}.map(b, {_TEN}.map(c, [a, b, c])))).size() > 1",
    "list.exists(a, list.exists(b, list.exists(c, a + b + c == -1)))",
    "list.map(a, list.map(b, [a, b])).size() > 1",
    "list.map(a, list + list + list).size() > 1",
    "[list].map(a, a + a).map(a, a + a).map(a, a + a).map(a, a + a).map(a, a + a)[0].size() > 1",
    "[text].map(a, a + a).map(a, a + a).map(a, a + a)[0].size() > 1",
    "[list, list].map(a, [a, a, a, a]).map(a, [a, a, a, a]).map(a, [a, a, a, a]).map(a, [a, a, a, a])",
    "[list].map(a, [a, a, a]).map(a, [a, a, a]).map(a, [a, a, a]) == [list].map(a, [a, a, a]).map(a, [a, a, a]).map(a, [a, a, a])",
    "'%s'.format([[list, list].map(a, [a, a, a, a]).map(a, [a, a, a, a])]).size() > 1",
    "word.replace('a', word).replace('a', word).size() > 1",
    "text.replace('', 'bbbbbbbbbb').size() > 1",
    "list.map(a, word).join(word).size() > 1",
    "text.split('').map(a, text.split('')).size() > 1",
    "list.map(a, text.substring(a)).join('').size() > 1",
    "list.map(a, text.upperAscii()).size() > 1",
    "list.map(a, bytes(text)).size() > 1",
    "list.all(a, a in list)",
    "list.map(a, list).all(a, a == list)",
    "list.all(a, text.indexOf('aab') == -1)",
    "list.all(a, spaces.trim() == '')",
    "list.all(a, text < text + 'a')",
    "list.all(a, text <= same)",
    "list.all(a, keys != others)",
    "list.all(a, text.matches('(a+)+$'))",
    "list.all(a, 'a'.matches('a{900}' + string(a)) || true)",
    "list.all(a, list.map(b, timestamp('2026-01-01T00:00:00Z') + duration(string(b) + 's')).size() > 1)",
)


@pytest.mark.parametrize("source", GROWING)
def test_what_grows_is_refused_in_no_time_and_in_little_memory(source: str) -> None:
    checked = check(source, SCOPE, None)
    assert checked.program is not None, checked.findings
    tracemalloc.start()
    before = time.process_time()
    with pytest.raises(ExpressionTooCostly):
        checked.program.evaluate(VALUES)
    assert time.process_time() - before < 1
    assert tracemalloc.get_traced_memory()[1] < 10 << 20
    tracemalloc.stop()


def test_a_macro_of_constants_is_computed_beforehand_wherever_it_stands() -> None:
    checked = check("[[1]].map(a, [2].map(b, [3].map(c, 4))) == [[[4]]]", SCOPE, None)
    assert checked.program is not None, checked.findings
    assert checked.program.evaluate({}) is True


def test_a_search_from_the_end_is_linear_whatever_is_searched() -> None:
    checked = check("text.lastIndexOf(part)", Scope({"text": DYN, "part": DYN}), None)
    assert checked.program is not None, checked.findings
    before = time.process_time()
    values: dict[str, JsonValue] = {"text": "a" * 500_000, "part": "a" * 100_000 + "b" + "a" * 100_000}
    assert checked.program.evaluate(values) == -1
    assert time.process_time() - before < 1
