"""Metric families as plain values: a name, what it means, and a number for each of a bounded set of labels; pure.

Made by each program's `metrics` when somebody asks; `exposition` writes them down. Nothing is counted that is not a number already.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

#: Every name begins so.
PREFIX = "attune_"


@dataclass(frozen=True, kw_only=True)
class Family:
    """One metric. `labels` names what `samples` tells apart, in that order; their values come from closed lists or from the repository."""

    name: str
    help: str
    kind: Literal["gauge", "counter"] = "gauge"
    labels: tuple[str, ...] = ()
    samples: Sequence[tuple[tuple[str, ...], float]]


def gauge(name: str, text: str, value: float) -> Family:
    """Return one without labels."""
    return Family(name=name, help=text, samples=[((), value)])


def counter(name: str, text: str, label: str, values: Mapping[str, int]) -> Family:
    """Return one that only grows, told apart by one label."""
    return Family(name=name, help=text, kind="counter", labels=(label,), samples=[((word,), count) for word, count in values.items()])


@dataclass(frozen=True, kw_only=True)
class Queue:
    """One of the program's bounded queues (reliability.md 1.5): how much is in it, and how much may be."""

    name: str
    depth: float
    bound: float


def queue_families(queues: Sequence[Queue]) -> Sequence[Family]:
    """Return what is in each bounded queue, and what may be."""
    depth = "What is in each bounded queue; at its bound nothing more is taken."
    bound = "What may be in each bounded queue."
    return [
        Family(name="queue_depth", help=depth, labels=("queue",), samples=[((one.name,), one.depth) for one in queues]),
        Family(name="queue_bound", help=bound, labels=("queue",), samples=[((one.name,), one.bound) for one in queues]),
    ]
