"""Turns: what does not wait in a queue of the fleet ends only if it was never tried, and is still as it was seen."""

from attune_controller.cancellation import Cancellation
from attune_controller.reconcile.active import ActiveCatalog
from attune_controller.sessions.open_sessions import OpenSessions
from attune_controller.store.memory.store import MemoryStore
from attune_controller.store.records.executions import QueueKey
from attune_controller.store.records.queues import Hold, QueuePage
from attune_controller.turns import Turns
from attune_core.catalog.catalog import Catalog
from attune_core.catalog.load import load
from attune_core.marks import Mark
from attune_core.ports import SystemClock
from attune_core.states import Outcome, Reason, State
from tests.controller.reconcile.conftest import FILES, RESTART
from tests.controller.store.making import event, found, given_back, move, plan_some, take
from tests.core.catalog.memory_tree import MemoryTree


def turns(store: MemoryStore, when_busy: str) -> Turns:
    """Return the turns of a queue that holds one."""
    document = RESTART + f"concurrency: {{limit: 1, scope: fleet, when_busy: {when_busy}}}\n"
    loaded = load(MemoryTree({path: text.encode() for path, text in FILES.items()} | {"packs/web/actions/restart.yaml": document.encode()}))
    assert isinstance(loaded.catalog, Catalog), loaded.problems
    active, sessions, clock = ActiveCatalog(), OpenSessions(), SystemClock()
    active.swap(loaded.catalog)
    return Turns(store, sessions, active, Cancellation(store, sessions, clock, _nobody), clock, planned=_nobody)


async def test_a_retry_at_the_tail_waits_and_what_is_new_is_skipped() -> None:
    store = MemoryStore()
    await plan_some(store, "a", fleet=True)
    await take(store)
    await store.record_moves([move("a", State.STARTED), given_back("a", 1, sequence=1, ready_at=5.0)])
    await plan_some(store, "b", fleet=True)
    assert await take(store) == [("b", 1)]
    await store.place_ready(until=5.0, limit=10)
    await plan_some(store, "c", fleet=True)
    await turns(store, "skip").look()
    assert [(await found(store, name)).state for name in "abc"] == [State.QUEUED, State.QUEUED, State.SETTLED]
    assert (await found(store, "c")).reason is Reason.SKIPPED


async def test_only_queues_that_changed_are_looked_at_and_the_first_up_to_the_limit_stay() -> None:
    store = MemoryStore()
    await plan_some(store, "a", "b", fleet=True, key='"x"')
    await plan_some(store, "c", "d", fleet=True, key='"y"')
    await plan_some(store, "e", fleet=True, key='"z"')
    changed = [(await found(store, name)).queue for name in "ce"]
    elsewhere = QueueKey(place=changed[0].place, action="web.other", key='"x"')
    await turns(store, "skip").look([*changed, elsewhere])
    assert [name for name in "abcde" if (await found(store, name)).state is State.SETTLED] == ["d"]


class MovesOn(MemoryStore):
    """A store in which the head ends and the next is handed over right after somebody looked at the queue."""

    async def queue_page(self, queue: QueueKey, *, after: int, limit: int) -> QueuePage:
        page = await super().queue_page(queue, after=after, limit=limit)
        await self.record_moves([move("a", State.SETTLED)])
        await take(self)
        return page


async def test_what_is_handed_over_while_it_is_looked_at_is_not_skipped() -> None:
    store = MovesOn()
    await plan_some(store, "a", fleet=True)
    await take(store)
    await store.record_moves([move("a", State.STARTED)])
    await plan_some(store, "b", fleet=True)
    await turns(store, "skip").look()
    assert (await found(store, "a")).outcome is Outcome.SUCCEEDED
    after = await found(store, "b")
    assert (after.handed, after.state) == (True, State.QUEUED)


async def test_what_runs_is_not_superseded_while_its_queue_is_paused() -> None:
    store = MemoryStore()
    await plan_some(store, "a", fleet=True)
    await take(store)
    await store.record_moves([move("a", State.STARTED)])
    await plan_some(store, "b", "c", fleet=True)
    mark = Mark(note="wait", by="ops", since=1.0)
    await store.put_hold(Hold(action="web.restart", key=None, mark=mark), event("paused"))
    await turns(store, "cancel_running").look()
    assert [(one.cancelling, one.reason) for one in [await found(store, name) for name in "abc"]] == [
        (False, None),
        (False, Reason.SUPERSEDED),
        (False, None),
    ]
    await store.lift_hold("web.restart", None, event("resumed"))
    await turns(store, "cancel_running").look()
    assert (await found(store, "a")).cancelling


def _nobody() -> None:
    """Nobody is woken."""
