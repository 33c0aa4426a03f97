"""Events on their way in: durable ingest beside a server that stores nothing, many with one commit beside one each, lists, and a flood.

`python -m benchmarks.ingest [--events 2000] [--rounds 5] [--stored 1000000] [--json]`. The controller is the real program on plain HTTP on
loopback; each event is a signed webhook of about 1.5 kB that no rule matches, deduplicated and on the disk before it is answered.
"""

import argparse
import asyncio
import hashlib
import hmac
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from attune_cli.local.origin import Origin
from attune_cli.local.system import LocalSystem
from attune_controller.store.records.events import EventFilter, NewEvent
from attune_controller.store.sqlite.store import SqliteStore, open_sqlite_store
from attune_core.wire.cloudevents_http import LINES, STRUCTURED
from benchmarks.figures import ratios, show, summary
from benchmarks.flood import Flood, flood, request
from benchmarks.path import repository
from benchmarks.sender import SECRET, payload

#: As in the measurements behind the gate (facts.md).
CONNECTIONS = 32
#: Of the flood: ten times as many senders, from addresses of their own, and what may wait.
CROWD, WAITING = 640, 2_000
#: Events of one request when they come many at a time.
MANY = 500


@contextmanager
def controller(place: Path, limits: Mapping[str, int] | None = None) -> Iterator[tuple[LocalSystem, int, str]]:
    """Run one; yield the system, the port of its public listener and an admin token."""
    place.mkdir()
    place.chmod(0o711)
    origin = Origin(place / "git")
    origin.write(_files(place / "fifo"))
    commit = origin.push()
    plain = {"ATTUNE_CONTROLLER_PUBLIC_PLAIN": "true"}
    with LocalSystem(
        root=place / "system", repository=str(origin.bare), poll="60s", environment=plain, limits=dict(limits or {})
    ) as system:
        system.put_controller_secret("bench", SECRET)
        system.start_controller()
        if system.wait_for_revision(commit).sync.active_revision != commit:
            raise RuntimeError("the benchmark's repository is refused")
        access = system.profile
        yield system, int(access.url.rstrip("/").rpartition(":")[2]), access.token


def _files(fifo: Path) -> dict[str, str]:
    """Return the path's repository with one trigger more, on which there is no rule."""
    files = repository(fifo)
    quiet = json.loads(files["packs/bench/triggers/ping.yaml"])
    hook = json.loads(files["webhooks/bench.yaml"]) | {"allow": ["quiet"]}
    return files | {"packs/bench/triggers/quiet.yaml": json.dumps(quiet), "webhooks/bench.yaml": json.dumps(hook)}


