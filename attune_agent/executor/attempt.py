"""One attempt inside its keeper: its processes, its pipes, its private directory; what it became is an Ending.

`keeper` makes it from an Order, which prepares everything that needs no process, and has it `begin` when the start is recorded. Then it
tells it what its loop saw (readiness, children's ends, time, a stop), asks `step` whether it is over, and at last has its files removed.
What to do when is decided by `course`; how processes are reached by `tree`.
"""

import contextlib
import fcntl
import os
import time
from typing import NamedTuple

from attune_agent.executor.bounded_log import BoundedLog
from attune_agent.executor.confine import OutOfMemoryScore
from attune_agent.executor.course import Course, Step
from attune_agent.executor.log_index import STREAMS
from attune_agent.executor.masking import Masker, masked
from attune_agent.executor.private_directory import PrivateDirectory
from attune_agent.executor.protocol import How, ResultState
from attune_agent.executor.pump import Log, Stream
from attune_agent.executor.remove_tree import empty_directory, open_directory
from attune_agent.executor.sandbox import NOT_REACHED, Bubble
from attune_agent.executor.spawn import Command, NotSpawned, not_spawned, resolve, spawn
from attune_agent.executor.spool import Spool
from attune_agent.executor.start_command import Order, StartCommand
from attune_agent.executor.tree import Tree, terminate_sandboxed
from attune_core.failpoints import failpoint

#: When a group or the host is out of memory, the attempt's processes go before its keeper, and before the host's own programs.
_SCORE = 200


class Ending(NamedTuple):
    """What the keeper reports when no process of the attempt is left."""

    how: How
    status: int | None  # of waitpid(2)
    detail: str
    result_state: ResultState
    result: bytes
    stdout_bytes: int
    stderr_bytes: int
    started_at: float | None
    ended_at: float
    duration: float


