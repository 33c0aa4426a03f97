"""Agents as the store keeps them, and what became of their work when one left or came out of a backup.

Written by enrolment, sessions, departing and merging; read by placement and the API.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from attune_controller.store.records.executions import QueueKey


@dataclass(frozen=True, kw_only=True)
class Departure:
    """What became of an agent's unsettled executions when it was forgotten, or began anew: how many ended, how many lost their place."""

    ended: int = 0
    released: int = 0


@dataclass(frozen=True, kw_only=True)
class Unmerged:
    """An agent that has not said what it holds since the store came out of a backup: its instance then, and the last number then."""

    instance: str
    numbers: int


@dataclass(frozen=True, kw_only=True)
class Held:
    """What an agent says it holds of a queue."""

    queue: QueueKey
    epoch: int
    last: int


@dataclass(frozen=True, kw_only=True)
class Agent:
    """An enrolled agent. Its certificate's fingerprint is sha256 hex over DER."""

    name: str
    labels: Mapping[str, str]
    fingerprint: str
    certificate_expires_at: float
    enrolled_at: float
    instance: str = ""
    boot_id: str = ""
    version: str = ""
    slots: int = 0
    facts: Mapping[str, str] = field(default_factory=dict)
    last_seen_at: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Load:
    """Unsettled executions of one agent: those it was handed, and those that stand in its queues and were not."""

    in_hand: int
    waiting: int
