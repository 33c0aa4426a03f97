"""Writes schemas/*.json, the JSON Schemas that editors check documents with; `python -m attune_core.models.schema_export` does it.

A test fails when the committed files differ from what the models say.
"""

import json
from pathlib import Path

from attune_core.models.action import ActionDocument
from attune_core.models.base import DIALECT, DocumentModel
from attune_core.models.pack import PackDocument
from attune_core.models.repository import RepositoryDocument
from attune_core.models.rule import RuleDocument
from attune_core.models.rule_test import RuleTestDocument
from attune_core.models.sensor import SensorDocument
from attune_core.models.timer import TimerDocument
from attune_core.models.trigger import TriggerDocument
from attune_core.models.webhook import WebhookDocument
from attune_core.quantities import DURATION_PATTERN, SIZE_PATTERN, show_duration
from attune_core.report import Report
from attune_core.values import JsonValue

DOCUMENTS: tuple[type[DocumentModel], ...] = (
    ActionDocument,
    PackDocument,
    RepositoryDocument,
    RuleDocument,
    RuleTestDocument,
    SensorDocument,
    TimerDocument,
    TriggerDocument,
    WebhookDocument,
)
FOLDER = Path(__file__).resolve().parents[2] / "schemas"


def exported() -> dict[str, str]:
    """Return file name -> text for every kind of document that people write, and for the report that programs read."""
    found: dict[str, str] = {}
    for model in DOCUMENTS:
        schema = _plain(model.model_json_schema(by_alias=True))
        whole = {"$schema": DIALECT, "title": f"Attune {model.KIND}", **schema}
        found[f"{model.KIND}.json"] = json.dumps(whole, indent=2, ensure_ascii=True) + "\n"
    report = {"$schema": DIALECT, **Report.model_json_schema(mode="serialization"), "title": "Attune report"}
    found["report.json"] = json.dumps(report, indent=2, ensure_ascii=True) + "\n"
    return found


def _plain(schema: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Return a schema as documents mean it: no generated titles, no null (a key is given or left out), defaults as people write them."""
    plain: dict[str, JsonValue] = {}
    for key, value in schema.items():
        if key in ("properties", "$defs") and isinstance(value, dict):
            plain[key] = {name: _plain(one) if isinstance(one, dict) else one for name, one in value.items() if name != "JsonValue"}
        elif key == "anyOf" and isinstance(value, list):
            kept = [one for one in value if isinstance(one, dict) and one != {"type": "null"}]
            plain.update(_plain(kept[0]) if len(kept) == 1 else {"anyOf": [_plain(one) for one in kept]})
        elif key == "default":
            if value is not None:
                plain[key] = _default(value, schema.get("pattern"))
        elif key == "$ref" and value == "#/$defs/JsonValue":
            continue  # any value at all
        elif key != "title":
            plain[key] = _plain(value) if isinstance(value, dict) else value
    if "patternProperties" in plain:
        plain["additionalProperties"] = False  # a key is a name or a mistake
    return plain


def _default(value: JsonValue, pattern: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {key: item for key, item in value.items() if item is not None}
    if isinstance(value, float) and pattern == DURATION_PATTERN:
        return show_duration(value)
    if isinstance(value, int) and pattern == SIZE_PATTERN:
        return f"{value >> 20}MiB"
    return value


def main() -> None:
    """Write them all."""
    for name, text in exported().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
