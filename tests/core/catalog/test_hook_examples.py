"""The example packs of services against the payloads that these services document, kept in examples/payloads."""

import json
from pathlib import Path

import pytest

from attune_core.catalog.catalog import Catalog
from attune_core.catalog.folder_tree import FolderTree
from attune_core.catalog.load import load
from attune_core.rule_tests.judging import judge
from attune_core.shipped import shipped
from attune_core.values import JsonObject, JsonValue, parse_json

HOOKS = shipped("examples") / "hooks"
PAYLOADS = sorted((shipped("examples") / "payloads").glob("*.json"))


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    loaded = load(FolderTree(HOOKS))
    assert loaded.catalog is not None
    return loaded.catalog


def _payload(path: Path) -> JsonObject:
    found = parse_json(path.read_bytes())
    assert isinstance(found, dict)
    return found


def _trigger(path: Path) -> str:
    service, _, event = path.stem.partition("_")
    return f"{service}.{event}"


def _triggers(catalog: Catalog) -> set[str]:
    """Return the triggers that the examples declare."""
    return {ref for ref, trigger in catalog.triggers.items() if "/triggers/" in trigger.path}


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.stem)
def test_a_documented_payload_fits_its_trigger_and_no_other_of_its_service(catalog: Catalog, path: Path) -> None:
    fits = [ref for ref in _triggers(catalog) if catalog.triggers[ref].validator.fits(_payload(path))]
    assert fits == [_trigger(path)]


def test_every_trigger_of_the_examples_has_a_documented_payload(catalog: Catalog) -> None:
    assert {_trigger(path) for path in PAYLOADS} == _triggers(catalog)


def _without_required(payload: JsonObject, schema: JsonObject) -> list[JsonObject]:
    """Return the payload once without each of the fields that a rule can rely on."""
    required = schema["required"]
    assert isinstance(required, list)
    return [{key: value for key, value in payload.items() if key != name} for name in required]


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.stem)
def test_a_payload_that_lacks_what_rules_rely_on_fits_nothing(catalog: Catalog, path: Path) -> None:
    trigger = catalog.triggers[_trigger(path)]
    less = _without_required(_payload(path), trigger.schema)
    assert less
    assert not any(trigger.validator.fits(one) for one in less)


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: path.stem)
def test_fields_that_a_service_adds_later_make_no_dead_letters(catalog: Catalog, path: Path) -> None:
    def grown(value: JsonValue) -> JsonValue:
        if isinstance(value, list):
            return [grown(item) for item in value]
        if not isinstance(value, dict) or not value or all(isinstance(one, str | float | int) for one in value.values()):
            return value  # a map of labels or values, which has texts or numbers alone
        return {**{key: grown(one) for key, one in value.items()}, "added_later": {"a": [1]}}

    data = grown(_payload(path))
    assert json.dumps(data).count("added_later") > 0
    assert catalog.triggers[_trigger(path)].validator.misfits(data) == ()


def test_the_rule_tests_of_the_examples_pass_and_fire_every_rule() -> None:
    loaded = load(FolderTree(HOOKS))
    assert loaded.catalog is not None
    cases = [case for test in loaded.tests for case in test.model.cases]
    assert len(cases) == 12
    verdicts = [judge(case, loaded.catalog) for case in cases]
    assert [verdict.failures for verdict in verdicts if verdict.failures] == []
    assert {rule for verdict in verdicts for rule in verdict.fired} == set(loaded.catalog.rules)
