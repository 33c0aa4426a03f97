"""The pack repository of the simulation, and its revisions: real documents, loaded by the real loader, once per process.

Used by `world` (which revision is active) and `workload` (which kinds of events there are, and how many executions each one causes).
"""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from attune_core.catalog.catalog import Catalog
from attune_core.catalog.folder_tree import FolderTree
from attune_core.catalog.load import load
from attune_core.values import JsonObject, JsonValue

_PARAMETERS: JsonObject = {
    "unit": {"type": "string"},
    "seconds": {"type": "number"},
    "fails": {"type": "integer"},
    "manner": {"type": "string", "enum": ["plain", "stubborn", "straggler"]},
}
_BY_UNIT: JsonObject = {"limit": 1, "key": "${{ parameters.unit }}"}
_RETRY: JsonObject = {"maximum_attempts": 3, "after": ["failed", "timed_out", "lost"], "initial_interval": "1s", "maximum_interval": "20s"}

#: The rate of `rated`: starts and seconds; within how many seconds `expiring` must start.
RATE, START_WITHIN = (1, 40), 30
#: Actions by name; each is triggered by the events of its kind.
ACTIONS: Mapping[str, JsonObject] = {
    "serial": {},
    "keyed": {"concurrency": _BY_UNIT},
    "pair": {"concurrency": {"limit": 2}},
    "retried": {"concurrency": _BY_UNIT, "retry": _RETRY},
    "short": {"timeout": "4s", "concurrency": _BY_UNIT},
    "everywhere": {},
    "tail": {"concurrency": _BY_UNIT, "retry": {**_RETRY, "place": "tail"}},
    "fleet": {"concurrency": {**_BY_UNIT, "scope": "fleet"}},
    "rolling": {"concurrency": {"limit": 1, "scope": "fleet"}},
    "rated": {"concurrency": _BY_UNIT, "rate": {"limit": RATE[0], "per": f"{RATE[1]}s"}},
    "expiring": {"start_within": f"{START_WITHIN}s"},
    "skipped": {"concurrency": {**_BY_UNIT, "when_busy": "skip"}},
    "latest": {"concurrency": {**_BY_UNIT, "when_busy": "cancel_running"}},
    "quiet": {},
    "gathered": {"concurrency": _BY_UNIT},
    "follow": {},
}
_BY_EVENT: JsonObject = {"key": "${{ event.data.unit }}"}
#: Kinds whose events wait, with the throttle of their rule; in one revision one of them has another.
WAITING: Mapping[str, JsonObject] = {
    "quiet": {"debounce": "90s", **_BY_EVENT},
    "gathered": {"accumulate": {"within": "400s", "at_least": 2, "at_most": 4}, **_BY_EVENT},
}
_OTHER: JsonObject = {"gathered": {"accumulate": {"within": "300s"}, **_BY_EVENT}}
#: Largest limit that an action has in any revision; 1 where nothing is said.
LIMITS: Mapping[str, int] = {"sim.pair": 3}
#: Most attempts that an execution has in any revision; 1 where nothing is said.
ATTEMPTS: Mapping[str, int] = {"sim.retried": 3, "sim.tail": 3}
#: Kinds that run on every agent, and kinds whose completion causes another execution.
EVERYWHERE, FOLLOWED = frozenset({"everywhere", "rolling"}), frozenset({"serial"})
KINDS = tuple(name for name in ACTIONS if name != "follow")
_MORE: JsonObject = {"pair": {"concurrency": {"limit": 3}}, "retried": {**ACTIONS["retried"], "retry": {**_RETRY, "maximum_attempts": 2}}}
_LESS: JsonObject = {"pair": {"concurrency": {"limit": 1}}}
_REMOVED: JsonObject = {"short": None}


@cache
def revisions() -> tuple[Catalog, ...]:
    """Return the revisions that a simulation moves between; the first is active at the beginning."""
    changed: tuple[tuple[JsonObject, JsonObject], ...] = ({}, {}), (_MORE, {}), (_LESS, _OTHER), (_REMOVED, {})
    return tuple(_loaded(f"{number:040x}", changes, others) for number, (changes, others) in enumerate(changed, start=1))


def _loaded(revision: str, changes: JsonObject, others: JsonObject) -> Catalog:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for path, document in _documents(changes, {**WAITING, **others}).items():
            file = place / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(document if isinstance(document, str) else json.dumps(document))
        found = load(FolderTree(place))
        assert found.catalog is not None, found.problems
        digests = {name: replace(pack, archive=bytes) for name, pack in found.catalog.packs.items()}
        return replace(found.catalog, revision=revision, packs=digests)


def _documents(changes: JsonObject, waiting: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    documents: dict[str, JsonValue] = {
        "attune.yaml": {"format": 1, "attune": ">=0.1"},
        "packs/sim/pack.yaml": {"name": "sim", "version": "1.0.0", "description": "What the simulation runs"},
        "packs/sim/actions/act.sh": "true\n",
        "packs/sim/triggers/tick.yaml": {
            "description": "Something happened",
            "data": {"type": "object", "required": ["kind", *_PARAMETERS], "properties": {"kind": {"type": "string"}, **_PARAMETERS}},
        },
    }
    for name, action in ACTIONS.items():
        changed = changes.get(name, {})
        if not isinstance(changed, dict):
            continue
        document: JsonObject = {"description": "Acts", "run": ["sh", "act.sh"], "parameters": _PARAMETERS, **action, **changed}
        documents[f"packs/sim/actions/{name}.yaml"] = document
        if name != "follow":
            throttle: JsonObject = {"throttle": waiting[name]} if name in waiting else {}
            documents[f"packs/sim/rules/{name}.yaml"] = {
                **throttle,
                "description": "Runs what the event asks for",
                "trigger": "sim.tick",
                "when": f'event.data.kind == "{name}"',
                "action": f"sim.{name}",
                "input": {parameter: f"${{{{ event.data.{parameter} }}}}" for parameter in _PARAMETERS},
                "agents": {"match": {"role": "sim"}, "pick": "all" if name in EVERYWHERE else "any"},
            }
    for name in sorted(FOLLOWED):
        documents[f"packs/sim/rules/after_{name}.yaml"] = {
            "description": "Goes on where another action has ended",
            "trigger": f"sim.{name}.completed",
            "action": "sim.follow",
            "input": {"unit": "u", "seconds": 0.5, "fails": 0, "manner": "plain"},
            "agents": {"match": {"role": "sim"}},
        }
    return documents
