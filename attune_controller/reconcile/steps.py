"""The steps from a push to a live revision, in their order; each is one function over the Pass it is part of.

Called by `reconciler`, which writes the status once afterwards and lets the catalog take effect. A step that cannot go on raises a
SyncError: the step's name, the error's code and the observed revision are the answer to "why is my rule not live".
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from attune_controller.errors import RevisionInvalid, RevisionRewound
from attune_controller.git_source import GitSource
from attune_controller.packs import PackStore
from attune_core.catalog.catalog import Catalog
from attune_core.problems import Problem, Severity
from attune_core.wire.api import ProblemView


class Reading(Protocol):
    """What reading a revision in this process gives; attune_core.catalog.load.Loaded."""

    @property
    def catalog(self) -> Catalog | None:
        """The catalog, None when there is an error among the problems."""
        ...

    @property
    def problems(self) -> Sequence[Problem]:
        """All findings."""
        ...


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What the steps work with. `examine` reads a commit in a disposable process, `read` in this one (it blocks)."""

    source: GitSource
    packs: PackStore
    examine: Callable[[str], Awaitable[Sequence[ProblemView]]]
    read: Callable[[str], Reading]
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
    reading = await asyncio.to_thread(tools.read, current.commit)
    current.problems = [view_of(problem) for problem in reading.problems]
    refuse_errors(current.problems)
    if reading.catalog is None:
        raise RevisionInvalid("the revision has no catalog and no error that says why")
    for pack in reading.catalog.packs.values():
        await asyncio.to_thread(tools.packs.keep, pack.digest, pack.archive)
    current.catalog = reading.catalog


STEPS: Mapping[str, Step] = {"fetch": fetch, "verify": verify, "load": load, "check": check, "activate": activate}


def refuse_errors(problems: Sequence[ProblemView]) -> None:
    """Raise `RevisionInvalid` with the first place when a problem is an error."""
    errors = [problem for problem in problems if problem.severity == Severity.ERROR]
    if errors:
        first = errors[0]
        raise RevisionInvalid(f"{len(errors)} errors; the first: {first.path}:{first.line}:{first.column} {first.code} {first.message}")


def view_of(problem: Problem) -> ProblemView:
    """Return a problem as the API and the status show it."""
    return ProblemView(
        code=problem.code,
        severity=problem.severity,
        message=problem.message,
        path=problem.path,
        line=problem.span.line if problem.span else 0,
        column=problem.span.column if problem.span else 0,
        hint=problem.hint or "",
    )
