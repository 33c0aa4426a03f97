"""Where the store itself stands: the status of reconcile, what pruning did, totals.

Written by reconcile and retention; read by the status page.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from attune_core.values import JsonValue

#: A word that a list is narrowed to; None: any.
Filter: TypeAlias = str | None


@dataclass(frozen=True, kw_only=True)
class Sync:
    """Reconcile's status, written once per pass. problems: dicts as api.ProblemView."""

    active_revision: str = ""
    activated_at: float = 0.0
    observed_revision: str = ""
    observed_at: float = 0.0
    step: str = ""
    code: str = ""
    message: str = ""
    problems: tuple[Mapping[str, JsonValue], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Pruned:
    """What one look for rows that are no longer kept did: rows removed, and where the next look goes on; None when there is nothing old."""

    removed: int
    after: int | None


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Totals for the status page."""

    events_waiting: int
    executions_unsettled: int
    agents_enrolled: int
    dead_letters: int = 0
    executions_started: int = 0
    #: Queues with unsettled executions.
    queues: int = 0
