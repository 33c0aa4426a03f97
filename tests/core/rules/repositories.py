"""Catalogs for tests of rules: the base of the validation cases with rules of the test's own, and events for it."""

from collections.abc import Mapping

from attune_core.catalog.catalog import Catalog
from attune_core.catalog.load import load
from attune_core.rules.recorded import RecordedEvent
from attune_core.values import JsonObject, JsonValue, canonical_json
from tests.core.catalog.memory_tree import MemoryTree, tree_of_folder
from tests.core.catalog.test_cases import CASES

#: An alert as the base's trigger declares it.
ALERT: JsonObject = {"unit": "web_1", "severity": "high", "host": "h7"}


_RECOVERED: JsonObject = {
    "description": "What was alerted is well again",
    "data": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
}


def catalog_with(*, also: Mapping[str, JsonObject] | None = None, **rules: JsonObject) -> Catalog:
    """Return the base's catalog with these rules in the pack `web`, and no others, with `web.recovered` and what `also` has."""
    files = {path: content for path, content in tree_of_folder(CASES / "base").files.items() if "rules/" not in path}
    files["packs/web/triggers/recovered.yaml"] = canonical_json(_RECOVERED).encode()
    files |= {path: canonical_json(document).encode() for path, document in (also or {}).items()}
    for name, keys in rules.items():
        rule: JsonObject = {
            "description": "R",
            "trigger": "web.alert",
            "action": "web.page",
            "input": {"text": "${{ event.data.unit }}"},
            "agents": {"match": {"role": "pager"}},
        }
        files[f"packs/web/rules/{name}.yaml"] = canonical_json(rule | keys).encode()
    loaded = load(MemoryTree(files))
    assert loaded.catalog is not None, loaded.problems
    return loaded.catalog


def event(number: int, data: JsonValue = None, *, at: float = 1000.0, kind: str = "web.alert") -> RecordedEvent:
    """Return one event; its data are an alert unless they are given."""
    return RecordedEvent(
        id=str(number), source="test", type=kind, subject="", time=at, received_at=at, data=ALERT if data is None else data, position=number
    )
