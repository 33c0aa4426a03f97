"""schemas/ is what the models say, and it accepts the documents that the catalog accepts."""

import json

import pytest

from attune_core.catalog.documents import read_document
from attune_core.json_schema import SchemaValidator
from attune_core.models.schema_export import DOCUMENTS, exported
from attune_core.shipped import shipped
from attune_core.values import JsonValue
from tests.core.catalog.test_cases import CASES

KINDS = {
    "actions": "action",
    "sensors": "sensor",
    "tests": "test",
    "timers": "timer",
    "triggers": "trigger",
    "rules": "rule",
    "webhooks": "webhook",
}


def test_the_committed_schemas_are_what_the_models_say() -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in shipped("schemas").glob("*.json")}
    assert committed == exported(), "run `python -m attune_core.models.schema_export`"
    assert len(committed) == len(DOCUMENTS) + 1  # and the report


def documents() -> list[tuple[str, JsonValue]]:
    found = []
    fine = [CASES / name / "repo" for name in ("fine-sensors", "fine-timers")]
    for root in (shipped("examples") / "deploy", shipped("packs-template"), *fine):
        for path in sorted(root.rglob("*.yaml")):
            kind = {"attune.yaml": "repository", "pack.yaml": "pack"}.get(path.name) or KINDS[path.parent.name]
            document, _ = read_document(path.name, path.read_bytes())
            assert document is not None
            found.append((kind, document.value))
    return found


def test_documents_of_every_kind_fit_their_schema() -> None:
    validators = {name.removesuffix(".json"): SchemaValidator(json.loads(text)) for name, text in exported().items()}
    seen = set()
    for kind, value in documents():
        assert validators[kind].misfits(value) == ()
        seen.add(kind)
    assert seen == {model.KIND for model in DOCUMENTS}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("rule", {"description": "x", "trigger": "a.b", "action": "a.b", "agents": {}, "when": None}),
        ("rule", {"description": "x", "trigger": "a.b", "action": "a.b", "agents": {}, "input": {"Bad-Name": 1}}),
        ("rule", {"description": "x", "trigger": "a.b", "action": "ab", "agents": {}}),
        ("action", {"description": "x", "run": []}),
        ("action", {"description": "x", "run": ["a"], "rate": {}}),
        ("action", {"description": "x", "run": ["a"], "timeout": 5}),
        ("action", {"description": "x", "run": ["a"], "parameters": {"a": {"type": "strin"}}}),
        ("sensor", {"description": "x", "run": ["a"]}),
        ("sensor", {"description": "x", "run": ["a"], "emits": []}),
        ("sensor", {"description": "x", "run": ["a"], "emits": ["web.restart.completed"]}),
        ("sensor", {"description": "x", "run": ["a"], "emits": ["a.b"], "agents": {"match": {}, "pick": "any"}}),
        ("trigger", {"description": "x", "data": {"type": 5}}),
        ("timer", {"description": "x", "every": "5m", "misfire": "none"}),
        ("timer", {"description": "x", "at": []}),
        ("timer", {"description": "x", "start": "2026"}),
        ("repository", {"format": 2, "attune": ">=1"}),
        ("webhook", {"verify": "github", "secret": "hunter2", "trigger": "a.b", "allow": ["push"]}),
    ],
)
def test_a_schema_refuses_what_the_models_refuse(kind: str, value: JsonValue) -> None:
    assert not SchemaValidator(json.loads(exported()[f"{kind}.json"])).fits(value)
