"""Strategies for JSON Schemas together with values made to fit them, as documents describe payloads.

Used by the test that the checker never gives a false alarm. Every field of a value is one that the schema declares: naming one that
it does not is a mistake on purpose.
"""

from dataclasses import dataclass

from hypothesis import strategies as st

from attune_core.values import JsonObject, JsonValue

_NAMES = ("a", "b", "c", "d")
_TEXTS = st.sampled_from(["", "x", "high", "2026-01-02T03:04:05Z", "PT1H"])
_NUMBERS = st.integers(-2, 5)


@dataclass(frozen=True)
class Described:
    """A schema, and values that probably fit it; whether one does is asked of the validator."""

    schema: JsonObject
    values: st.SearchStrategy[JsonValue]


def _leaf() -> st.SearchStrategy[Described]:
    scalars: list[JsonValue] = ["high", "x", 1, 2, True, False, None]
    enums = st.lists(st.sampled_from(scalars), min_size=1, max_size=4)
    return st.one_of(
        st.just(Described({"type": "string"}, _TEXTS)),
        st.just(Described({"type": "string", "format": "date-time"}, st.just("2026-01-02T03:04:05Z"))),
        st.just(Described({"type": "string", "format": "duration"}, st.just("PT1H"))),
        st.just(Described({"type": "integer"}, _NUMBERS)),
        st.just(Described({"type": "number"}, st.one_of(_NUMBERS, st.sampled_from([0.5, 1.5])))),
        st.just(Described({"type": "boolean"}, st.booleans())),
        st.just(Described({"type": ["string", "null"]}, st.one_of(st.none(), _TEXTS))),
        st.just(Described({}, st.one_of(st.none(), _NUMBERS, _TEXTS))),
        enums.map(lambda some: Described({"enum": some}, st.sampled_from(some))),
        st.sampled_from(scalars).map(lambda one: Described({"const": one}, st.just(one))),
    )


@st.composite
def _objects(draw: st.DrawFn, inner: st.SearchStrategy[Described]) -> Described:
    fields = draw(st.dictionaries(st.sampled_from(_NAMES), inner, min_size=1, max_size=3))
    required = draw(st.lists(st.sampled_from(sorted(fields)), unique=True))
    schema: JsonObject = {"type": "object", "properties": {name: one.schema for name, one in fields.items()}, "required": [*required]}
    if draw(st.booleans()):
        schema["additionalProperties"] = draw(st.sampled_from([False, True]))
    return Described(schema, _fields(fields, required))


def _fields(fields: dict[str, Described], required: list[str]) -> st.SearchStrategy[JsonValue]:
    values = {name: one.values for name, one in fields.items()}
    optional = {name: one for name, one in values.items() if name not in required}
    return st.fixed_dictionaries({name: values[name] for name in required}, optional=optional).map(dict[str, JsonValue])


@st.composite
def _lists(draw: st.DrawFn, inner: st.SearchStrategy[Described]) -> Described:
    first = draw(st.lists(inner, max_size=3))
    rest = draw(st.one_of(st.none(), inner))
    schema: JsonObject = {"type": "array"}
    if first:
        schema["prefixItems"] = [one.schema for one in first]
    schema["items"] = False if rest is None and first else rest.schema if rest is not None else {}
    tail = st.lists(rest.values, max_size=2) if rest is not None else st.just([])
    return Described(schema, st.tuples(st.tuples(*(one.values for one in first)), tail).map(lambda both: [*both[0], *both[1]]))


@st.composite
def _maps(draw: st.DrawFn, inner: st.SearchStrategy[Described]) -> Described:
    one = draw(inner)
    schema: JsonObject = {"type": "object", "additionalProperties": one.schema}
    if draw(st.booleans()):
        schema = {"type": "object", "patternProperties": {"^[ab]": one.schema}, "additionalProperties": draw(st.booleans())}
    if draw(st.booleans()):
        schema["propertyNames"] = {"enum": ["a", "b"]}
    return Described(schema, st.dictionaries(st.sampled_from(["a", "b"]), one.values, max_size=2).map(dict[str, JsonValue]))


