"""Reconciler: runs the steps for ever, one pass a poll or nudge, writes the status once per pass and swaps the active catalog.

Started by the composition root; nudged by hooks that the settings name. Afterwards intake, planning and dispatch see the new catalog
through `ActiveCatalog`. An invalid revision changes nothing but the status (reliability.md G13).
"""

import asyncio
import itertools
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

import structlog

from attune_controller.errors import RevisionObsolete, SyncDefect, SyncError
from attune_controller.internal_events import internal_event
from attune_controller.reconcile.active import ActiveCatalog
from attune_controller.reconcile.problem_view import worst_first
from attune_controller.reconcile.steps import STEPS, Pass, Tools, activate
from attune_controller.store.ports.upkeep import Syncs
from attune_controller.store.records.events import NewEvent
from attune_controller.store.records.standing import Sync
from attune_core.errors import AttuneError, Blame
from attune_core.ports import Clock, Random
from attune_core.values import JsonObject


def _nobody() -> None:
    """Nobody plans."""


def _unwatched(_sync: Sync) -> None:
    """Nobody watches revisions."""


#: How often in a row newer commits may push an older one aside before one is finished anyway.
DROPS = 3
#: Passes between two looks at how many packs the mirror has.
TIDY = 1000
#: Problems kept in the status, errors before the rest.
PROBLEMS_KEPT = 100


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A commit whose content was judged: it is not judged again at every poll."""

    commit: str
    step: str
    error: AttuneError
    seen: Pass


class Reconciler:
    """The sync loop."""

    def __init__(
        self,
        tools: Tools,
        store: Syncs,
        active: ActiveCatalog,
        clock: Clock,
        random: Random,
        *,
        poll: float,
        planned: Callable[[], None] = _nobody,
    ) -> None:
        """Take the steps' tools, where the status is kept, what to swap, and the seconds between polls; `planned` wakes the planner."""
        self._tools, self._store, self._active, self._poll, self._wake = tools, store, active, poll, planned
        self._clock, self._random = clock, random
        self._nudged = asyncio.Event()
        self._refusal: Refusal | None = None
        #: Told of a status that is news.
        self.told: Callable[[Sync], None] = _unwatched
        self._log = structlog.get_logger("reconcile")

    def nudge(self) -> None:
        """Say that there may be a new commit; many at once are one."""
        self._nudged.set()

    async def restore(self) -> None:
        """At start: let the revision that was active take effect again, from the mirror; without it the first pass will."""
        await self._tools.source.prepare()
        await asyncio.to_thread(self._tools.packs.prepare)
        revision = (await self._store.sync()).active_revision
        if not revision or not await self._tools.source.has(revision):
            return
        current = Pass(active=revision, commit=revision)
        try:
            await activate(self._tools, current)
        except AttuneError as error:
            self._log.error("revision_not_restored", revision=revision, code=error.code, reason=error.message)
        if current.catalog is not None:
            self._active.swap(current.catalog)

    async def run(self) -> None:
        """Reconcile for ever, at least once per poll interval; tidy the mirror now and then."""
        for count in itertools.count():
            self._nudged.clear()
            await self.reconcile()
            if count % TIDY == 0:
                await self._tools.source.tidy()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._poll):
                    await self._nudged.wait()

    async def reconcile(self) -> Sync:
        """Do one pass and return the status it wrote."""
        before = await self._store.sync()
        dropped = 0
        while True:
            current = Pass(active=before.active_revision)
            try:
                step, failure = await self._take_steps(current, patient=dropped == DROPS)
            except RevisionObsolete as error:
                dropped += 1
                self._log.info("revision_dropped", revision=current.commit, reason=error.message)
            else:
                return await self._finish(before, current, step, failure)

    async def _take_steps(self, current: Pass, *, patient: bool) -> tuple[str, AttuneError | None]:
        """Return the step that failed and why; an empty name when the revision may go live or already is."""
        for name, step in STEPS.items():
            try:
                await step(self._tools, current)
            except AttuneError as error:
                self._remember(current, name, error)
                return name, error
            except (OSError, RuntimeError, ValueError, LookupError, TypeError, AttributeError, MemoryError) as error:
                self._log.exception("step_failed", step=name, revision=current.commit)
                return name, SyncDefect(f"{type(error).__name__} in the step {name}; the log has the trace")
            if name == "verify":
                if current.commit == self._active.revision:
                    return "", None
                if (refusal := self._refusal) and refusal.commit == current.commit:
                    current.problems = refusal.seen.problems
                    return refusal.step, refusal.error
            if not patient and await self._is_obsolete(current):
                raise RevisionObsolete(f"a newer commit than {current.commit[:12]} arrived during the step {name}")
        return "", None

    async def _pin(self, commit: str) -> None:
        try:
            await self._tools.source.pin(commit)
        except AttuneError as error:  # it is live all the same; only a rewound branch and a restart together would miss the pin
            self._log.warning("revision_not_pinned", revision=commit, code=error.code, reason=error.message)

    def _remember(self, current: Pass, step: str, error: AttuneError) -> None:
        """Judge a commit again only where trying again may end otherwise."""
        if error.blame is Blame.AUTHOR and step not in {"fetch", "verify"}:
            self._refusal = Refusal(commit=current.commit, step=step, error=error, seen=current)

    async def _is_obsolete(self, current: Pass) -> bool:
        if not self._nudged.is_set():
            return False
        self._nudged.clear()
        try:
            return await self._tools.source.fetch() != current.commit
        except SyncError as error:
            self._log.info("nudge_without_fetch", reason=error.message)
            return False

    async def _finish(self, before: Sync, current: Pass, step: str, failure: AttuneError | None) -> Sync:
        """Write the status, which flips the pointer, and only then let the catalog take effect."""
        now = self._clock.now()
        kept = worst_first(current.problems)[:PROBLEMS_KEPT]
        after = replace(
            before,
            observed_revision=current.commit or before.observed_revision,
            observed_at=now if current.commit else before.observed_at,
            step=step,
            code=failure.code if failure else "",
            message=failure.message if failure else "",
            problems=tuple(problem.model_dump(mode="json") for problem in kept),
        )
        if current.catalog is not None and failure is None:
            after = replace(after, active_revision=current.commit, activated_at=now)
        event = revision_event(before, after, self._clock, self._random)
        try:
            await self._store.record_sync(after, event)
        except AttuneError as error:
            self._log.error("status_not_written", code=error.code, reason=error.message)
            return before
        if failure is not None and _is_news(before, after):
            self._log.warning("revision_not_live", revision=after.observed_revision, step=step, code=failure.code, reason=failure.message)
        if after.active_revision == current.commit and current.catalog is not None:
            self._log.info("revision_live", revision=current.commit)
            self._active.swap(current.catalog)
            await self._pin(current.commit)
        if event is not None:
            self._wake()
        if event is not None or _is_news(before, after):
            self.told(after)
        return after


def revision_event(before: Sync, after: Sync, clock: Clock, random: Random) -> NewEvent | None:
    """Return what tells that a revision goes live, or was refused; that git could not be asked says nothing of a revision."""
    if after.active_revision != before.active_revision:
        data: JsonObject = {"revision": after.active_revision, "previous": before.active_revision}
        return internal_event("revision_applied", after.active_revision, data, clock, random)
    if after.step in {"", "fetch"} or not _is_news(before, after):
        return None
    refused: JsonObject = {
        "revision": after.observed_revision,
        "active": after.active_revision,
        "step": after.step,
        "code": after.code,
        "message": after.message[:2000],
        "problems": len(after.problems),
    }
    return internal_event("revision_refused", after.observed_revision, refused, clock, random)


def _is_news(before: Sync, after: Sync) -> bool:
    return (before.code, before.observed_revision) != (after.code, after.observed_revision)
