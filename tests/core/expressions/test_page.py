"""The examples of docs/expressions.md give what stands beside them, and the page names everything there is."""

import json
import re
from pathlib import Path
from typing import cast

import pytest
import yaml

from attune_core.expressions.check import Scope, check
from attune_core.expressions.errors import ExpressionFailed
from attune_core.expressions.functions.table import FUNCTIONS, MACRO_USAGES, NOT_YET
from attune_core.expressions.types import DYN
from attune_core.values import JsonValue

_PAGE = (Path(__file__).parents[3] / "docs" / "expressions.md").read_text("utf-8")
_BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", _PAGE, re.DOTALL | re.MULTILINE)
_EVENT = cast("JsonValue", yaml.safe_load(next(text for kind, text in _BLOCKS if kind == "yaml")))
_EXAMPLES = [line for kind, text in _BLOCKS if kind == "cel" for line in text.splitlines()]


@pytest.mark.parametrize("example", _EXAMPLES)
def test_an_example_gives_what_stands_beside_it(example: str) -> None:
    source, said = re.split(r" +// ", example)
    program = check(source, Scope({"event": DYN}), None).program
    assert program is not None
    if said.startswith("fails: "):
        with pytest.raises(ExpressionFailed) as raised:
            program.evaluate({"event": _EVENT})
        assert raised.value.message.startswith(said.removeprefix("fails: "))
        return
    value, expected = program.evaluate({"event": _EVENT}), cast("JsonValue", json.loads(said))
    assert value == expected
    assert type(value) is type(expected)


def test_every_function_and_macro_has_an_example() -> None:
    shown = "\n".join(_EXAMPLES)
    assert [name for name in (*FUNCTIONS, *MACRO_USAGES, "has") if f"{name}(" not in shown] == []
    assert not set(NOT_YET) & set(FUNCTIONS)
