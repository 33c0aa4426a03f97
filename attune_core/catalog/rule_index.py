"""Index: the rules on one trigger that could match an event, found by the value of a field instead of one by one; pure.

Built by the Catalog when the first event comes, asked by `rules.candidates` for each. Exact, not a guess: a rule that is left out has a
clause that is false, which makes its condition false without an error; where the field is missing the condition may fail, so the rule
is asked (decision 0013).
"""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from attune_core.values import JsonObject, JsonValue

if TYPE_CHECKING:
    from attune_core.catalog.catalog import Rule
    from attune_core.expressions.runtime.equalities import Equality

_Way: TypeAlias = tuple[str, ...]
_Scalar: TypeAlias = bool | int | float | str | None
_SCALARS = (bool, int, float, str, type(None))


class RuleIndex:
    """The rules of one trigger, in the order in which they are evaluated."""

    def __init__(self, rules: "Sequence[Rule]") -> None:
        """Take the rules; each is found by the equality whose field is compared with the most values over all rules."""
        self._rules = tuple(rules)
        self._always: list[int] = []
        self._fields: dict[_Way, _Field] = {}
        equalities = [() if rule.when is None else rule.when.equalities for rule in self._rules]
        spread = Counter(way for way, _ in {(one.keys, value) for found in equalities for one in found for value in one.values})
        for place, found in enumerate(equalities):
            if found:
                best = max(found, key=lambda one: spread[one.keys])
                self._fields.setdefault(best.keys, _Field()).add(place, best)
            else:
                self._always.append(place)

    def candidates(self, activation: JsonObject) -> "Sequence[Rule]":
        """Return every rule whose condition may hold or fail with an error, in order."""
        if not self._fields:
            return self._rules
        places = list(self._always)
        for way, field in self._fields.items():
            places.extend(field.places(activation, way))
        places.sort()
        return [self._rules[place] for place in places]


class _Field:
    """The rules that are found by the value of one field."""

    def __init__(self) -> None:
        self._all: list[int] = []
        self._by_value: dict[_Scalar, list[int]] = {}

    def add(self, place: int, equality: "Equality") -> None:
        """Take a rule, which is found by each of the values."""
        self._all.append(place)
        for value in equality.values:
            self._by_value.setdefault(value, []).append(place)

    def places(self, activation: JsonObject, way: _Way) -> Sequence[int]:
        """Return the rules to ask: all of them where there is no such field."""
        value: JsonValue = activation
        for key in way:
            if not isinstance(value, dict) or key not in value:
                return self._all
            value = value[key]
        return self._by_value.get(value, ()) if isinstance(value, _SCALARS) else ()
