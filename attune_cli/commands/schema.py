"""`attune schema`: the JSON Schemas of documents, for editors and for people.

Prints what is shipped in schemas/, explains one key of it through attune_cli.schema_words, or writes all of them for an editor.
"""

from pathlib import Path
from typing import Annotated

import typer

from attune_cli.commands.options import JsonFlag, command
from attune_cli.editor_schemas import write_schemas
from attune_cli.errors import BadArgument
from attune_cli.render.output import compact, show_fields, show_line, show_paragraph, write_json
from attune_cli.schema_words import Key, key_at, schema_kinds, schema_of

app = command()


@app.command()
def schema(
    what: Annotated[
        str | None, typer.Argument(metavar="KIND|explain|write", help="A kind of document; without it they are listed.")
    ] = None,
    where: Annotated[str | None, typer.Argument(metavar="KEY|FOLDER", help="After `explain` a key, after `write` a folder.")] = None,
    json: JsonFlag = False,
) -> None:
    """Print the JSON Schema of a kind of document, explain one key, or write all schemas into a folder for an editor.

    An event that the controller itself makes is explained like a kind: attune schema explain core.agent_unreachable.

    Example: attune schema rule

    Example: attune schema explain action.concurrency

    Example: attune schema write .attune/schemas
    """
    match what, where:
        case None, None:
            _list(json=json)
        case "explain", str():
            _explain(key_at(where), json=json)
        case "write", str():
            _write(Path(where), json=json)
        case str(), None if what not in ("explain", "write"):
            write_json(schema_of(what))
        case _:
            raise BadArgument(
                "what is to be explained or written?", hint="attune schema explain action.concurrency; attune schema write FOLDER"
            )


def _list(*, json: bool) -> None:
    if json:
        write_json([*schema_kinds()])
        return
    for kind in schema_kinds():
        show_line(kind)


def _write(folder: Path, *, json: bool) -> None:
    written = [path.as_posix() for path in write_schemas(folder)]
    if json:
        write_json([*written])
        return
    for path in written:
        show_line(f"wrote {path}")


def _explain(key: Key, *, json: bool) -> None:
    if json:
        write_json({"key": key.path, "required": key.required, "schema": key.schema})
        return
    show_line(key.path)
    show_paragraph(str(key.schema.get("description", "")))
    fields = [("takes", key.takes()), ("without it", _without(key))]
    examples = key.schema.get("examples")
    fields += [("example", compact(one)) for one in examples[:1]] if isinstance(examples, list) else []
    show_line("")
    show_fields(fields)
    if inside := key.children():
        show_line("")
        show_fields([(_name(name, child), str(child.schema.get("description", ""))) for name, child in inside.items()])


def _name(name: str, key: Key) -> str:
    return f"{name} (required)" if key.required else name


def _without(key: Key) -> str:
    if "default" in key.schema:
        return compact(key.schema["default"])
    return "the document is refused" if key.required else "nothing"
