"""The hand-over as a machine: work comes, wires lose and repeat, agents go, come back and begin anew; the promises hold after each step.

300 examples here; `ATTUNE_EXAMPLES=20000 pytest -m soak -k handover_machine` for long (tests/profiles.py).
"""

import asyncio
import json
import shutil
import tempfile
from collections.abc import Coroutine
from functools import cache
from pathlib import Path
from typing import ClassVar, TypeVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from attune_controller.store.errors import NotCancellable, NotRequeueable
from attune_controller.store.memory.store import MemoryStore
from attune_controller.store.sqlite.store import open_sqlite_store
from attune_core.catalog.catalog import Catalog
from attune_core.catalog.folder_tree import FolderTree
from attune_core.catalog.load import load
from attune_core.marks import MarkKind
from attune_core.states import Outcome, Reason, State
from attune_core.values import JsonObject, JsonValue
from tests.controller.handing_over import Life, World
from tests.profiles import quick, thorough

T = TypeVar("T")

NAMES = st.sampled_from(["web1", "web2"])
#: By action: its concurrency in both revisions, and whether its rule picks all agents.
ACTIONS: dict[str, tuple[JsonObject, JsonObject, str]] = {
    "plain": ({"limit": 1}, {"limit": 1}, "any"),
    "wide": ({"limit": 2, "key": "${{ parameters.key }}"}, {"limit": 3, "key": "${{ parameters.key }}"}, "any"),
    "rolling": ({"limit": 1, "scope": "fleet"}, {"limit": 1, "scope": "fleet"}, "all"),
    "shared": ({"limit": 1, "scope": "fleet"}, {"limit": 2, "scope": "fleet"}, "any"),
    "turning": ({"limit": 1}, {"limit": 1, "scope": "fleet"}, "any"),
}
LIMITS = {"web.plain": 1, "web.wide": 3, "web.rolling": 1, "web.shared": 2, "web.turning": 1}


@cache
def catalogs() -> tuple[Catalog, Catalog]:
    found = []
    for revision in (0, 1):
        root = Path(tempfile.mkdtemp())
        data: JsonValue = {
            "type": "object",
            "required": ["kind", "key"],
            "properties": {"kind": {"type": "string"}, "key": {"type": "string"}},
        }
        documents: dict[str, JsonValue] = {
            "attune.yaml": {"format": 1, "attune": ">=0.1"},
            "packs/web/pack.yaml": {"name": "web", "version": "1.0.0", "description": "W"},
            "packs/web/triggers/alert.yaml": {"description": "A", "data": data},
        }
        for name, (*concurrency, pick) in ACTIONS.items():
            documents[f"packs/web/actions/{name}.yaml"] = {
                "description": "R",
                "run": ["sh", "run.sh"],
                "parameters": {"key": {"type": "string"}},
                "concurrency": concurrency[revision],
                "retry": {"maximum_attempts": 3, "place": "tail"},
            }
            documents[f"packs/web/rules/{name}.yaml"] = {
                "description": "R",
                "trigger": "web.alert",
                "when": f'event.data.kind == "{name}"',
                "action": f"web.{name}",
                "input": {"key": "${{ event.data.key }}"},
                "agents": {"match": {"role": "web"}, "pick": pick},
            }
        for place, document in documents.items():
            (root / place).parent.mkdir(parents=True, exist_ok=True)
            (root / place).write_text(json.dumps(document))
        (root / "packs/web/actions/run.sh").write_text("true\n")
        loaded = load(FolderTree(root), f"r{revision}")
        assert loaded.catalog is not None, loaded.problems
        found.append(loaded.catalog)
        shutil.rmtree(root)
    return found[0], found[1]


