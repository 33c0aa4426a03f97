"""Which types fit where: no only where no value ever fits, and secrets only where secrets are expected."""

import pytest

from attune_core.expressions.fitting import fits
from attune_core.expressions.schema_types import type_of_schema
from attune_core.expressions.types import (
    BOOL,
    DOUBLE,
    DYN,
    INT,
    LIST,
    MAP,
    NULL,
    SECRET,
    STRING,
    Bool,
    Field,
    Int,
    List,
    Map,
    Object,
    Optional,
    String,
    Type,
    members,
    type_name,
    union,
)

_NULLABLE = union((STRING, NULL))
_REPOSITORY = Object({"name": Field(STRING, required=True), "stars": Field(INT)})
_CLOSED = type_of_schema({"type": "object", "properties": {"name": {"type": "string"}}, "additionalProperties": False})

_FIT: list[tuple[Type, Type]] = [
    (INT, INT),
    (INT, DOUBLE),
    (DYN, INT),
    (INT, DYN),
    (_NULLABLE, STRING),
    (STRING, _NULLABLE),
    (String(("a",)), String(("a", "b"))),
    (String(("a", "c")), String(("a", "b"))),
    (STRING, String(("a",))),
    (String(("a",)), STRING),
    (LIST, List(INT)),
    (List(INT), List(DOUBLE)),
    (Map(INT), Map(DOUBLE)),
    (MAP, _REPOSITORY),
    (_REPOSITORY, MAP),
    (Map(STRING), _REPOSITORY),
    (_REPOSITORY, Object({"name": Field(STRING, required=True)})),
    (Object({"name": Field(STRING)}, extra=DYN), Object({"zz": Field(INT, required=True)})),
    (Object({"name": Field(STRING, required=True)}), _CLOSED),
    (SECRET, SECRET),
    (Int((1, 2)), Int((2, 3))),
    (INT, Int((2,))),
    (Bool((True,)), BOOL),
    (String(format="date-time"), STRING),
    (STRING, String(format="date-time")),
    (LIST, List(DYN, (INT, STRING))),
    (List(union((INT, STRING)), (INT, STRING), closed=True), List(union((DOUBLE, STRING)), (DOUBLE, STRING))),
    (List(INT), List(union((INT, STRING)), (INT,))),
]
_MISFIT: list[tuple[Type, Type]] = [
    (Int((1, 2)), Int((3,))),
    (Bool((True,)), Bool((False,))),
    (Int((1,)), STRING),
    (List(union((STRING, INT)), (STRING, INT), closed=True), List(union((INT, STRING)), (INT, STRING))),
    (List(STRING), List(union((INT, STRING)), (INT,))),
    (Optional(STRING), STRING),
    (DOUBLE, INT),
    (STRING, BOOL),
    (NULL, STRING),
    (_NULLABLE, INT),
    (String(("c",)), String(("a", "b"))),
    (List(STRING), List(INT)),
    (LIST, MAP),
    (Map(STRING), Map(INT)),
    (Map(INT), _REPOSITORY),
    (_REPOSITORY, Map(INT)),
    (_REPOSITORY, Object({"owner": Field(STRING, required=True)})),
    (_REPOSITORY, Object({"name": Field(INT)})),
    (Object({"name": Field(STRING, required=True), "zz": Field(INT, required=True)}), _CLOSED),
    (SECRET, STRING),
    (SECRET, DYN),
    (STRING, SECRET),
    (DYN, SECRET),
    (Map(SECRET), DYN),
    (Map(SECRET), MAP),
]


@pytest.mark.parametrize(("actual", "expected"), _FIT, ids=type_name)
def test_a_type_fits(actual: Type, expected: Type) -> None:
    assert fits(actual, expected)


@pytest.mark.parametrize(("actual", "expected"), _MISFIT, ids=type_name)
def test_a_type_never_fits(actual: Type, expected: Type) -> None:
    assert not fits(actual, expected)


def test_a_union_has_no_member_twice_and_too_many_are_anything() -> None:
    assert union((INT, union((STRING, INT)), STRING)) == union((INT, STRING))
    assert union((String(("a",)), String(("b", "a")))) == String(("a", "b"))
    assert union((Int((1,)), Int((2, 1)))) == Int((1, 2))
    assert union((Int((1,)), INT, Bool((True,)))) == union((INT, Bool((True,))))
    assert union((INT, DYN)) == DYN
    assert union(()) == DYN
    assert union([List(Int((n,))) for n in range(40)]) == DYN


def test_many_objects_become_one_with_the_fields_of_all() -> None:
    some: list[Object] = [Object({"all": Field(INT, required=True), f"f{n}": Field(Int((n,)), required=True)}) for n in range(40)]
    found = union([NULL, *some, Object({"all": Field(STRING, required=True)}, extra=BOOL)])
    assert NULL in members(found)
    assert len(members(found)) <= 16
    joined = next(one for one in members(found) if isinstance(one, Object))
    assert joined.fields["all"] == Field(INT, required=True)
    assert joined.fields["f0"] == Field(Int((0,)), depends=True)
