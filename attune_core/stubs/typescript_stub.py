"""A TypeScript declaration file with the types of an action's input and result; JavaScript reads it through JSDoc as well.

Called by `attune action types`; what no schema says is `unknown`.
"""

import json
import re
from collections.abc import Mapping

from attune_core.expressions.types import (
    Bool,
    Double,
    Dyn,
    Field,
    Int,
    List,
    Map,
    Null,
    Object,
    OneOf,
    Secret,
    String,
    Type,
    union,
)
from attune_core.stubs.names import Names

_PLAIN: Mapping[type[Type], str] = {Null: "null", Double: "number", Int: "number", Bool: "boolean", Secret: "string", Dyn: "unknown"}
_KEY = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*", re.ASCII)


def typescript_stub(title: str, roots: Mapping[str, Type]) -> str:
    """Return the file; `roots` are the names that it is imported by (`Input`, `Result`), `title` its first comment."""
    writer = _Writer()
    for name in roots:
        writer.names.take(name)
    for name, one in roots.items():
        writer.root(name, one)
    return f"// {title}\n\n" + "\n\n".join(writer.blocks) + "\n"


class _Writer:
    def __init__(self) -> None:
        self.names = Names()
        self.blocks: list[str] = []

    def root(self, name: str, one: Type) -> None:
        if isinstance(one, Object):
            self._object(name, one)
        else:
            self.blocks.append(f"export type {name} = {self._type(one, name, 'value')};")

    def _type(self, one: Type, parent: str, field: str) -> str:
        match one:
            case OneOf(members):
                text = " | ".join(dict.fromkeys(self._type(member, parent, field) for member in members))
            case String(choices) | Int(choices) | Bool(choices) if choices:
                text = " | ".join(map(json.dumps, choices))
            case String():
                text = "string"
            case List(item, first, closed):
                text = f"Array<{self._type(union(first if closed and first else (*first, item)), parent, field)}>"
            case Map(value):
                text = f"Record<string, {self._type(value, parent, field)}>"
            case Object(fields) if not fields:
                text = "Record<string, unknown>"
            case Object():
                name = self.names.give(parent, field)
                self._object(name, one)
                text = name
            case _:
                text = _PLAIN.get(type(one), "unknown")
        return text

    def _object(self, name: str, one: Object) -> None:
        lines = [f"  {self._key(key, field)}: {self._type(field.type, name, key)};" for key, field in one.fields.items()]
        self.blocks.append("\n".join([f"export interface {name} {{", *lines, "}"]))

    def _key(self, key: str, field: Field) -> str:
        shown = key if _KEY.fullmatch(key) else json.dumps(key)
        return shown if field.required and not field.depends else f"{shown}?"
