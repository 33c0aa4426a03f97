"""Lists and objects with `${{ }}` in the texts inside them: each text checked against what its place takes, rendered per event.

Called by the catalog for a rule's input; `template` does the texts. A secret never stands inside one: it is a whole parameter.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from attune_core.expressions.check import Scope
from attune_core.expressions.inference.infer import literal_type
from attune_core.expressions.template import CheckedTemplate, check_template
from attune_core.expressions.types import DYN, Field, List, Map, Object, Type, members, union
from attune_core.values import JsonValue

#: Keys and indexes from the structure's top.
Inside: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, eq=False)
class CheckedStructure:
    """A checked list or object. `type` is that of the rendered value; `templates` are the texts with expressions, by their places."""

    type: Type
    templates: Mapping[Inside, CheckedTemplate]
    value: JsonValue = field(repr=False)

    def render(self, activation: Mapping[str, JsonValue]) -> JsonValue:
        """Return the value for these variables; `ExpressionFailed` if there is none. One with errors is never rendered."""
        return self._rendered(self.value, (), activation)

    def _rendered(self, value: JsonValue, place: Inside, activation: Mapping[str, JsonValue]) -> JsonValue:
        if (template := self.templates.get(place)) is not None:
            return template.render(activation)
        if isinstance(value, dict):
            return {key: self._rendered(one, (*place, key), activation) for key, one in value.items()}
        if isinstance(value, list):
            return [self._rendered(one, (*place, index), activation) for index, one in enumerate(value)]
        return value


def template_places(value: JsonValue, place: Inside = ()) -> Iterator[Inside]:
    """Yield the places of the texts with `${{` in a value, in the order they are written."""
    if isinstance(value, str):
        if "${{" in value:
            yield place
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from template_places(one, (*place, key))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from template_places(one, (*place, index))


def check_structure(value: JsonValue, scope: Scope, expected: Type) -> CheckedStructure:
    """Check every text inside a list or object whose place takes `expected`; findings are those of the templates."""
    templates: dict[Inside, CheckedTemplate] = {}
    found = _check(value, (), scope, expected, templates)
    return CheckedStructure(found, templates, value)


def _check(value: JsonValue, place: Inside, scope: Scope, expected: Type, templates: dict[Inside, CheckedTemplate]) -> Type:
    if isinstance(value, dict):
        below = {key: _check(one, (*place, key), scope, _field_of(expected, key), templates) for key, one in value.items()}
        return Object({key: Field(one, required=True) for key, one in below.items()}, closed=True)
    if isinstance(value, list):
        items = tuple(_check(one, (*place, index), scope, _item_of(expected, index), templates) for index, one in enumerate(value))
        return List(union(items), items, closed=True)
    if isinstance(value, str) and "${{" in value:
        #: `DYN` and not None where nothing is known: a place that takes any value still takes no secret.
        templates[place] = check_template(value, scope, expected)
        return templates[place].type
    return literal_type(value)


def _field_of(expected: Type, key: str) -> Type:
    found: list[Type] = []
    for member in members(expected):
        if isinstance(member, Object):
            declared = member.fields.get(key)
            found.append(declared.type if declared is not None else member.extra or DYN)
        elif isinstance(member, Map):
            found.append(member.value)
        else:
            found.append(DYN)
    return union(found)


def _item_of(expected: Type, index: int) -> Type:
    return union(
        (member.first[index] if index < len(member.first) else member.item) if isinstance(member, List) else DYN
        for member in members(expected)
    )
