"""The keeper: a slot's long-lived process, living as the slot's uid, which hosts one attempt after the other.

`slots` forks it and speaks with it over a Channel. Down go prepare, begin or drop, log_file, stop; up come started, log_file, condition,
ended, clean. An attempt is prepared while its start record is being synced and begins when that is done; its end is told when no process
is left, and while that is being synced its files are removed (docs/decisions/0032). The loop waits for the channel, children's ends,
the attempt's pipes and its next deadline. When the channel closes the executor is gone: it kills the tree it hosts and ends.
"""

import contextlib
import os
import resource
import select
import signal
from math import inf
from typing import NoReturn

from attune_agent.executor import fields as read
from attune_agent.executor.attempt import Attempt, Ending, ending_of_nothing, now
from attune_agent.executor.channel import Channel, ChannelClosed, Packet
from attune_agent.executor.confine import OutOfMemoryScore
from attune_agent.executor.spawn import NotSpawned
from attune_agent.executor.start_command import unpack
from attune_agent.executor.tree import Tree
from attune_core.failpoints import failpoint

_MEND_AFTER = 1.0
_LIMITS = sorted({getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")})


def keep(channel: Channel, tree: Tree, score: OutOfMemoryScore, *, tells_pids: bool) -> NoReturn:
    """Host attempts until the executor is gone; without a uid of its own the main process is told, to be found after a crash."""
    keeper = _Keeper(channel, tree, score, tells_pids=tells_pids)
    try:
        keeper.run()
    except ChannelClosed:
        _kill_what_is_left(tree)
        keeper.leave_nothing()
        os._exit(0)


class _Keeper:
    def __init__(self, channel: Channel, tree: Tree, score: OutOfMemoryScore, *, tells_pids: bool) -> None:
        self._channel = channel
        self._tree = tree
        self._score = score
        self._tells_pids = tells_pids
        #: What was prepared, or why it could not be, until the word to begin comes.
        self._prepared: Attempt | NotSpawned | None = None
        self._attempt: Attempt | None = None
        self._told_condition = self._told_over = False
        self._mend_at = 0.0
        self._asked: set[str] = set()
        self._ended, wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        self._unspoilt = _own_limits()

    def run(self) -> NoReturn:
        """Wait and react, for ever."""
        while True:
            ready = self._wait()
            if ready.get(self._channel.descriptor, 0) & select.POLLOUT:
                self._channel.flush()
            if ready.get(self._channel.descriptor, 0) & ~select.POLLOUT:
                for packet in self._channel.receive():
                    self._obey(packet)
            if ready.get(self._ended):
                _drain(self._ended)
            if self._attempt is not None:
                self._go_on(self._attempt, ready)

    def leave_nothing(self) -> None:
        """Write what is left in its pipes as far as files are open, and remove its files, its Input among them.

        Nobody knows when the next executor starts.
        """
        for stream in self._attempt.streams if self._attempt is not None else ():
            stream.settle()
        for attempt in (self._prepared, self._attempt):
            if isinstance(attempt, Attempt):
                attempt.remove_files()

    def _wait(self) -> dict[int, int]:
        poll = select.poll()
        poll.register(self._channel.descriptor, select.POLLIN | (select.POLLOUT if self._channel.waiting else 0))
        poll.register(self._ended, select.POLLIN)
        timeout = None
        if self._attempt is not None:
            if self._attempt.input is not None:
                poll.register(self._attempt.input, select.POLLOUT)
            for stream in self._attempt.streams:
                if stream.open and not stream.paused:
                    poll.register(stream.source, select.POLLIN)
            # Not longer than a minute: poll(2) does not count suspend, the deadlines do.
            wake_at = min(
                self._attempt.course.wake_at, self._mend_at if any(stream.log.broken for stream in self._attempt.streams) else inf
            )
            timeout = max(0.0, min(60.0, wake_at - now())) * 1000 + 1
        return dict(poll.poll(timeout))

    def _obey(self, packet: Packet) -> None:
        match packet.kind:
            case "prepare":
                self._prepare(packet)
            case "begin":
                self._begin()
            case "drop":
                self._drop()
            case "log_file" if self._attempt is not None:
                self._receive_log_file(self._attempt, packet)
            case "stop" if self._attempt is not None:
                self._attempt.course.stop(now(), read.seconds(packet.fields, "grace", 3600.0))
            case _:
                for descriptor in packet.descriptors:
                    os.close(descriptor)

    def _prepare(self, packet: Packet) -> None:
        """Make ready what needs no process; how that went is told when it is to begin."""
        order = unpack(packet.blob)
        try:
            self._prepared = Attempt(order, self._tree, self._score)
        except NotSpawned as error:
            self._prepared = error
        failpoint("a16")

    def _begin(self) -> None:
        """The start is recorded: let the action's process begin."""
        prepared, self._prepared = self._prepared, None
        try:
            if prepared is None:
                raise RuntimeError("nothing was prepared")
            if isinstance(prepared, NotSpawned):
                raise prepared
            prepared.begin()
        except NotSpawned as error:
            self._tell_end(ending_of_nothing(error))
            self._tell_clean()
            return
        self._attempt = prepared
        self._told_condition = self._told_over = False
        self._asked.clear()
        if self._tells_pids:
            self._channel.send("started", {"pid": prepared.pid})

    def _drop(self) -> None:
        """The start could not be recorded: leave nothing of what was prepared."""
        if isinstance(self._prepared, Attempt):
            self._prepared.abandon()
        self._prepared = None
        self._tell_clean()

    def _receive_log_file(self, attempt: Attempt, packet: Packet) -> None:
        for stream in attempt.streams:
            if stream.name == packet.fields["stream"]:
                self._asked.discard(stream.name)
                if packet.descriptors:
                    stream.log.give(packet.descriptors[0], packet.descriptors[1] if len(packet.descriptors) > 1 else None)
                else:
                    stream.log.refuse()
                stream.resume()

    def _go_on(self, attempt: Attempt, ready: dict[int, int]) -> None:
        self._mend(attempt)
        if attempt.input is not None and ready.get(attempt.input):
            attempt.write_input()
        for stream in attempt.streams:
            if stream.open and ready.get(stream.source):
                stream.pump()
        attempt.reap()
        over = attempt.step()
        for stream in attempt.streams:
            if stream.log.wants is not None and stream.name not in self._asked:
                self._asked.add(stream.name)
                self._channel.send("log_file", {"stream": stream.name, "place": stream.log.wants})
        if attempt.course.over and self._asked and attempt.command.spool is not None and not self._told_over:
            self._told_over = True  # what is left in the pipe is taken whatever the bound of the spool is
            self._channel.send("over")
        if over:
            self._tell_end(attempt.ending())
            failpoint("a17")
            attempt.remove_files()
            self._attempt = None
            self._tell_clean()
        elif attempt.course.kill_failed(now()) and not self._told_condition:
            self._told_condition = True
            self._channel.send("condition", {"condition": "kill_failed"})

    def _mend(self, attempt: Attempt) -> None:
        if any(stream.log.broken for stream in attempt.streams) and now() >= self._mend_at:
            self._mend_at = now() + _MEND_AFTER
            for stream in attempt.streams:
                stream.log.mend()
                stream.resume()

    def _tell_end(self, ending: Ending) -> None:
        status = ending.status
        told = {
            "how": ending.how,
            "exit_code": os.WEXITSTATUS(status) if status is not None and os.WIFEXITED(status) else None,
            "signal": os.WTERMSIG(status) if status is not None and os.WIFSIGNALED(status) else None,
            "detail": ending.detail,
            "result_state": ending.result_state,
            "stdout_bytes": ending.stdout_bytes,
            "stderr_bytes": ending.stderr_bytes,
            "started_at": ending.started_at,
            "ended_at": ending.ended_at,
            "duration": ending.duration,
        }
        self._channel.send("ended", told, ending.result)

    def _tell_clean(self) -> None:
        # Same uid, so the action may have changed the keeper's limits or priority (prlimit(2)): such a keeper hosts no other attempt.
        self._channel.send("clean" if _own_limits() == self._unspoilt else "spoilt")


def _own_limits() -> list[object]:
    """Return what a process of the same uid can change about this one."""
    return [*map(resource.getrlimit, _LIMITS), os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0), os.sched_getaffinity(0)]


def _drain(descriptor: int) -> None:
    with contextlib.suppress(BlockingIOError):
        while os.read(descriptor, 4096):
            pass


def _kill_what_is_left(tree: Tree) -> None:
    """Kill and reap until no descendant is left."""
    poll = select.poll()
    while True:
        tree.kill()
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        poll.poll(10)