@contextmanager
def reference() -> Iterator[int]:
    """Run the server that stores nothing; yield its port."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = int(sock.getsockname()[1])
    program = subprocess.Popen([sys.executable, "-m", "benchmarks.ingest_reference", str(port)])
    try:
        while True:
            with socket.socket() as sock:
                if not sock.connect_ex(("127.0.0.1", port)):
                    break
        yield port
    finally:
        program.terminate()
        program.wait()


def signed(label: str, count: int) -> list[bytes]:
    """Return so many deliveries, as GitHub signs them."""
    found = []
    for number in range(count):
        body = payload(f"{label}-{number}")
        headers = {
            "content-type": "application/json",
            "x-github-event": "quiet",
            "x-github-delivery": f"{label}-{number}",
            "x-hub-signature-256": f"sha256={hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}",
        }
        found.append(request("/hooks/bench", body, headers))
    return found


def events(label: str, count: int, token: str, *, kind: str = "bench.quiet", many: int = 1) -> list[bytes]:
    """Return requests of CloudEvents with the same data, so many in each."""
    headers = {"authorization": f"Bearer {token}", "content-type": STRUCTURED if many == 1 else LINES}
    lines = [
        json.dumps(
            {"specversion": "1.0", "id": f"{label}-{number}", "source": "bench", "type": kind, "data": json.loads(payload(f"{number}"))}
        ).encode()
        for number in range(count)
    ]
    return [request("/events", b"\n".join(lines[start : start + many]), headers) for start in range(0, count, many)]


def _all_taken(found: Flood, expected: int) -> float:
    if len(found.accepted) != expected:
        raise RuntimeError(f"not everything was taken: {dict(found.statuses)}")
    return expected / found.seconds


def measure_rates(place: Path, chosen: argparse.Namespace) -> dict[str, str]:
    """Compare rounds of durable ingest with the reference, and many at a time with one."""
    ours: list[float] = []
    theirs: list[float] = []
    single: list[float] = []
    many: list[float] = []
    with controller(place) as (_, port, token), reference() as plain:
        for number in range(chosen.rounds + 1):  # the first one warms up
            count = chosen.events
            deliveries = signed(f"r{number}", count)
            batches = events(f"m{number}", 5 * count, token, many=MANY)
            ours.append(_all_taken(flood(port, deliveries, connections=CONNECTIONS), count))
            theirs.append(_all_taken(flood(plain, deliveries, connections=CONNECTIONS), count))
            single.append(_all_taken(flood(port, events(f"s{number}", count, token), connections=CONNECTIONS), count))
            many.append(_all_taken(flood(port, batches, connections=4), len(batches)) * 5 * count / len(batches))
    ours, theirs, single, many = ours[1:], theirs[1:], single[1:], many[1:]
    return {
        "signed webhooks, durable, events/s": summary(ours),
        "uvicorn+Starlette storing nothing, requests/s": summary(theirs),
        "durable / storing nothing (gate 0.25, goal 0.37)": ratios(ours, theirs),
        "CloudEvents one a request, events/s": summary(single),
        f"CloudEvents {MANY} a request, events/s": summary(many),
        "many / signed webhooks (gate 5)": ratios(many, ours),
        "many / CloudEvents one a request": ratios(many, single),
    }


def measure_flood(place: Path, chosen: argparse.Namespace) -> dict[str, str]:
    """Send ten times what fits, from ten times as many senders, and look whether everything that was accepted is there."""
    with controller(place, {"executions": WAITING}) as (system, port, token):
        count = max(chosen.events, 10 * WAITING)
        pid = system.programs()[-1].pid
        warm = flood(port, events("warm", 500, token), connections=CONNECTIONS)
        before, origins = _resident(pid), [f"127.0.0.{number}" for number in range(2, 12)]
        found = flood(port, events("f", count, token, kind="bench.ping"), connections=CROWD, origins=origins)
        after = _resident(pid)
        one_address = flood(port, events("g", count // 10, token), connections=CROWD)
        kept = _kept(system, "f-")
    lost = [number for number in found.accepted if f"f-{number}" not in kept]
    refused = found.statuses.total() - len(found.accepted)
    return {
        "flood: sent, accepted, refused": f"{found.statuses.total()}, {len(found.accepted)}, {refused} {dict(found.statuses)}",
        "flood: accepted and lost (0)": str(len(lost)),
        "flood: stored and not acknowledged (0)": str(len(kept) - len(found.accepted)),
        "flood: refused and told when to come again": f"{found.told_when} of {refused}",
        "flood: memory before and after, MB": f"{before:.0f}, {after:.0f}",
        "flood: answers/s, in the flood and before": f"{found.rate:.0f}, {warm.rate:.0f}",
        f"{CROWD} connections of one address: answered, refused or cut": f"{dict(one_address.statuses)}, {one_address.cut}",
    }


def _resident(pid: int) -> float:
    fields = Path(f"/proc/{pid}/statm").read_text().split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def _kept(system: LocalSystem, prefix: str) -> set[str]:
    """Return the ids of all stored events that begin so."""
    from attune_cli.recording import recorded_by_controller

    with system.client() as client:
        return {one.id for one in recorded_by_controller(client, None) if one.id.startswith(prefix)}


#: What lists are asked for: page by page from the newest, and a search that finds nothing.
LISTS: Mapping[str, EventFilter] = {
    "newest": EventFilter(),
    "of a type": EventFilter(type="bench.kind3"),
    "of a source": EventFilter(source="bench7"),
    "since": EventFilter(since=1.0),
    "search, one in 500": EventFilter(search="needle"),
    "search, nothing": EventFilter(search="no such text"),
}


def measure_lists(place: Path, stored: int) -> dict[str, str]:
    """Compare pages of lists with a thousand events and with very many."""
    return asyncio.run(_measure_lists(place, stored))


async def _measure_lists(place: Path, stored: int) -> dict[str, str]:
    small, large = await _filled(place / "small", 1_000), await _filled(place / "large", stored)
    found = {}
    for name, where in LISTS.items():
        few, many = list[float](), list[float]()
        for _ in range(40):  # in turn, so that a noisy machine disturbs both
            few.append(await _page(small, where))
            many.append(await _page(large, where))
        found[f"list, {name}: ms with 1,000 and {stored:,}"] = f"{summary(few)}, {summary(many)}"
        found[f"list, {name}: {stored:,} / 1,000 (gate 3)"] = f"{statistics.median(many) / statistics.median(few):.2f}"
    for store in (small, large):
        await store.close()
    return found


async def _filled(place: Path, count: int) -> SqliteStore:
    store = await open_sqlite_store(place)
    for start in range(0, count, 1_000):
        await store.accept_events([_stored(number) for number in range(start, min(start + 1_000, count))])
    return store


async def _page(store: SqliteStore, where: EventFilter) -> float:
    begun = time.perf_counter()
    await store.events(before=None, limit=50, where=where)
    return (time.perf_counter() - begun) * 1000


def _stored(number: int) -> NewEvent:
    return NewEvent(
        source=f"bench{number % 11}",
        id=f"{number}",
        type=f"bench.kind{number % 7}",
        subject="needle" if number % 500 == 0 else "",
        time=float(number),
        received_at=float(number),
        data={"padding": "x" * 300},
        unheard="r",
    )


def main() -> int:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", type=int, default=2_000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--stored", type=int, default=1_000_000)
    arguments.add_argument("--json", action="store_true")
    chosen = arguments.parse_args()
    measured: dict[str, str] = {}
    steps: Sequence[Callable[[Path], dict[str, str]]] = (
        lambda place: measure_rates(place / "rates", chosen),
        lambda place: measure_flood(place / "flood", chosen),
        lambda place: measure_lists(place / "lists", chosen.stored),
    )
    for step in steps:
        with tempfile.TemporaryDirectory(prefix="attune-bench-") as name:
            Path(name).chmod(0o711)
            measured |= step(Path(name))
    show(f"{chosen.rounds} rounds of {chosen.events} events; median (least…most)", measured, as_json=chosen.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
