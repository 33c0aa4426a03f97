"""The first rule of the checker: a value that the schema admits is of the inferred type, and reading what it has is never an error."""

from collections.abc import Iterator

from hypothesis import assume, given
from hypothesis import strategies as st

from attune_core.expressions.check import Scope, check
from attune_core.expressions.finding import Code
from attune_core.expressions.schema_types import type_of_schema
from attune_core.expressions.types import Bool, Double, Dyn, Int, List, Map, Null, Object, String, Type, members
from attune_core.json_schema import SchemaRefused, SchemaValidator
from attune_core.problems import Severity
from attune_core.values import JsonValue
from tests.core.expressions.same_examples import same_examples
from tests.core.expressions.schemas_with_values import Described, depending, described


def _possible(value: JsonValue, one: Type) -> bool:
    """Tell whether a value is of a type, all the way down."""
    return any(_is_of(value, member) for member in members(one))


def _is_of(value: JsonValue, one: Type) -> bool:  # noqa: PLR0911 - one line per type
    match one:
        case Dyn():
            return True
        case Null():
            return value is None
        case Bool(choices=choices):
            return isinstance(value, bool) and (choices is None or value in choices)
        case Int(choices=choices):
            return isinstance(value, int) and not isinstance(value, bool) and (choices is None or value in choices)
        case Double():
            return isinstance(value, int | float) and not isinstance(value, bool)
        case String(choices=choices):
            return isinstance(value, str) and (choices is None or value in choices)
        case List():
            return isinstance(value, list) and all(_possible(part, _at(one, place)) for place, part in enumerate(value))
        case Map():
            return isinstance(value, dict) and all(_possible(part, one.value) for part in value.values())
        case Object():
            return isinstance(value, dict) and _is_object(value, one)
        case _:
            return False


def _at(one: List, place: int) -> Type:
    return one.first[place] if place < len(one.first) else one.item


def _is_object(value: dict[str, JsonValue], one: Object) -> bool:
    named = all(_possible(part, one.fields[name].type) for name, part in value.items() if name in one.fields)
    others = [part for name, part in value.items() if name not in one.fields]
    return (
        named
        and all(name in value for name, field in one.fields.items() if field.required)
        and not (others and one.closed)
        and all(one.extra is None or _possible(part, one.extra) for part in others)
    )


def _ways(value: JsonValue, way: str) -> Iterator[tuple[str, JsonValue]]:
    yield way, value
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _ways(part, f"{way}.{name}")
            yield f'{way}["{name}"]', part
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from _ways(part, f"{way}[{place}]")


def _uses(way: str, value: JsonValue) -> list[str]:
    """Return what is right to ask of a value of this kind."""
    match value:
        case None:
            return [f"{way} == null"]
        case bool():
            return [f"{way} || false", f"{way} == {str(value).lower()}"]
        case int() | float():
            return [f"{way} > 0", f"{way} == {value}", f"string({way})"]
        case str():
            return [f"{way}.size() > 0", f'{way} == "{value}"', f'{way} in ["{value}"]']
        case list():
            return [f"size({way}) > 0", f"{way}.all(i, true)"]
        case dict():
            return [f"size({way}) > 0", f'"a" in {way}']


@same_examples
@given(st.one_of(described(), depending()), st.data())
def test_what_a_fitting_value_has_can_be_read(one: Described, data: st.DataObject) -> None:
    try:
        validator = SchemaValidator(one.schema)
    except SchemaRefused:
        return
    value = data.draw(one.values)
    assume(validator.fits(value))
    found = type_of_schema(one.schema)
    assert _possible(value, found), found
    for way, part in _ways(value, "v"):
        for source in (way, *_uses(way, part)):
            findings = check(source, Scope({"v": found}), None).findings
            wrong = [finding for finding in findings if finding.severity is Severity.ERROR or finding.code == Code.NEVER_EQUAL]
            assert not wrong, (source, wrong)
