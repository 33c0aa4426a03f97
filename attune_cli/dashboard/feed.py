"""The feed: what changes at the controller, collected between two ticks; however much that is, it is bounded.

Followed in a thread of its own; the app takes what was collected five times a second.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from attune_cli.changes import Change, Connected, Disconnected
from attune_core.errors import AttuneError
from attune_core.wire.changes import AgentChange, EventChange, ExecutionChange

#: Executions that are told apart between two ticks; more is a reason to read again.
MOST = 2000
#: Seconds until the feed is asked for again when it was refused.
_PAUSE = 10.0
_NEVER = threading.Event()


@dataclass(frozen=True, kw_only=True)
class Brought:
    """What came between two ticks: the last of each execution and agent, how many events, and which kinds of things are another."""

    kinds: frozenset[str] = frozenset()
    executions: Mapping[str, ExecutionChange] = field(default_factory=dict)
    agents: Mapping[str, AgentChange] = field(default_factory=dict)
    events: int = 0
    #: Why there is no connection, when it was the last that was told.
    lost: AttuneError | None = None


class Feed:
    """Changes since they were taken last."""

    def __init__(self, watch: Callable[[], Iterable[Change]]) -> None:
        """Take what yields changes for as long as the program runs."""
        self._watch = watch
        self._lock = threading.Lock()
        self._newest = 0
        self._begin()

    def follow(self) -> None:
        """Collect, for ever; a refusal is not the end: it is said, and asked again later."""
        while True:
            try:
                for change in self._watch():
                    self._add(change)
            except AttuneError as error:
                self._add(Disconnected(error, _PAUSE))
            _NEVER.wait(_PAUSE)

    def take(self) -> Brought:
        """Return what was collected, and begin anew."""
        with self._lock:
            brought = Brought(
                kinds=frozenset(self._kinds), executions=self._executions, agents=self._agents, events=self._events, lost=self._lost
            )
            self._begin()
        return brought

    def _begin(self) -> None:
        self._kinds: set[str] = set()
        self._executions: dict[str, ExecutionChange] = {}
        self._agents: dict[str, AgentChange] = {}
        self._events = 0
        self._lost: AttuneError | None = None

    def _add(self, change: Change) -> None:
        with self._lock:
            if isinstance(change, Connected | Disconnected):
                self._lost = change.error if isinstance(change, Disconnected) else None
                self._kinds.add("reset")
                return
            self._kinds.add(change.kind)
            match change:
                case ExecutionChange() if change.id in self._executions or len(self._executions) < MOST:
                    self._executions[change.id] = change
                case ExecutionChange():
                    self._kinds.add("reset")
                case AgentChange():
                    self._agents[change.name] = change
                case EventChange() if change.position > self._newest:  # told first when it came, or when it was planned with it
                    self._newest = change.position
                    self._events += 1
                case _:
                    pass
