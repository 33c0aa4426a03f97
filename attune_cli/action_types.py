"""The types of an action's input and result, as a file beside the action; pack authors get completion and checks from it.

Called by `attune action types` and, for a new action, by `new_program`; attune_core.stubs writes the text.
"""

from pathlib import Path

from attune_cli.languages import TypesFor
from attune_core.catalog.scopes import parameter_types
from attune_core.expressions.schema_types import type_of_schema
from attune_core.expressions.types import DYN, Field, Object, Type
from attune_core.models.action import ActionDocument
from attune_core.stubs.python_stub import python_stub
from attune_core.stubs.typescript_stub import typescript_stub

SUFFIXES: dict[TypesFor, str] = {"python": ".py", "typescript": ".d.ts"}


def types_text(ref: str, action: ActionDocument, language: TypesFor) -> str:
    """Return the file's text."""
    types = parameter_types(action.parameters)
    fields = {name: Field(types[name], required=one.required or one.has_default) for name, one in action.parameters.items()}
    roots: dict[str, Type] = {"Input": Object(fields, closed=True)}
    if action.result is not None:
        schema = action.result.value_schema
        roots["Result"] = DYN if schema is None else type_of_schema(schema)
    title = f"Types of {ref}, made by `attune action types {ref} --language {language}`."
    return python_stub(title, roots) if language == "python" else typescript_stub(title, roots)


def types_path(actions: Path, name: str, language: TypesFor) -> Path:
    """Return where the file stands: beside the action's document."""
    return actions / f"{name}_types{SUFFIXES[language]}"
