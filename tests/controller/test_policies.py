"""Policies: what an action's document says is what its agent is told, under the active revision."""

from attune_controller.policies import policy_of
from attune_core.catalog.catalog import Action, Catalog
from attune_core.catalog.load import load
from attune_core.rules.filling import complete_input, filled
from attune_core.states import Outcome
from attune_core.values import JsonObject, JsonValue, canonical_json
from attune_core.wire.assignment import Policy, Rate, Retry
from tests.core.catalog.memory_tree import MemoryTree, tree_of_folder
from tests.core.catalog.test_cases import CASES


def action(**keys: JsonValue) -> Action:
    """Return an action with two parameters and these keys besides."""
    document: JsonObject = {
        "description": "A",
        "run": ["./page.sh"],
        "parameters": {"unit": {"type": "string"}, "team": {"type": "string"}},
    }
    files = {path: content for path, content in tree_of_folder(CASES / "base").files.items() if "rules/" not in path}
    files["packs/web/actions/tried.yaml"] = canonical_json(document | keys).encode()
    loaded = load(MemoryTree(files))
    assert isinstance(loaded.catalog, Catalog), loaded.problems
    return loaded.catalog.actions["web.tried"]


def test_every_word_of_the_document_is_in_the_policy() -> None:
    found = policy_of(
        action(
            timeout="5m",
            start_within="24h",
            concurrency={"limit": 2, "when_busy": "skip"},
            rate={"limit": 10, "per": "1m"},
            retry={"maximum_attempts": 3, "after": ["failed"], "place": "tail", "initial_interval": "2s", "maximum_interval": "1m"},
        )
    )
    retry = Retry(maximum_attempts=3, after=(Outcome.FAILED,), place="tail", initial_interval=2, maximum_interval=60)
    rate = Rate(limit=10, per=60)
    assert found == Policy(limit=2, when_busy="skip", rate=rate, start_within=86_400, timeout=300, retry=retry)


def test_without_any_words_there_is_one_at_a_time_and_no_bound_of_time() -> None:
    found = policy_of(action())
    assert (found.limit, found.when_busy, found.rate, found.start_within, found.retry.place) == (1, "queue", None, None, "keep")


def test_a_rate_of_the_fleet_is_not_the_agents_to_count() -> None:
    rate: JsonObject = {"limit": 10, "per": "1m"}
    assert policy_of(action(rate=rate | {"scope": "fleet"})).rate is None
    assert policy_of(action(rate=rate, concurrency={"scope": "fleet"})).rate is None
    assert policy_of(action(rate=rate | {"scope": "agent"}, concurrency={"scope": "fleet"})).rate == Rate(limit=10, per=60)


def test_the_keys_of_queue_and_rate_are_rendered_apart() -> None:
    found = action(
        concurrency={"limit": 1, "key": "${{ parameters.unit }}"}, rate={"limit": 1, "per": "1s", "key": "${{ parameters.team }}"}
    )
    whole = filled(found, complete_input(found, {"unit": "u", "team": "t"}), secrets={}, match={})
    assert (whole.key, whole.rate_key) == ('"u"', '"t"')
    plain = action(rate={"limit": 1, "per": "1s"})
    whole = filled(plain, complete_input(plain, {"unit": "u", "team": "t"}), secrets={}, match={})
    assert (whole.key, whole.rate_key) == ("null", "")
