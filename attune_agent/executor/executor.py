"""The executor's loop: waits for the agent, the keepers, ended children and time; commits once per turn; then speaks.

`main` builds it. One turn: read everything that came, write and sync what became of it (`commit`), only then send. What keepers prepare or
clean up meanwhile decides nothing. It is a single thread, so forking a keeper is safe at any point of it.
"""

import contextlib
import os
import select
import signal
from collections.abc import Sequence
from math import inf

from attune_agent.executor.answering import Answering
from attune_agent.executor.attempt import now
from attune_agent.executor.commit import GroupCommit
from attune_agent.executor.connections import Connections
from attune_agent.executor.hosting import Hosting
from attune_agent.executor.log_retention import LogRetention
from attune_agent.executor.slots import Phase, Slot

#: How long attempts have for SIGTERM when the executor itself is stopped.
_GRACE = 10.0


class KeepersFailed(Exception):
    """The keepers did not become ready: attempts could not be hosted."""


class Executor:
    """Everything that is waited for."""

    def __init__(self, commit: GroupCommit, hosting: Hosting, connections: Connections, retention: LogRetention) -> None:
        self._commit = commit
        self._hosting = hosting
        self._connections = connections
        self._retention = retention
        self._answering: Answering | None = None
        self._stop_asked = 0
        self._ended_all = self._ended_sensors = False
        self._signalled, wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask_stop)

    def await_keepers(self, limit: float) -> None:
        """Go on until every slot has a keeper that emptied its uid; `KeepersFailed` after so many seconds."""
        end = now() + limit
        own = [slot for slot in self._hosting.slots if not slot.passing]
        while any(slot.phase is not Phase.READY for slot in own):
            if now() > end or self._stop_asked:
                missing = [str(slot.number) for slot in own if slot.phase is not Phase.READY]
                raise KeepersFailed(f"no keeper for the slots {', '.join(missing)}: processes of their uids cannot be killed, or see above")
            self._turn(end)

    def serve(self, answering: Answering) -> None:
        """Answer until it is to stop; return when no attempt is left and the outcomes are durable and told.

        SIGTERM and SIGINT end every attempt; a `retire` waits for them unless it says otherwise. Nothing new is started either way.
        """
        self._answering = answering
        while not self._finished(answering):
            self._turn(inf)

    def _finished(self, answering: Answering) -> bool:
        if not (self._stop_asked or answering.stopping):
            return False
        if (self._stop_asked or answering.ending) and not self._ended_all:
            answering.stopping = self._ended_all = True
            answering.give_up()
            self._end([slot for slot in self._hosting.slots if not slot.sensor])
        if answering.stopping and not self._ended_sensors:  # they never end by themselves, and the next executor hosts them again
            self._ended_sensors = True
            self._end([slot for slot in self._hosting.slots if slot.sensor])
        busy = self._commit.ends_waiting or any(slot.held is not None for slot in self._hosting.slots)
        return self._stop_asked > 1 or (answering.stopping and not busy)

    def _end(self, slots: Sequence[Slot]) -> None:
        for slot in slots:
            if slot.held is not None:
                slot.stopped_by = "executor_stopped"
                self._hosting.stop(slot, _GRACE, now())

    def _turn(self, latest: float) -> None:
        ready = self._wait(latest)
        self._hear_keepers(ready)
        if self._signalled in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._signalled, 4096)
            self._reap()
        if self._answering is not None:
            self._hear_agents(self._answering, ready)
        self._hosting.tend(now())
        if self._commit.commit(now()):
            self._hosting.take_clean()
        gone = self._connections.flush()
        if self._answering is not None:
            for connection in gone:
                self._answering.give_up(connection)
            self._retention.prune_if_due(now(), self._hosting.take_logged(), self._hosting.log_directories)

    def _wait(self, latest: float) -> set[int]:
        poll = select.poll()
        poll.register(self._signalled, select.POLLIN)
        for slot in self._hosting.slots:
            if slot.channel is not None:
                poll.register(slot.channel.descriptor, select.POLLIN | (select.POLLOUT if slot.channel.waiting else 0))
        deaf = now() < self._connections.deaf_until
        if self._answering is not None and not deaf:
            poll.register(self._connections.listener, select.POLLIN)
        for connection in self._connections.all:
            poll.register(connection.end, select.POLLIN | (select.POLLOUT if connection.waiting else 0))
        # At most a minute: poll(2) does not count suspend, the times do.
        wake_at = min(latest, self._hosting.wake_at(), self._commit.wake_at, self._connections.deaf_until if deaf else inf)
        return {descriptor for descriptor, _ in poll.poll(max(0.0, min(60.0, wake_at - now())) * 1000 + 1)}

    def _hear_keepers(self, ready: set[int]) -> None:
        for slot in self._hosting.slots:
            if slot.channel is not None and slot.channel.descriptor in ready:
                self._hosting.exchange(slot)

    def _hear_agents(self, answering: Answering, ready: set[int]) -> None:
        for connection in self._connections.all:
            if connection.end.fileno() in ready:
                for line in connection.lines():
                    answering.answer(connection, line)
                if connection.lost:  # before whoever comes after it asks what there is
                    answering.give_up(connection)
        if self._connections.listener.fileno() in ready:
            self._connections.accept()

    def _reap(self) -> None:
        """Take every ended child; a keeper that its action has stopped is continued."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if os.WIFSTOPPED(status):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
            else:
                self._hosting.reaped(pid, now())

    def _ask_stop(self, _number: int, _frame: object) -> None:
        self._stop_asked += 1
