"""Lists and objects with expressions in the texts inside them."""

import pytest

from attune_core.expressions.check import Scope
from attune_core.expressions.errors import ExpressionFailed
from attune_core.expressions.finding import Code
from attune_core.expressions.structure import check_structure, template_places
from attune_core.expressions.types import DYN, INT, SECRET, STRING, Field, List, Map, Object
from attune_core.values import JsonValue

_SCOPE = Scope({"n": INT, "s": STRING, "any": DYN, "secrets": Map(SECRET)})
_VALUE: JsonValue = {"who": "on ${{ s }}", "numbers": [1, "${{ n + 1 }}"], "as it is": "$${{ s }}", "none": None}


def codes(value: JsonValue, expected: List | Object | Map) -> list[str]:
    return [found.code for template in check_structure(value, _SCOPE, expected).templates.values() for found in template.findings]


def test_texts_are_rendered_where_they_stand_and_the_rest_stays() -> None:
    checked = check_structure(_VALUE, _SCOPE, Map(DYN))
    assert checked.render({"n": 2, "s": "web_1"}) == {"who": "on web_1", "numbers": [1, 3], "as it is": "${{ s }}", "none": None}
    assert list(template_places(_VALUE)) == [("who",), ("numbers", 1), ("as it is",)]


def test_what_an_event_holds_is_never_read_as_an_expression() -> None:
    assert check_structure(["${{ s }}"], _SCOPE, List(DYN)).render({"s": "${{ n }}"}) == ["${{ n }}"]


def test_each_text_is_checked_against_what_its_place_takes() -> None:
    expected = Object({"who": Field(INT), "numbers": Field(List(STRING))})
    assert codes({"who": "${{ s }}", "numbers": ["${{ n }}"]}, expected) == [Code.DOES_NOT_FIT, Code.DOES_NOT_FIT]
    assert codes({"who": "${{ n }}", "numbers": ["${{ s }}"]}, expected) == []
    assert codes(["${{ s }}", "${{ s }}"], List(STRING, (STRING, INT), closed=True)) == [Code.DOES_NOT_FIT]


def test_no_place_inside_takes_a_secret() -> None:
    assert codes({"token": "${{ secrets.a }}"}, Map(DYN)) == [Code.SECRET]
    assert codes(["x ${{ secrets.a }}"], List(STRING)) == [Code.SECRET]


def test_a_text_that_fails_fails_the_whole() -> None:
    with pytest.raises(ExpressionFailed, match="no such key"):
        check_structure(["${{ any.a }}"], _SCOPE, List(DYN)).render({"any": {}})
