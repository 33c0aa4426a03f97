"""A reconciler over real git, a real disposable child and the store in memory."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from attune_controller.git_source import GitSource, Remote
from attune_controller.packs import PackStore
from attune_controller.reconcile.active import ActiveCatalog
from attune_controller.reconcile.examine import Examiner
from attune_controller.reconcile.read_revision import read_revision
from attune_controller.reconcile.reconciler import Reconciler
from attune_controller.reconcile.steps import Tools
from attune_controller.store.memory.store import MemoryStore
from attune_core.catalog.catalog import Catalog
from attune_core.ports import SystemClock, SystemRandom
from attune_core.wire.api import ProblemView
from tests.controller.pushes import Pushes

#: What the disposable child may take.
CHILD_SECONDS = 30.0
RESTART = """\
description: Restarts a unit
run: [sh, restart.sh]
parameters:
  unit: {type: string}
"""
TRIGGER = "description: A unit fails\ndata: {type: object, properties: {unit: {type: string}}, required: [unit]}\n"
RULE = """\
description: Restart what fails
trigger: web.alert
action: web.restart
input: {unit: "${{ event.data.unit }}"}
agents: {match: {role: web}}
"""
FILES = {
    "attune.yaml": 'format: 1\nattune: ">=0.1"\n',
    "packs/web/pack.yaml": "name: web\nversion: 1.0.0\ndescription: Web\n",
    "packs/web/actions/restart.yaml": RESTART,
    "packs/web/actions/restart.sh": "cat\n",
    "packs/web/triggers/alert.yaml": TRIGGER,
    "packs/web/rules/on_alert.yaml": RULE,
}
BROKEN = {"packs/web/rules/on_alert.yaml": RULE.replace("event.data.unit", "event.data.unti")}


class SeenCatalogs(ActiveCatalog):
    """Remembers what took effect."""

    def __init__(self) -> None:
        super().__init__()
        self.swapped: list[str] = []

    def swap(self, catalog: Catalog) -> None:
        self.swapped.append(catalog.revision or "")
        super().swap(catalog)


@dataclass
class Bench:
    """What a test holds."""

    pushes: Pushes
    store: MemoryStore
    active: SeenCatalogs
    state: Path

    def reconciler(
        self, *, poll: float = 3600, examine: Callable[[str], Awaitable[Sequence[ProblemView]]] | None = None, allow_rewind: bool = False
    ) -> Reconciler:
        """Compose one over the state directory, as a start of the controller does."""
        source = GitSource(
            self.state / "mirror.git", Remote(url=str(self.pushes.bare), branch="main", local=True), seconds=30, size=64 << 20
        )
        tools = Tools(
            source=source,
            packs=PackStore(self.state / "packs"),
            examine=examine or Examiner(source.mirror, memory=2 << 30, seconds=CHILD_SECONDS).examine,
            read=lambda commit: read_revision(source.mirror, commit),
            allow_rewind=allow_rewind,
        )
        return Reconciler(tools, self.store, self.active, SystemClock(), SystemRandom(), poll=poll)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(pushes=Pushes(tmp_path / "origin"), store=MemoryStore(), active=SeenCatalogs(), state=tmp_path / "state")