def now() -> float:
    """Return seconds that never jump and count suspend, for limits."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Attempt:
    """An attempt, at first only prepared."""

    def __init__(self, order: Order, tree: Tree, score: OutOfMemoryScore) -> None:
        """Prepare it; a build's two output streams are one. `NotSpawned`: it cannot be, and nothing is left of it."""
        command = self.command = order.command
        self.course = Course(now(), command.timeout, command.grace)
        self.streams: list[Stream] = []
        self.input: int | None = None
        self.started_at = 0.0
        self._began = 0.0
        self._unwritten = memoryview(b"")
        self._tree = tree
        self._built = order.tree
        self._score = score
        self._status: int | None = None
        self._detail = ""
        self._bubble: Bubble | None = None
        self._tree_empty = False
        #: The action's ends of its pipes, standard input last.
        self._ends: list[int] = []
        self._logs = _logs(command)
        try:
            self._private = PrivateDirectory(order.private)
        except OSError as error:
            self._release()
            raise not_spawned(error) from error
        try:
            self._what = self._prepare()
        except (OSError, NotSpawned) as error:
            self.abandon()
            raise (error if isinstance(error, NotSpawned) else not_spawned(error)) from error

    def begin(self) -> None:
        """Start it: from here on its time counts. `NotSpawned`: nothing runs, and nothing is left of it."""
        self._score.put(_SCORE)
        try:
            if self.command.fresh:
                _empty(self._built)
            self.pid = spawn(self._what, self._ends[-1], self._ends[0], self._ends[len(self.streams) - 1])
            failpoint("a6")
        except NotSpawned:
            self.abandon()
            raise
        finally:
            self._score.put(0)
        self._close_ends()
        if self._bubble is not None:
            self._bubble.started()
        self._began, self.started_at = now(), time.time()
        self.course = Course(self._began, self.command.timeout, self.command.grace)

    def abandon(self) -> None:
        """Remove everything that was prepared; it will not begin."""
        self._release()
        self.remove_files()

    def write_input(self) -> None:
        """Give the action more of its Input; that it does not want it, or has ended, is no error."""
        if self.input is None:
            return
        try:
            self._unwritten = self._unwritten[os.write(self.input, self._unwritten) :]
        except BlockingIOError:
            return
        except OSError:
            self._unwritten = memoryview(b"")
        if not self._unwritten:
            os.close(self.input)
            self.input = None

    def reap(self) -> None:
        """Take the status of every child and orphan that has ended."""
        while not self._tree_empty:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                self._tree_empty = True  # the keeper is the subreaper: no child means no descendant
                return
            if pid == 0:
                return
            if pid == self.pid:
                self._status = status
                self.course.main_ended()

    def step(self) -> bool:
        """Do what the course asks for now; tell whether the attempt is over and its output complete."""
        while True:
            step = self.course.step(now(), pipes_held=any(stream.open for stream in self.streams), tree_empty=self._tree_empty)
            match step:
                case Step.WAIT:
                    return False
                case Step.TERMINATE:
                    self._terminate()
                    return False
                case Step.KILL:
                    self._tree.kill()
                    self.reap()
                case Step.COLLECT:
                    settled = [stream.settle() for stream in self.streams]
                    return all(settled)

    def ending(self) -> Ending:
        """Return how it ended, once `step` said that it is over; its files are still there."""
        ended, ended_at = now(), time.time()
        how: How = self.course.cause or ("exited" if self._status is not None and os.WIFEXITED(self._status) else "signalled")
        if self._bubble is not None and how == "exited" and not self._bubble.reached():
            how, self._detail = "not_executable", NOT_REACHED
        state, result = self._result()
        self._release()
        return Ending(
            how=how,
            status=self._status,
            detail=self._detail,
            result_state=state,
            result=masked(result, self.command.masks),
            stdout_bytes=self._logs[0].total,
            stderr_bytes=self._logs[1].total if len(self._logs) > 1 else 0,
            started_at=self.started_at,
            ended_at=ended_at,
            duration=ended - self._began,
        )

    def remove_files(self) -> None:
        """Empty its private directory, once, and what it has in shared memory."""
        self._tree.remove_memory()
        self._private.remove_content()

    def _prepare(self) -> Command:
        """Make what the process will need, and return what is to be started."""
        command = self.command
        capture = command.result_limit if command.result_from == "stdout" else 0
        for name, log in zip(STREAMS, self._logs, strict=False):
            read, write = os.pipe2(os.O_CLOEXEC)
            self._ends.append(write)
            self.streams.append(Stream(name, read, log, Masker(command.masks), capture if name == "stdout" else 0))
        variables = {**command.environment_variables, **self._private.variables()}
        self._private.write_home(command.home)
        self._ends.append(self._open_input(variables))
        what = Command(
            command.argv,
            resolve(command.argv[0], variables),
            variables,
            command.folder,
            command.processes,
            command.open_files,
            umask=0o022 if command.kind == "build" else 0o077,
        )
        if command.sandbox is None:
            return what
        # What is not there was said in the same words as without a sandbox.
        self._bubble = Bubble()
        argv = self._bubble.argv(command.sandbox, command.argv, command.folder, self._private.path)
        return what._replace(argv=argv, executable=argv[0], inherited=(self._bubble.status,))

    def _open_input(self, variables: dict[str, str]) -> int:
        """Return the action's stdin; a pipe is filled before the start, so that nearly no Input needs the loop."""
        document = self.command.input
        if self.command.input_via == "file":
            variables["ATTUNE_INPUT"] = self._private.write_input(document)
        if not document or self.command.input_via == "file":
            return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        read, self.input = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self.input, False)
        if len(document) > 64 << 10:
            with contextlib.suppress(OSError):  # more than the host allows; the loop writes the rest
                fcntl.fcntl(self.input, fcntl.F_SETPIPE_SZ, len(document))
        self._unwritten = memoryview(document)
        self.write_input()
        return read

    def _result(self) -> tuple[ResultState, bytes]:
        match self.command.result_from:
            case "none":
                return "missing", b""
            case "file":
                return self._private.read_result(self.command.result_limit)
            case "stdout":
                printed = bytes(self.streams[0].captured)
                if len(printed) > self.command.result_limit:
                    return "too_large", b""
                return ("ok", printed) if printed else ("missing", b"")

    def _terminate(self) -> None:
        if self._bubble is None:
            self._tree.terminate()
        else:
            terminate_sandboxed(self.pid)

    def _release(self) -> None:
        """Close what is open; nothing of the Input stays."""
        if self._bubble is not None:
            self._bubble.close()
        if self.input is not None:
            os.close(self.input)
            self.input = None
        self._unwritten = memoryview(b"")
        for stream in self.streams:
            stream.close()
        for log in self._logs:
            log.close()
        self._close_ends()

    def _close_ends(self) -> None:
        for descriptor in self._ends:
            os.close(descriptor)
        self._ends.clear()


def _empty(tree: str) -> None:
    """Wipe the environment tree that is to be built anew."""
    try:
        top = open_directory(tree)
    except OSError as error:
        raise not_spawned(error) from error
    try:
        if not empty_directory(top):
            raise NotSpawned(f"{tree} could not be emptied", passing=False)
        os.fchmod(top, 0o755)
    finally:
        os.close(top)


def _logs(command: StartCommand) -> list[Log]:
    """Return where each stream goes; a build's two are one."""
    if command.kind == "build":
        return [BoundedLog(command.logs)]
    return [BoundedLog(command.logs) if command.spool is None else Spool(command.spool), BoundedLog(command.logs)]


def ending_of_nothing(error: NotSpawned) -> Ending:
    """Return the ending of an attempt of which no process ever ran."""
    how: How = "not_started" if error.passing else "not_executable"
    return Ending(how, None, str(error), "missing", b"", 0, 0, None, time.time(), 0.0)
