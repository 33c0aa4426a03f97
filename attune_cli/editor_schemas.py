"""The schemas as editors take them: beside the documents, and without a reference to anything on a network.

Called by `attune init` and `attune schema write`. The published schemas also check the JSON Schemas inside documents, by the standard's
own schema of schemas; yaml-language-server would fetch that, and without an answer check nothing at all.
"""

import json
from pathlib import Path

from attune_cli.errors import OutputUnwritable
from attune_cli.written import rewrite
from attune_core.shipped import shipped
from attune_core.values import JsonValue


def write_schemas(folder: Path) -> list[Path]:
    """Write every schema, where the `# yaml-language-server: $schema=` lines of documents look for them; return what was written."""
    try:
        return _write_all(folder)
    except OSError as error:
        raise OutputUnwritable(f"{error.filename}: {error.strerror}") from error


def _write_all(folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for source in sorted(shipped("schemas").glob("*.json")):
        place = folder / source.name
        schema = _local(json.loads(source.read_text(encoding="utf-8")))
        rewrite(place, (json.dumps(schema, indent=2, ensure_ascii=True) + "\n").encode())
        written.append(place)
    return written


def _local(schema: JsonValue) -> JsonValue:
    if isinstance(schema, list):
        return [_local(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _local(value) for key, value in schema.items() if not (key == "allOf" and _leads_away(value))}


def _leads_away(ways: JsonValue) -> bool:
    return isinstance(ways, list) and any(isinstance(way, dict) and "://" in str(way.get("$ref", "")) for way in ways)
