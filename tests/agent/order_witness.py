"""What a controller knows and what a host saw of one agent, and whether the two keep the promises of order (reliability.md 1.3).

It is told of places as they are taken, of starts by the host and of last reports by the disk; it looks into nothing of the agent but its
disk and its queues.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from attune_agent.fifo import Fifo
from attune_agent.state.memory import Disk
from attune_agent.state.records import QueueKey
from attune_core.states import Outcome, Reason, State
from attune_core.wire.agent_frames import Report
from attune_core.wire.assignment import Policy
from tests.agent.scripted import Key


@dataclass
class Placed:
    """An execution at one place of its queue."""

    execution: str
    queue: QueueKey
    sequence: int
    attempt: int
    accepted_at: float
    started: bool = False
    left: Report | None = None


@dataclass
class OrderWitness:
    """Judges each start and each end when it happens."""

    queues: dict[QueueKey, list[Placed]] = field(default_factory=lambda: defaultdict(list))
    #: The present place of each execution.
    places: dict[str, Placed] = field(default_factory=dict)
    starts: list[Key] = field(default_factory=list)
    #: The policy by which a start was decided.
    decided: dict[str, Policy] = field(default_factory=dict)
    settled: dict[str, Report] = field(default_factory=dict)
    #: When starts of a rate were decided.
    times: list[float] = field(default_factory=list)

    def place(self, execution: str, queue: QueueKey, *, attempt: int, accepted_at: float) -> Placed:
        """Take the next place of a queue."""
        standing = self.queues[queue]
        sequence = standing[-1].sequence + 1 if standing else 1
        taken = Placed(execution, queue, sequence, attempt, accepted_at)
        standing.append(taken)
        self.places[execution] = taken
        return taken

    def start(self, key: Key, running: Iterable[Key]) -> None:
        """An attempt starts now, beside those that run."""
        execution, attempt = key
        assert key not in self.starts, f"G5: {key} starts twice"
        assert all(number < attempt for one, number in self.starts if one == execution), f"G9: {key} starts after a later attempt"
        self.starts.append(key)
        mine, limit = self.places[execution], self.decided[execution].limit
        assert mine.left is None, f"G10: {key} starts after its last report {mine.left}"
        earlier = [one for one in self.queues[mine.queue] if one.sequence < mine.sequence and one.left is None]
        if not mine.started:
            assert all(one.started for one in earlier), f"G7: {key} starts before {earlier}"
            assert len(earlier) < limit, f"G7: {key} starts with limit {limit} behind {earlier}"
        beside = [one for one, _ in running if self.places[one].queue == mine.queue]
        assert len(beside) < limit, f"G7: {key} starts with limit {limit} beside {beside}"
        mine.started = True

    def leave(self, report: Report, running: Iterable[Key]) -> None:
        """The last report of an execution at its place is durable."""
        mine = self.places[report.execution]
        assert mine.left is None, f"{report} follows {mine.left}"
        mine.left = report
        assert report.execution not in self.settled, f"{report} follows {self.settled[report.execution]}"
        if report.outcome is not Outcome.LOST:
            assert report.execution not in {one for one, _ in running}, f"G10: {report} while it runs"
        if report.reason in (Reason.EXPIRED, Reason.SKIPPED):
            assert report.execution not in {one for one, _ in self.starts}, f"{report} of one that has started"
        if report.state is State.SETTLED:
            self.settled[report.execution] = report
        else:
            assert (report.state, report.sequence) == (State.QUEUED, mine.sequence), f"{report} is no last report"

    def judge(self, disk: Disk, fifo: Fifo) -> None:
        """Compare the agent's queues, on disk and in memory, with the places that were taken."""
        for item in fifo.items():
            assert (item.sequence, item.queue) == (self.places[item.execution].sequence, self.places[item.execution].queue), "G8"
        for queue in fifo.queues():
            sequences = [item.sequence for item in fifo.waiting(queue).values()]
            assert sequences == sorted(set(sequences)), f"G4: {queue} holds {sequences}"
            assert fifo.active(queue) == sum(item.active for item in fifo.waiting(queue).values())
        lasts: Mapping[QueueKey, int] = {queue: last for (queue, _), last in disk.held.items()}
        for queue, standing in self.queues.items():
            for one in standing:
                on_disk = one.execution in disk.items and disk.items[one.execution].sequence == one.sequence
                expected = one.sequence <= lasts.get(queue, 0) and one.left is None
                assert on_disk == expected, f"G4: {one} with {lasts.get(queue, 0)} held"

    def judge_rate(self, limit: int, per: float) -> None:
        """No stretch of time holds more starts than the bucket and what was refilled meanwhile."""
        times = sorted(self.times)
        for first, begun in enumerate(times):
            for count, at in enumerate(times[first:], start=1):
                assert count <= limit + (at - begun) * limit / per + 1e-6, f"rate: {count} starts in {at - begun:g} s"