@st.composite
def _alternatives(draw: st.DrawFn, inner: st.SearchStrategy[Described]) -> Described:
    parts = draw(st.lists(inner, min_size=1, max_size=3))
    schemas: list[JsonValue] = [one.schema for one in parts]
    return Described({draw(st.sampled_from(["anyOf", "oneOf"])): schemas}, st.one_of([one.values for one in parts]))


@st.composite
def _composed(draw: st.DrawFn, inner: st.SearchStrategy[Described]) -> Described:
    """An object said in several places: itself, all of, a reference, one of several, and depending on its own values."""
    base = draw(_objects(inner))
    parts = draw(st.lists(_objects(inner), min_size=1, max_size=3))
    schema: JsonObject = {**base.schema}
    schema.pop("additionalProperties", None)
    loose = [{key: value for key, value in one.schema.items() if key != "additionalProperties"} for one in parts]
    names = st.lists(st.sampled_from(_NAMES), max_size=2)
    match draw(st.sampled_from(["allOf", "anyOf", "then", "$ref", "dependentSchemas", "nested", "needing"])):
        case "allOf" | "anyOf" as key:
            schema[key] = [*loose]
        case "then":
            schema |= {"if": {"required": [draw(st.sampled_from(_NAMES))]}, "then": loose[0], "else": loose[-1]}
        case "$ref":
            schema |= {"$ref": "#/$defs/part", "$defs": {"part": loose[0]}}
        case "dependentSchemas":
            schema["dependentSchemas"] = {draw(st.sampled_from(_NAMES)): loose[0]}
        case "nested":
            schema["allOf"] = [{"if": {"required": [draw(st.sampled_from(_NAMES))]}, "then": loose[0]}, {"required": [*draw(names)]}]
        case _:
            schema["oneOf"] = [{"required": [*draw(names)]}, {**loose[0], "type": "object"}]
    each = [st.tuples(base.values, one.values).map(_merged) for one in parts]
    every = st.tuples(base.values, *(one.values for one in parts)).map(_merged)
    return Described(schema, st.one_of(base.values, *each, every))


def _merged(values: tuple[JsonValue, ...]) -> JsonValue:
    found: dict[str, JsonValue] = {}
    for value in values:
        found |= value if isinstance(value, dict) else {}
    return found


def _extend(inner: st.SearchStrategy[Described]) -> st.SearchStrategy[Described]:
    return st.one_of(_objects(inner), _lists(inner), _maps(inner), _alternatives(inner), _composed(inner))


@st.composite
def depending(draw: st.DrawFn) -> Described:
    """Return an object with fields that only conditions declare, each in its own way; at most one of them is there."""
    base = draw(_objects(_leaf()))
    kinds: list[JsonValue] = ["high", "x", 1]
    added = {name: draw(st.lists(_extend(_leaf()), min_size=len(kinds), max_size=len(kinds))) for name in ("p", "q")}
    parts: list[JsonValue] = [
        {
            "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
            "then": {
                "properties": {name: some[place].schema for name, some in added.items()},
                "required": [*draw(st.sampled_from([[], ["p"]]))],
            },
        }
        for place, kind in enumerate(kinds)
    ]
    schema = {**base.schema, "allOf": parts}
    schema.pop("additionalProperties", None)
    fields = [
        st.fixed_dictionaries({"kind": st.just(kind), "p": added["p"][place].values, "q": added["q"][place].values})
        for place, kind in enumerate(kinds)
    ]
    return Described(schema, st.tuples(base.values, st.one_of(fields)).map(_merged))


def described() -> st.SearchStrategy[Described]:
    """Return schemas with values for them."""
    return _extend(st.recursive(_leaf(), _extend, max_leaves=6))
