"""The feed: what changes at the controller, collected between two ticks; however much that is, it is bounded.

Followed in a thread of its own; the app takes what was collected five times a second.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from attune_core.wire.api import Document


@dataclass(frozen=True, kw_only=True)
class Brought:
    """What came between two ticks."""

    kinds: frozenset[str] = frozenset()
    changes: tuple[Document, ...] = field(default=())


class Feed:
    """Changes since they were taken last."""

    def __init__(self, watch: Callable[[], Iterable[tuple[str, Document]]]) -> None:
        """Take what yields changes for as long as the program runs."""
        self._watch = watch
        self._lock = threading.Lock()
        self._kinds: set[str] = set()

    def follow(self) -> None:
        """Collect, for ever."""
        for kind, _change in self._watch():
            with self._lock:
                self._kinds.add(kind)

    def take(self) -> Brought:
        """Return what was collected, and begin anew."""
        with self._lock:
            kinds, self._kinds = self._kinds, set()
        return Brought(kinds=frozenset(kinds))
