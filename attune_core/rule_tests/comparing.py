"""Comparing: an execution as it is expected and as it would be, field by field; pure.

Called by `judging` for each expectation that a firing meets.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from attune_core.models.rule_test import Expectation, secret_of
from attune_core.ports import rfc3339
from attune_core.quantities import show_duration
from attune_core.rules.firing import Fired
from attune_core.values import JsonObject, JsonValue, canonical_json, parse_json

#: How exactly two moments are the same; seconds.
_EXACT = 0.0005


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One field: its place below the expectation, and both values as JSON text; an empty text is a field that is not there."""

    place: tuple[str | int, ...]
    expected: str
    actual: str


@dataclass(frozen=True, kw_only=True)
class Happened:
    """A firing, the event's moment and its own, which differ where a throttle lets events wait; seconds of the epoch."""

    fired: Fired
    received_at: float
    fired_at: float

    def at(self) -> str:
        """Return when it fired as a document says it."""
        return rfc3339(self.fired_at)

    def after(self) -> str | None:
        """Return how long after its event it fired as a document says it, None for at once."""
        passed = self.fired_at - self.received_at
        return show_duration(passed) if passed > 0 else None


def differences(expected: Expectation, happened: Happened) -> tuple[Difference, ...]:
    """Return what differs, in the order in which it stands in a document; what the expectation leaves out is not looked at."""
    fired = happened.fired
    found = list(_times(expected, happened))
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


def _times(expected: Expectation, happened: Happened) -> Iterator[Difference]:
    if expected.at is not None and abs(expected.at - happened.fired_at) > _EXACT:
        yield Difference(place=("at",), expected=canonical_json(rfc3339(expected.at)), actual=canonical_json(happened.at()))
    if expected.after is not None and abs(expected.after - (happened.fired_at - happened.received_at)) > _EXACT:
        after = happened.after()
        yield Difference(
            place=("after",), expected=canonical_json(show_duration(expected.after)), actual=canonical_json(after) if after else ""
        )


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
