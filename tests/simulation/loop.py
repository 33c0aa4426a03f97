"""An event loop with virtual time in which several programs live side by side, interleaved by a seed.

Made by `world`. Each program has its own queue of callbacks, in asyncio's own order; which program has the next turn is the seed's choice,
as nobody promises an order between processes. Time moves on only when nobody has anything to do. A stopped program keeps its callbacks.
"""

import asyncio
import contextvars
import heapq
import itertools
import random
from asyncio.events import _set_running_loop
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from hashlib import blake2b
from typing import TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

#: Turns without time passing after which somebody is taken to run in circles.
_LIVELOCK = 200_000


class Program:
    """One process: its callbacks, its tasks, and whether it lives."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self.stopped = False
        self.ready: deque[asyncio.Handle] = deque()
        self.tasks: list[asyncio.Task[object]] = []
        #: Called once when it dies; each under a key, by which it is taken off again.
        self.mourners: dict[object, Callable[[], None]] = {}
        #: Goes past a named point, or dies there; set by `life`.
        self.reach: Callable[[str], None] = _anywhere
        self.context = contextvars.copy_context()
        self.context.run(PROGRAM.set, self)

    def kill(self) -> None:
        """End it as SIGKILL does: its ports are dead from here on, and its tasks unwind without any effect."""
        if not self.alive:
            return
        self.alive, self.stopped = False, False
        for task in self.tasks:
            if not task.done():
                task.cancel()
        mourners, self.mourners = self.mourners, {}
        for mourner in mourners.values():
            mourner()


def _anywhere(_point: str) -> None:
    """Nobody watches this program."""


PROGRAM: contextvars.ContextVar[Program] = contextvars.ContextVar("program")


class SimulatedTask(asyncio.Task[T]):
    """A task whose place in a set does not depend on where it lies in memory."""

    _count = 0

    def __hash__(self) -> int:
        if not self._count:  # it is asked for while it is being made
            loop = self.get_loop()
            assert isinstance(loop, VirtualLoop)
            loop.tasks_made += 1
            self._count = loop.tasks_made
        return self._count


class VirtualLoop(asyncio.BaseEventLoop):
    """What asyncio needs of a loop, and no more: no sockets, no threads, no signals."""

    def __init__(self, seed: str) -> None:
        # Nothing of the base's own machinery is used, so it is not made.
        self._random = random.Random(seed)
        self._now = 0.0
        self._order = itertools.count()
        self._timers: list[tuple[float, int, asyncio.TimerHandle, Program]] = []
        self._programs: list[Program] = []
        self._still = 0
        self._over = False
        self.turns = self.tasks_made = 0
        self.trace = blake2b(digest_size=16)
        #: What failed outside of any task, or in a task that nobody waits for.
        self.failed: Callable[[str, BaseException | None], None] = lambda _what, _error: None
        self.world = self.program("world")

    def program(self, name: str) -> Program:
        """Begin a program."""
        made = Program(name)
        self._programs = [one for one in self._programs if one.alive or one.ready]
        self._programs.append(made)
        return made

    def spawn(self, program: Program, work: Coroutine[object, object, T]) -> asyncio.Task[T]:
        """Run a coroutine as a part of a program."""
        return self.create_task(work, context=program.context)

    def begin(self, program: Program, work: Coroutine[object, object, None]) -> None:
        """Run a coroutine that is all of a program: when it fails, the program has."""

        def over(task: asyncio.Task[None]) -> None:
            if program.alive:
                error = None if task.cancelled() else task.exception()
                self.failed(f"{program.name} has ended", error or RuntimeError("it only stopped"))
                program.kill()

        self.spawn(program, work).add_done_callback(over)

    def run(self, until: "asyncio.Future[T]", *, steps: int | None = None) -> None:
        """Turn until the future is done, or as many times as asked."""
        _set_running_loop(self)
        try:
            while not until.done() and (steps is None or self.turns < steps):
                self._turn()
        finally:
            _set_running_loop(None)

    def close(self) -> None:
        """End every program, and let their tasks unwind."""
        _set_running_loop(self)
        try:
            for program in self._programs:
                program.kill()
            while any(program.ready for program in self._programs):
                self._turn()
            for program in self._programs:
                program.tasks.clear()
        finally:
            self._over = True
            _set_running_loop(None)

    def _turn(self) -> None:
        able = [program for program in self._programs if program.ready and not program.stopped]
        if not able:
            self._pass_time()
            return
        program = able[0] if len(able) == 1 else able[int(self._random.random() * len(able))]
        self.turns += 1
        self._still += 1
        if self._still > _LIVELOCK:
            raise RuntimeError(f"{program.name} runs in circles at {self._now:.3f} s")
        ready = program.ready
        self.trace.update(f"{self._now:.6f} {program.name} {len(ready)}\n".encode())
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle.cancelled():
                handle._run()

    def _pass_time(self) -> None:
        while self._timers and self._timers[0][2].cancelled():
            heapq.heappop(self._timers)
        if not self._timers:
            raise RuntimeError(f"nobody waits for anything at {self._now:.3f} s")
        self._still, self._now = 0, self._timers[0][0]
        while self._timers and self._timers[0][0] <= self._now:
            _, _, timer, program = heapq.heappop(self._timers)
            program.ready.append(timer)

    # What asyncio calls.

    def time(self) -> float:
        return self._now

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return self._over

    def call_soon(self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: contextvars.Context | None = None) -> asyncio.Handle:
        context = context if context is not None else contextvars.copy_context()
        handle = asyncio.Handle(callback, args, self, context)
        context.get(PROGRAM, self.world).ready.append(handle)
        return handle

    def call_later(
        self, delay: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        context = context if context is not None else contextvars.copy_context()
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (max(when, self._now), next(self._order), timer, context.get(PROGRAM, self.world)))
        return timer

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It is passed over when its time comes."""

    def create_future(self) -> "asyncio.Future[object]":
        return asyncio.Future(loop=self)

    def nothing(self) -> "asyncio.Future[None]":
        """Return a future that only says that something has happened."""
        return asyncio.Future(loop=self)

    def create_task(
        self,
        coro: Coroutine[object, object, T] | Generator["asyncio.Future[object] | None", None, T],
        *,
        name: object = None,
        context: contextvars.Context | None = None,
    ) -> asyncio.Task[T]:
        task = SimulatedTask(coro, loop=self, name=None if name is None else str(name), context=context)
        program = context.get(PROGRAM, self.world) if context is not None else PROGRAM.get(self.world)
        if len(program.tasks) > 256:
            program.tasks[:] = [one for one in program.tasks if not one.done()]
        program.tasks.append(task)
        if not program.alive:
            task.cancel()
        return task

    def call_exception_handler(self, context: dict[str, object]) -> None:
        error = context.get("exception")
        self.failed(str(context.get("message")), error if isinstance(error, BaseException) else None)
