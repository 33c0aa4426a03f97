"""Restarts with much history: a controller with a million finished executions, an agent with ten thousand queued ones.

The store is filled once, straight through SQLite, and kept for the rounds. Each round starts the real controller on it and takes the time
until it listens and until its first pages of executions, and its memory, beside a controller with an empty store. The agent is killed with
its queues standing behind an action, and the time from the start of its next process to the first action's own word is taken (`queued`).
`python -m benchmarks.restart [--executions 1000000] [--queued 10000] [--rounds 5] [--json]`.
"""

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from attune_cli.authority import local_access
from attune_cli.client import Client
from attune_cli.local.program import Program, module
from attune_controller.store.sqlite.store import open_sqlite_store
from attune_core.wire.api import ExecutionView, Page
from benchmarks.figures import ratios, show, summary
from benchmarks.queued import measure_restarts

#: A finished execution with its event, as the store keeps them; n counts from 1.
_HISTORY = """
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})
"""
_EVENTS = """INSERT INTO events (source, id, type, subject, time, received_at, hops, traceparent, data)
SELECT 'hooks/x', 'event-' || n, 'web.alert', '', 1e9, {now} - 60, 0, '', '{{"unit":"nginx"}}' FROM numbers"""
_PLANS = "INSERT INTO plans (position, status, reason, revision) SELECT n, 'planned', '', 'r1' FROM numbers"
_EXECUTIONS = """INSERT INTO executions (id, event, action, agent, queue, epoch, sequence, state, handed, attempt, started_at, settled_at,
outcome, detail, exit_code, input_bytes) SELECT printf('%036d', n), n, 'web.restart', 'agent-' || (n % 100), 1 + n % 100, 0, 1 + n / 100,
'settled', 1, 1, {now}, {now}, iif(n % 10, 'succeeded', 'failed'), '', 0, 16 FROM numbers"""
_REQUESTS = """INSERT INTO requests (
number, rule, pack, digest, revision, secrets, key, match, accepted_at, hops, traceparent, detail, input
) SELECT n, 'web.on_alert', 'web', printf('%064d', 1), 'r1', '{{}}', 'null', '{{}}', {now} - 60, 0, '', '',
'{{"unit":"nginx"}}' FROM numbers"""
_QUEUES = "INSERT INTO queues (id, place, action, key, last_sequence, last_handed) VALUES (?, ?, 'web.restart', 'null', ?, ?)"


async def fill_store(folder: Path, executions: int) -> None:
    """Make a store with so many finished executions of a hundred agents."""
    store = await open_sqlite_store(folder)
    await store.close()
    if not executions:
        return
    connection = apsw.Connection(str(folder / "store.sqlite"))
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN")
    last = executions // 100 + 1
    connection.executemany(_QUEUES, [(number + 1, f"agent-{number}", last, last) for number in range(100)])
    numbers, now = _HISTORY.format(count=executions), time.time()
    for statement in (_EVENTS, _PLANS, _EXECUTIONS, _REQUESTS):
        insert, _, rest = statement.partition("SELECT")
        connection.execute(insert + numbers + "SELECT" + rest.format(now=now))
    connection.execute("COMMIT")
    connection.close()


def resident(pid: int) -> float:
    """Return a process's memory in MiB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1024


def start_controller(state: Path, place: Path) -> tuple[float, float, float]:
    """Start a controller on a state directory; return seconds until it listens, until a first page, and MiB."""
    settings = place / "controller.json"
    document = {"state": str(state), "repository": {"url": str(place / "origin"), "allow_local": True}}
    listen: dict[str, object] = {name: {"listen": "127.0.0.1:0"} for name in ("public", "agents")}
    settings.write_text(json.dumps(document | listen), encoding="ascii")
    (state / "listening.json").unlink(missing_ok=True)
    began = time.monotonic()
    argv = [*module("attune_cli.main"), "controller", "run", "--settings", str(settings)]
    program = Program("controller", argv, place / "log")
    try:
        program.wait_until((state / "listening.json").exists)
        listening = time.monotonic() - began
        with Client(local_access(state)) as client:
            client.get("/v1/executions", Page[ExecutionView], {"limit": 50})
            client.get("/v1/executions", Page[ExecutionView], {"limit": 50, "state": "failed", "agent": "agent-7"})
        return listening, time.monotonic() - began, resident(program.pid)
    finally:
        program.kill()


@contextmanager
def scratch() -> Iterator[Path]:
    """Yield a folder that is gone afterwards."""
    place = Path(tempfile.mkdtemp(prefix="attune-restart-"))
    place.chmod(0o711)
    try:
        yield place
    finally:
        shutil.rmtree(place)


def main() -> None:
    """Fill, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executions", type=int, default=1_000_000)
    parser.add_argument("--queued", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    flags = parser.parse_args()
    os.umask(0o077)
    with scratch() as place:
        subprocess.run(["git", "init", "-q", "--bare", str(place / "origin")], check=True)
        full, empty = place / "full", place / "empty"
        asyncio.run(fill_store(full / "store", flags.executions))
        asyncio.run(fill_store(empty / "store", 0))
        rounds = [(start_controller(full, place), start_controller(empty, place)) for _ in range(flags.rounds)]
        size = (full / "store/store.sqlite").stat().st_size / (1 << 20)
        many, single = measure_restarts(place / "agents", queued=flags.queued, rounds=flags.rounds)
    with_history, without = zip(*rounds, strict=True)
    listening, paged, memory = zip(*with_history, strict=True)
    listening_empty, _, memory_empty = zip(*without, strict=True)
    figures = {
        "finished executions": f"{flags.executions:,} ({size:.0f} MiB)",
        "controller: seconds to listen": summary(listening),
        "controller: x one with an empty store": ratios(listening, listening_empty),
        "controller: seconds to two first pages": summary(paged),
        "controller: MiB": summary(memory),
        "controller: MiB, x empty": ratios(memory, memory_empty),
        f"agent: seconds to the first start of {flags.queued:,} queued": summary(many),
        "agent: seconds to the start of a single one": summary(single),
        "agent: x one with a single one": ratios(many, single),
    }
    show("Restarts", figures, as_json=flags.json)


if __name__ == "__main__":
    main()
