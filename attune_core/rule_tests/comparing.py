"""Comparing: an execution as it is expected and as it would be, field by field; pure.

Called by `judging` for each expectation that a firing meets.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from attune_core.models.rule_test import Expectation, secret_of
from attune_core.rules.firing import Fired
from attune_core.values import JsonObject, JsonValue, canonical_json, parse_json


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One field: its place below the expectation, and both values as JSON text; an empty text is a field that is not there."""

    place: tuple[str | int, ...]
    expected: str
    actual: str


def differences(expected: Expectation, fired: Fired) -> tuple[Difference, ...]:
    """Return what differs, in the order in which it stands in a document; what the expectation leaves out is not looked at."""
    found: list[Difference] = []
    actual = execution_of(fired)
    if expected.action is not None:
        found.extend(compare(expected.action, actual["action"], ("action",)))
    if expected.input is not None:
        found.extend(compare(_expected_input(expected.input, fired), actual["input"], ("input",)))
    if expected.agents is not None:
        found.extend(compare({**expected.agents}, actual["agents"], ("agents",)))
    if expected.key is not None:
        found.extend(compare(expected.key, actual["key"], ("key",)))
    return tuple(found)


def compare(expected: JsonValue, actual: JsonValue, place: tuple[str | int, ...]) -> Iterator[Difference]:
    """Yield where two values differ; a list of another length differs as a whole."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in dict.fromkeys((*expected, *actual)):
            if key not in actual:
                yield Difference(place=(*place, key), expected=canonical_json(expected[key]), actual="")
            elif key not in expected:
                yield Difference(place=(*place, key), expected="", actual=canonical_json(actual[key]))
            else:
                yield from compare(expected[key], actual[key], (*place, key))
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for index, (one, other) in enumerate(zip(expected, actual, strict=True)):
            yield from compare(one, other, (*place, index))
    elif isinstance(expected, bool) is not isinstance(actual, bool) or expected != actual:
        yield Difference(place=place, expected=canonical_json(expected), actual=canonical_json(actual))


def execution_of(fired: Fired) -> JsonObject:
    """Return what an expectation can say of an execution, under the keys by which it says it."""
    return {
        "action": fired.action.ref,
        "input": whole_input(fired),
        "agents": {**fired.filled.match},
        "key": parse_json(fired.filled.key.encode()),
    }


def whole_input(fired: Fired) -> JsonObject:
    """Return the input with each secret as its SecretRef."""
    references = {name: f"${{{{ secrets.{secret} }}}}" for name, secret in fired.filled.secrets.items()}
    return {**fired.filled.input, **references}


def input_to_write(written: Mapping[str, JsonValue], fired: Fired) -> JsonObject:
    """Return the whole input as an expectation has to say it: a default that is not written now need not be."""
    defaults = _defaults(fired)
    given = whole_input(fired).items()
    return {name: one for name, one in given if name in written or name not in defaults or defaults[name] != one}


def same_reason(one: str, other: str) -> bool:
    """Tell whether two clauses are the same but for how they are spaced."""
    return " ".join(one.split()) == " ".join(other.split())


def _expected_input(written: Mapping[str, JsonValue], fired: Fired) -> JsonObject:
    return {**_defaults(fired), **{name: _plain(value) if name in fired.filled.secrets else value for name, value in written.items()}}


def _defaults(fired: Fired) -> JsonObject:
    return {name: one.default for name, one in fired.action.document.parameters.items() if one.has_default and not one.secret}


def _plain(value: JsonValue) -> JsonValue:
    """Return a SecretRef in the one way of writing it."""
    name = secret_of(value)
    return f"${{{{ secrets.{name} }}}}" if name else value
