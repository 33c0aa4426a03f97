"""The cost of a start: `sh` with JSON on standard input through the executor, beside the floor, in the same run.

Counted is what the agent's link sees, from `start` to the end that `wait` returns: real socket, durable records of start and end, private
directory, logs. The floor is `floor`; `relay` is the least that the executor's processes and syncs can cost. Rounds of all alternate.
They need the standard library alone, so all can run with another interpreter, such as a distribution's optimised one:
`python -m benchmarks.start [--starts 100] [--rounds 9] [--python PATH] [--json]`.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from attune_cli.local.program import Program, module
from benchmarks.figures import ratios, show, summary
from benchmarks.floor import DOCUMENT
from benchmarks.hosting import Hosting, hosting, request
from benchmarks.path import tree_cpu

SLOTS = 4
#: Reads its Input and ends.
ACTION = ("/bin/sh", "-c", "read -r input; exit 0")


class Floor:
    """One bare process."""

    def __init__(self, uid: int | None, place: Path, python: str) -> None:
        """Start it as this uid, with a directory of its own in this place."""
        place.mkdir()
        if uid is not None:
            os.chown(place, uid, uid)
        argv = [python, "-m", "benchmarks.floor", "same" if uid is None else str(uid), str(place), *ACTION]
        self.program = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, count: int) -> None:
        """Have it begin so many starts."""
        if self.program.stdin is not None:
            print(count, file=self.program.stdin, flush=True)

    def answer(self) -> list[float]:
        """Return the seconds of each."""
        line = self.program.stdout.readline() if self.program.stdout is not None else ""
        found: list[float] = json.loads(line)
        return found


@contextmanager
def floors(uids: range | None, memory: Path, python: str) -> Iterator[list[Floor]]:
    """Yield one bare process for each slot; an executor would end those with uids of its slots."""
    found = [Floor(None if uids is None else uids[-1 - slot], memory / f"floor{slot}", python) for slot in range(SLOTS)]
    with ExitStack() as stack:
        for floor in found:
            stack.enter_context(floor.program)
            stack.callback(floor.program.terminate)
        yield found


@dataclass
class Side:
    """What the rounds measured of one of the two."""

    one: list[float] = field(default_factory=list)  # median seconds of a start, one at a time
    rate: list[float] = field(default_factory=list)  # starts a second, four at a time
    cpu: list[float] = field(default_factory=list)  # processor seconds a start, four at a time


@dataclass
class Bare:
    """The relay: its process, and a connection for each slot."""

    program: Program
    lanes: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]

    async def lane(self, slot: int, count: int) -> list[float]:
        """Start one after the other."""
        reader, writer = self.lanes[slot]
        found = []
        for _ in range(count):
            began = time.perf_counter()
            writer.write(DOCUMENT)
            await reader.read(4096)
            found.append(time.perf_counter() - began)
        return found


@asynccontextmanager
async def relaying(uids: range | None, memory: Path, disk: Path, python: str) -> AsyncIterator[Bare]:
    """Yield a relay with its keepers, whose uids no executor and no floor has."""
    place = memory / "relay"
    place.mkdir(mode=0o711)
    names = ",".join("same" if uids is None else str(uids[-1 - SLOTS - slot]) for slot in range(SLOTS))
    path = memory / "relay.sock"
    argv = [*module("benchmarks.relay", python=python), str(path), str(disk / "relay.journal"), str(place), names, *ACTION]
    program = Program("relay", argv, disk / "relay.log")
    try:
        program.wait_until(path.exists)
        yield Bare(program, [await asyncio.open_unix_connection(path) for _ in range(SLOTS)])
    finally:
        program.stop()


async def measure_relay(bare: Bare, side: Side, starts: int) -> None:
    """Measure one round through the relay."""
    side.one.append(statistics.median(await bare.lane(0, starts)))
    spent, began = tree_cpu([bare.program.pid]), time.perf_counter()
    await asyncio.gather(*(bare.lane(slot, starts) for slot in range(SLOTS)))
    side.rate.append(SLOTS * starts / (time.perf_counter() - began))
    side.cpu.append((tree_cpu([bare.program.pid]) - spent) / (SLOTS * starts))


async def lane(host: Hosting, count: int) -> list[float]:
    """Start one after the other."""
    found = []
    for _ in range(count):
        what = request(*ACTION, document=DOCUMENT)
        began = time.perf_counter()
        await host.link.start(what)
        ended = await host.link.wait(what.execution, what.attempt)
        found.append(time.perf_counter() - began)
        if ended.exit_code != 0:
            raise RuntimeError(f"the action failed: {ended}")
        await host.link.forget(what.execution, what.attempt)
    return found


async def measure_executor(host: Hosting, side: Side, starts: int) -> None:
    """Measure one round through the executor."""
    side.one.append(statistics.median(await lane(host, starts)))
    spent, began = tree_cpu([host.executor.pid]), time.perf_counter()
    await asyncio.gather(*(lane(host, starts) for _ in range(SLOTS)))
    side.rate.append(SLOTS * starts / (time.perf_counter() - began))
    side.cpu.append((tree_cpu([host.executor.pid]) - spent) / (SLOTS * starts))


def measure_floor(bare: Sequence[Floor], side: Side, starts: int) -> None:
    """Measure one round of the floor."""
    bare[0].ask(starts)
    side.one.append(statistics.median(bare[0].answer()))
    pids = [floor.program.pid for floor in bare]
    spent, began = tree_cpu(pids), time.perf_counter()
    for floor in bare:
        floor.ask(starts)
    for floor in bare:
        floor.answer()
    side.rate.append(SLOTS * starts / (time.perf_counter() - began))
    side.cpu.append((tree_cpu(pids) - spent) / (SLOTS * starts))


async def measure(starts: int, rounds: int, python: str) -> dict[str, str]:
    """Return the figures of so many rounds."""
    ours, bare, least = Side(), Side(), Side()
    async with hosting(SLOTS, python) as host, relaying(host.uids, host.memory, host.disk, python) as relay:
        with floors(host.uids, host.memory, python) as programs:
            await measure_executor(host, Side(), starts // 5 + 1)
            await measure_relay(relay, Side(), starts // 5 + 1)
            measure_floor(programs, Side(), starts // 5 + 1)
            for _ in range(rounds):
                await measure_executor(host, ours, starts)
                await measure_relay(relay, least, starts)
                measure_floor(programs, bare, starts)
    return {
        "one at a time, ms": summary([seconds * 1000 for seconds in ours.one]),
        "relay, ms": summary([seconds * 1000 for seconds in least.one]),
        "floor, ms": summary([seconds * 1000 for seconds in bare.one]),
        "one at a time, x floor": ratios(ours.one, bare.one),
        "relay, x floor": ratios(least.one, bare.one),
        "one at a time, x relay": ratios(ours.one, least.one),
        "four at a time, starts/s": summary(ours.rate),
        "relay, starts/s": summary(least.rate),
        "floor, starts/s": summary(bare.rate),
        "four at a time, x floor's rate": ratios(ours.rate, bare.rate),
        "relay, x floor's rate": ratios(least.rate, bare.rate),
        "four at a time, x relay's rate": ratios(ours.rate, least.rate),
        "executor's processor time per start, x floor": ratios(ours.cpu, bare.cpu),
        "executor's processor time per start, x relay": ratios(ours.cpu, least.cpu),
    }


def main() -> int:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--starts", type=int, default=100)
    arguments.add_argument("--rounds", type=int, default=9)
    arguments.add_argument("--python", default=sys.executable)
    arguments.add_argument("--json", action="store_true")
    chosen = arguments.parse_args()
    os.environ["PYTHONPATH"] = str(Path(__file__).resolve().parents[1])
    found = asyncio.run(measure(chosen.starts, chosen.rounds, chosen.python))
    show(f"{chosen.rounds} rounds of {chosen.starts} starts; median (least…most)", found, as_json=chosen.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