class Handover(RuleBasedStateMachine):
    """Two agents' names, five actions, one controller."""

    on_disk: ClassVar[bool] = False

    @initialize()
    def begin(self) -> None:
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        store = self.run(open_sqlite_store(self.folder)) if self.on_disk else MemoryStore()
        self.world = World(store, catalogs()[0], LIMITS)
        for name in ("web1", "web2"):
            self.run(self.world.join(name))
            self.run(self.world.connect(self.world.lives[name]))

    def run(self, coroutine: Coroutine[None, None, T]) -> T:
        return self.runner.run(coroutine)

    def life(self, name: str) -> Life:
        if name not in self.world.lives:
            self.run(self.world.join(name))
        return self.world.lives[name]

    @rule(kind=st.sampled_from(list(ACTIONS)), key=st.sampled_from("xy"), count=st.integers(1, 3))
    def work_comes(self, kind: str, key: str, count: int) -> None:
        for _ in range(count):
            self.run(self.world.send(kind, key))

    @rule(name=NAMES, count=st.integers(1, 4))
    def frames_arrive(self, name: str, count: int) -> None:
        life = self.life(name)
        for _ in range(min(count, len(life.wire))):
            self.run(self.world.deliver(life))

    @rule(name=NAMES)
    def frames_change_places(self, name: str) -> None:
        wire = self.life(name).wire
        wire[:2] = reversed(wire[:2])

    @rule(name=NAMES)
    def a_frame_comes_twice(self, name: str) -> None:
        wire = self.life(name).wire
        wire[:0] = wire[:1]

    @rule(name=NAMES)
    def a_frame_is_lost(self, name: str) -> None:
        del self.life(name).wire[:1]

    @rule(name=NAMES)
    def the_connection_is_lost(self, name: str) -> None:
        self.world.cut(self.life(name))

    @rule(name=NAMES)
    def an_agent_connects(self, name: str) -> None:
        self.run(self.world.connect(self.life(name)))

    @rule(name=NAMES, again=st.sampled_from([0, 0, 1, 5]))
    def an_agent_speaks(self, name: str, again: int) -> None:
        self.run(self.world.post(self.life(name), again=again))

    @rule(name=NAMES)
    def something_starts(self, name: str) -> None:
        self.run(self.world.start(self.life(name)))

    @rule(name=NAMES)
    def something_ends(self, name: str) -> None:
        self._end_one(self.life(name))

    @rule(name=NAMES)
    def something_is_tried_again_at_the_tail(self, name: str) -> None:
        life = self.life(name)
        for execution in sorted(life.running):
            item = life.fifo.item(execution)
            if item is not None and item.policy.retry.place == "tail" and item.attempt < item.policy.retry.maximum_attempts:
                self.world.order.moved.add(execution)
                life.again_at_the_tail(item)
                return

    @rule(seconds=st.sampled_from([1, 60]))
    def time_passes(self, seconds: int) -> None:
        self.world.clock.time += seconds
        self.run(self.world.settle())

    @rule()
    def what_is_over_goes_on(self) -> None:
        for life in self.world.over[-1:]:
            self.run(self.world.start(life))
            self._end_one(life)

    def _end_one(self, life: Life) -> None:
        for execution in sorted(life.running)[:1]:
            item = life.fifo.item(execution)
            assert item is not None
            life.end(item, Outcome.SUCCEEDED)

    @rule(nth=st.integers(0, 30))
    def an_operator_cancels(self, nth: int) -> None:
        for execution in self.run(self.world.stored())[nth : nth + 1]:
            try:
                self.run(self.world.assembly.cancellation.cancel(execution, Reason.OPERATOR))
            except NotCancellable:
                assert execution.state is State.SETTLED
            self.run(self.world.settle())

    @rule(nth=st.integers(0, 30))
    def an_operator_requeues(self, nth: int) -> None:
        for execution in self.run(self.world.stored())[nth : nth + 1]:
            self.world.order.moved.add(execution.new.id)
            try:
                self.run(self.world.assembly.requeueing.requeue(execution))
            except NotRequeueable:
                assert execution.state is State.SETTLED or execution.cancelling or execution.started_at or not execution.sequence
            self.run(self.world.settle())

    @rule(name=NAMES)
    def an_agent_is_forgotten(self, name: str) -> None:
        self.run(self.world.forget(name))
        self.run(self.world.settle())

    @rule(name=NAMES)
    def a_host_joins_anew_with_an_empty_disk(self, name: str) -> None:
        self.run(self.world.join(name))
        self.run(self.world.connect(self.world.lives[name]))

    @rule(name=NAMES, kind=st.sampled_from([MarkKind.CORDONED, MarkKind.DRAINING]))
    def an_agent_is_marked(self, name: str, kind: MarkKind) -> None:
        self.life(name)
        self.run(self.world.assembly.marking.put(name, kind, note="", by="ops"))
        self.run(self.world.settle())

    @rule(name=NAMES)
    def an_agent_gets_work_again(self, name: str) -> None:
        self.life(name)
        self.run(self.world.assembly.marking.lift(name, *MarkKind, by="ops"))
        self.run(self.world.settle())

    @rule(revision=st.integers(0, 1))
    def a_revision_goes_live(self, revision: int) -> None:
        self.world.assembly.active.swap(catalogs()[revision])
        self.run(self.world.settle())

    @invariant()
    def order_holds(self) -> None:
        if hasattr(self, "world"):
            self.run(self.world.idle())
            self.world.order.look(self.run(self.world.stored()))

    def teardown(self) -> None:
        try:
            self._nothing_is_stuck()
        finally:
            for life in self.world.lives.values():
                self.world.cut(life)
            self.run(self.world.store.close())
            self.runner.close()
            shutil.rmtree(self.folder)

    def _nothing_is_stuck(self) -> None:
        """Everything heals: then all there is ends."""
        for name in ("web1", "web2"):
            life = self.life(name)
            self.run(self.world.assembly.marking.lift(name, *MarkKind, by="ops"))
            self.run(self.world.connect(life))
        for _ in range(200):
            if all(one.state is State.SETTLED for one in self.run(self.world.stored())):
                break
            self.world.clock.time += 60  # back-offs end
            self.run(self.world.settle())
            for life in list(self.world.lives.values()):
                self._carry_on(life)
        left = [one for one in self.run(self.world.stored()) if one.state is not State.SETTLED]
        assert not left, f"stuck: {left}"
        self.order_holds()

    def _carry_on(self, life: Life) -> None:
        if life.session is None:
            self.run(self.world.connect(life))
        while life.wire:
            self.run(self.world.deliver(life))
        self.run(self.world.start(life))
        self._end_one(life)
        self.run(self.world.post(life))


class HandoverOnDisk(Handover):
    """The same over the store that production has."""

    on_disk: ClassVar[bool] = True


TestHandover = Handover.TestCase
TestHandover.settings = quick(steps=25)
TestHandoverOnDisk = HandoverOnDisk.TestCase
TestHandoverOnDisk.settings = quick(steps=25, examples=10)


@pytest.mark.soak
@pytest.mark.timeout(7200)
class TestHandoverForLong(Handover.TestCase):  # type: ignore[valid-type,misc]  # made by hypothesis
    settings = thorough(steps=60)


@pytest.mark.soak
@pytest.mark.timeout(7200)
class TestHandoverOnDiskForLong(HandoverOnDisk.TestCase):  # type: ignore[valid-type,misc]  # made by hypothesis
    settings = thorough(steps=60, examples=100)
