"""The same expressions, well-typed and over the same values, give the same as Google's own CEL.

cel-expr-python returns errors as values, and an error value is truthy: types are compared, not truth.
"""

import ctypes
import math
from dataclasses import dataclass
from typing import cast

from cel_expr_python import cel
from hypothesis import example, given
from hypothesis import strategies as st

from attune_core.expressions.check import Scope, check
from attune_core.expressions.errors import ExpressionFailed
from attune_core.expressions.finding import Code
from attune_core.expressions.types import BOOL, DOUBLE, DYN, INT, STRING, List, Map, Type
from attune_core.values import JsonValue
from tests.core.expressions.same_examples import many_same_examples
from tests.core.expressions.well_typed import VARIABLES, activations, expressions

_THEIRS = {
    "int": cel.Type.INT,
    "double": cel.Type.DOUBLE,
    "string": cel.Type.STRING,
    "bool": cel.Type.BOOL,
    "list": cel.Type.List(cel.Type.INT),
    "map": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
    "dyn": cel.Type.DYN,
}
_OURS: dict[str, Type] = {"int": INT, "double": DOUBLE, "string": STRING, "bool": BOOL, "list": List(INT), "map": Map(DYN), "dyn": DYN}
_ENVIRONMENT = cel.NewEnv(variables={name: _THEIRS[kind] for name, kind in VARIABLES.items()})
_SCOPE = Scope({name: _OURS[kind] for name, kind in VARIABLES.items()})


@dataclass(frozen=True)
class _Failed:
    """An evaluation failed; how it is said differs."""


def _theirs(source: str, activation: dict[str, JsonValue]) -> JsonValue | _Failed:
    try:
        found = _ENVIRONMENT.compile(source).eval(data=activation)
    except RuntimeError as error:
        #: Failures of folded constants, and of duplicate keys, come as exceptions of the evaluation.
        assert "ALREADY_EXISTS" in str(error), f"{source} is not well-typed: {error}"
        return _Failed()
    if found.type() == cel.Type.ERROR:
        return _Failed()
    value = cast("JsonValue", found.plain_value())
    for _ in range(_nulls(value)):
        #: plain_value() of 0.1.3 gives None without taking a reference to it: after a few thousand of them the interpreter aborts.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(None))
    return value


def _nulls(value: JsonValue) -> int:
    if isinstance(value, list | dict):
        return sum(_nulls(one) for one in (value.values() if isinstance(value, dict) else value))
    return value is None


def _alike(ours: JsonValue, theirs: JsonValue) -> bool:
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(_alike(one, other) for one, other in zip(ours, theirs, strict=True))
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(_alike(one, theirs[key]) for key, one in ours.items())
    return type(ours) is type(theirs) and ours == theirs


def _finite(value: JsonValue) -> bool:
    if isinstance(value, list | dict):
        return all(_finite(one) for one in (value.values() if isinstance(value, dict) else value))
    return not isinstance(value, float) or math.isfinite(value)


def _compare(source: str, activation: dict[str, JsonValue]) -> None:
    theirs = _theirs(source, activation)
    checked = check(source, _SCOPE, None)
    if checked.program is None:
        #: What always fails is refused here before it runs; CEL may still absorb it.
        assert {found.code for found in checked.findings} <= {Code.CONSTANT_FAILS, Code.REGEX}, (source, checked.findings)
        return
    try:
        ours = checked.program.evaluate(activation)
    except ExpressionFailed as failure:
        not_json = not isinstance(theirs, _Failed) and not _finite(theirs)
        assert isinstance(theirs, _Failed) or not_json, f"{source} over {activation}: CEL gives {theirs!r}, we fail: {failure}"
        return
    assert not isinstance(theirs, _Failed), f"{source} over {activation}: we give {ours!r}, CEL fails"
    assert _alike(ours, theirs), f"{source} over {activation}: we give {ours!r}, CEL gives {theirs!r}"


@many_same_examples
@given(expressions("bool", 3), activations())
@example("(x.a && false)", {**dict.fromkeys(VARIABLES, 1), "x": {}})
def test_a_condition_gives_what_cel_gives(source: str, activation: dict[str, JsonValue]) -> None:
    _compare(source, activation)


@many_same_examples
@given(st.sampled_from(["int", "double", "string", "list", "map", "dyn"]).flatmap(lambda kind: expressions(kind, 2)), activations())
def test_a_value_is_what_cel_gives(source: str, activation: dict[str, JsonValue]) -> None:
    _compare(source, activation)
