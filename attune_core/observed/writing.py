"""Writing an inferred schema down as a trigger's document, the notes as comments on the lines that they are about; pure.

Called by `attune trigger infer`; what it writes passes `attune validate`.
"""

from collections.abc import Iterator

from attune_core.catalog.written_yaml import flow, scalar_text
from attune_core.observed.inferring import Notes
from attune_core.values import JsonObject, JsonValue

#: Columns up to which a schema without fields of its own is written on one line.
WIDTH = 110
_BELOW = ("items", "additionalProperties")


def trigger_document(trigger: str, events: int, schema: JsonObject, notes: Notes) -> str:
    """Return the text of the document."""
    seen = f"{events} events; the comments say what they do not decide" if events > 1 else "one event, which says little about others"
    lines = [
        f"# Inferred from {seen}.",
        f"description: {scalar_text(f'Events of {trigger}')}" if trigger else "description: Events",
        "data:" + _comment(notes.get((), [])),
        *_lines(schema, "  ", (), notes),
    ]
    return "\n".join(lines) + "\n"


def _lines(schema: JsonObject, indent: str, place: tuple[str, ...], notes: Notes) -> Iterator[str]:
    for keyword, value in schema.items():
        if keyword == "properties" and isinstance(value, dict):
            yield f"{indent}properties:"
            for name, one in value.items():
                yield from _member(name, one, f"{indent}  ", (*place, "properties", name), notes)
        elif keyword in _BELOW and isinstance(value, dict):
            yield from _member(keyword, value, indent, (*place, keyword), notes)
        else:
            yield f"{indent}{keyword}: {flow(value)}"


def _member(name: str, schema: JsonValue, indent: str, place: tuple[str, ...], notes: Notes) -> Iterator[str]:
    line = f"{indent}{scalar_text(name)}: {flow(schema)}"
    if not isinstance(schema, dict) or (len(line) <= WIDTH and not _has_fields(schema)) or not schema:
        inside = [note for at, said in notes.items() if at[: len(place)] == place for note in said]
        yield line + _comment(inside)
        return
    yield f"{indent}{scalar_text(name)}:" + _comment(notes.get(place, []))
    yield from _lines(schema, f"{indent}  ", place, notes)


def _has_fields(schema: JsonObject) -> bool:
    """Tell whether a schema has properties, itself or in what its lists and maps hold."""
    below = [one for key in _BELOW if isinstance(one := schema.get(key), dict)]
    return "properties" in schema or any(_has_fields(one) for one in below)


def _comment(notes: list[str]) -> str:
    return f"  # {'; '.join(notes)}" if notes else ""
