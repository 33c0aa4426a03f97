"""The steps from a push to a live revision, in their order; each is one function over the Pass it is part of.

Called by `reconciler`, which writes the status once afterwards and lets the catalog take effect. A step that cannot go on raises a
SyncError: the step's name, the error's code and the observed revision are the answer to "why is my rule not live".
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from attune_controller.errors import RevisionInvalid, RevisionRewound
from attune_controller.git_source import GitSource
from attune_controller.packs import PackStore
from attune_controller.reconcile.problem_view import view_of
from attune_core.catalog.catalog import Catalog
from attune_core.catalog.load import Loaded
from attune_core.failpoints import failpoint
from attune_core.problems import Severity
from attune_core.wire.api import ProblemView


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What the steps work with. `examine` reads a commit in a disposable process, `read` in this one (it blocks)."""

    source: GitSource
    packs: PackStore
    examine: Callable[[str], Awaitable[Sequence[ProblemView]]]
    read: Callable[[str], Loaded]
    allow_rewind: bool = False


@dataclass(kw_only=True)
class Pass:
    """One pass over the steps: what was active when it began, and what each step found."""

    active: str
    commit: str = ""
    problems: Sequence[ProblemView] = ()
    catalog: Catalog | None = None


Step = Callable[[Tools, Pass], Awaitable[None]]


async def fetch(tools: Tools, current: Pass) -> None:
    """Bring the branch into the mirror."""
    current.commit = await tools.source.fetch()


async def verify(tools: Tools, current: Pass) -> None:
    """Refuse a rewritten history: the commit must descend from the last one that was seen, whether that one was good or not."""
    seen = await tools.source.trusted() or current.active
    if seen == current.commit:
        return
    if seen and not tools.allow_rewind and not await tools.source.descends(current.commit, seen):
        raise RevisionRewound(f"{current.commit[:12]} does not descend from {seen[:12]}, the last commit seen on the branch")
    await tools.source.trust(current.commit)


async def load(tools: Tools, current: Pass) -> None:
    """Read the revision where a crash does no harm, and keep what was found."""
    current.problems = await tools.examine(current.commit)


async def check(tools: Tools, current: Pass) -> None:  # noqa: ARG001 - one type for all steps
    """Let only a revision without errors pass."""
    refuse_errors(current.problems)


async def activate(tools: Tools, current: Pass) -> None:
    """Compile the catalog in this process and store every pack it names; the pointer flips with the status of the pass."""
    loaded = await asyncio.to_thread(tools.read, current.commit)
    current.problems = [view_of(problem) for problem in loaded.problems]
    refuse_errors(current.problems)
    if loaded.catalog is None:
        raise RevisionInvalid("the revision has no catalog and no error that says why")
    for pack in loaded.catalog.packs.values():
        await asyncio.to_thread(tools.packs.keep, pack.digest, pack.archive)
    failpoint("c10")
    current.catalog = loaded.catalog


STEPS: Mapping[str, Step] = {"fetch": fetch, "verify": verify, "load": load, "check": check, "activate": activate}


def refuse_errors(problems: Sequence[ProblemView]) -> None:
    """Raise `RevisionInvalid` with the first place when a problem is an error."""
    errors = [problem for problem in problems if problem.severity == Severity.ERROR]
    if errors:
        first = errors[0]
        count = "1 error:" if len(errors) == 1 else f"{len(errors)} errors; the first:"
        raise RevisionInvalid(f"{count} {first.path}:{first.line}:{first.column} {first.code} {first.message}")
