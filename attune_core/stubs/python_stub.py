"""A Python module with the types of an action's input and result: TypedDicts, which any type checker reads and which cost nothing.

Called by `attune action types`; what no schema says is `object`.
"""

import json
import keyword
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

_PLAIN: Mapping[type[Type], str] = {Null: "None", Double: "float", Secret: "str", Dyn: "object"}


def python_stub(title: str, roots: Mapping[str, Type]) -> str:
    """Return the module; `roots` are the names that it is imported by (`Input`, `Result`), `title` its docstring."""
    writer = _Writer()
    for name in roots:
        writer.names.take(name)
    for name, one in roots.items():
        writer.root(name, one)
    body = "\n\n\n".join(writer.blocks)
    names = [name for name in ("Literal", "TypeAlias", "TypedDict") if name in body]
    head = [f'"""{title}"""', "", "from __future__ import annotations", ""]
    if "NotRequired[" in body:
        # No module of the standard library has it before 3.11, and an action's interpreter may be older; only type checkers need it.
        head += [
            f"from typing import {', '.join(['TYPE_CHECKING', *names])}",
            "",
            "if TYPE_CHECKING:",
            "    from typing import NotRequired",
        ]
    else:
        head += [f"from typing import {', '.join(names)}"]
    return "\n".join(head) + f"\n\n\n{body}\n"


class _Writer:
    """The classes, inner ones first, so that every name is defined before it is used."""

    def __init__(self) -> None:
        self.names = Names()
        self.blocks: list[str] = []

    def root(self, name: str, one: Type) -> None:
        if isinstance(one, Object):
            self._object(name, one)
        else:
            text = self._type(one, name, "value")
            self.blocks.append(f'{name}: TypeAlias = "{text}"')

    def _type(self, one: Type, parent: str, field: str) -> str:
        match one:
            case OneOf(members):
                text = " | ".join(dict.fromkeys(self._type(member, parent, field) for member in members))
            case String(choices) | Int(choices) | Bool(choices) if choices:
                text = f"Literal[{', '.join(map(_literal, choices))}]"
            case String():
                text = "str"
            case Int():
                text = "int"
            case Bool():
                text = "bool"
            case List(item, first, closed):
                kinds = first if closed and first else (*first, item)
                text = f"list[{self._type(union(kinds), parent, field)}]"
            case Map(value):
                text = f"dict[str, {self._type(value, parent, field)}]"
            case Object(fields) if not fields:
                text = "dict[str, object]"
            case Object():
                name = self.names.give(parent, field)
                self._object(name, one)
                text = name
            case _:
                text = _PLAIN.get(type(one), "object")
        return text

    def _object(self, name: str, one: Object) -> None:
        types = {key: self._field(field, name, key) for key, field in one.fields.items()}
        if all(key.isidentifier() and not keyword.iskeyword(key) for key in types):
            body = "\n".join(f"    {key}: {text}" for key, text in types.items()) or "    pass"
            self.blocks.append(f"class {name}(TypedDict):\n{body}")
        else:
            fields = "\n".join(f"        {json.dumps(key)}: {json.dumps(text)}," for key, text in types.items())
            self.blocks.append(f'{name} = TypedDict(\n    "{name}",\n    {{\n{fields}\n    }},\n)')

    def _field(self, field: Field, parent: str, key: str) -> str:
        text = self._type(field.type, parent, key)
        return text if field.required and not field.depends else f"NotRequired[{text}]"


def _literal(choice: str | int) -> str:
    return json.dumps(choice) if isinstance(choice, str) else repr(choice)
