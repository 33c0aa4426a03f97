"""Marks: what an operator has said of an agent, why, who it was and since when; part of the wire, the API and the store.

Put and lifted by the controller's `marking`; placement, hand-over and the agent's admission go by them.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from attune_core.ports import rfc3339

#: Characters of a note.
NOTE_LIMIT = 500


class MarkKind(StrEnum):
    """What is said of the agent."""

    CORDONED = "cordoned"  # it gets no new placements
    PAUSED = "paused"  # it starts nothing new
    DRAINING = "draining"  # it gets no new placements and is handed nothing more; what it has, it finishes


class Mark(BaseModel):
    """Why, who and since when (wall clock of the controller, seconds)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    note: str = Field(default="", max_length=NOTE_LIMIT)
    by: str = Field(max_length=64)
    since: float


Marks: TypeAlias = Mapping[MarkKind, Mark]


def told(what: str, mark: Mark, *, note_limit: int = NOTE_LIMIT) -> str:
    """Return a mark in words: `paused: disk swap by ops since 2026-01-31T12:00:00Z`."""
    note = mark.note if len(mark.note) <= note_limit else mark.note[: note_limit - 1] + "…"
    since = rfc3339(mark.since).partition(".")[0] + "Z"
    return f"{what}{': ' + note if note else ''} by {mark.by} since {since}"
