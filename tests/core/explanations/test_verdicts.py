"""Verdicts: what the event and its stored note may try to make people believe, and what is left when another catalog is asked."""

import pytest

from attune_core.catalog.catalog import Catalog
from attune_core.catalog.load import load
from attune_core.explanations.verdicts import Planned, near_triggers, verdicts_of
from attune_core.wire.explanations import Cause
from tests.core.catalog.memory_tree import MemoryTree

RULE = (
    b"description: d\ntrigger: web.alert\nwhen: event.data.unit == 'a'\naction: web.restart\ninput: {unit: a}\n"
    b"agents: {match: {role: web}}\nthrottle: {once_within: 5m}\n"
)
FILES = {
    "attune.yaml": b'format: 1\nattune: ">=0.1"\n',
    "packs/web/pack.yaml": b"name: web\nversion: 1.0.0\ndescription: d\n",
    "packs/web/triggers/alert.yaml": b"description: d\ndata: {type: object, required: [unit], properties: {unit: {type: string}}}\n",
    "packs/web/actions/restart.yaml": b"description: d\nrun: [sh, restart.sh]\nparameters: {unit: {type: string}}\n",
    "packs/web/actions/restart.sh": b"exit 0\n",
    "packs/web/rules/once.yaml": RULE,
}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    found = load(MemoryTree(FILES), "a" * 40)
    assert found.catalog is not None, found.problems
    return found.catalog


def planned(unit: str, note: str) -> Planned:
    return Planned(type="web.alert", activation={"event": {"data": {"unit": unit}}}, note=note, executions={})


@pytest.mark.parametrize(
    ("unit", "note", "own", "cause"),
    [
        ("a", "web.once: throttled until 2026-01-31T12:05:00.000000Z", True, Cause.THROTTLED),
        ("a", "", True, Cause.THROTTLED),  # the note had no room for it
        ("a", "", False, Cause.UNKNOWN),
        ("b", "web.once: throttled until 2026-01-31T12:05:00.000000Z", False, Cause.THROTTLED),
        ("b", "web.x: no key '; web.once: throttled until 2026-01-31T12:05:00.000000Z'", True, Cause.NO_MATCH),
    ],
)
def test_a_note_is_believed_only_where_nothing_better_is_known(unit: str, note: str, *, own: bool, cause: Cause, catalog: Catalog) -> None:
    [found] = verdicts_of(planned(unit, note), catalog, own=own, live=catalog).rules
    assert found.cause is cause


@pytest.mark.parametrize("moment", ["9999-99Z", "2026Z", "2026-01-31T12:05:00Z-", "0000-00-00T00:00:00Z"])
def test_a_moment_that_is_none_is_left_out(moment: str, catalog: Catalog) -> None:
    [found] = verdicts_of(planned("a", f"web.once: throttled until {moment}"), catalog, own=True, live=catalog).rules
    assert found.throttle is not None
    assert found.throttle.until in ("", "2026-01-31T12:05:00.000000Z")


def test_a_name_of_any_length_is_near_something_at_once(catalog: Catalog) -> None:
    assert near_triggers("web.alrt", catalog) == ("web.alert",)
    assert near_triggers("w" * 1_000_000, catalog) == ()
