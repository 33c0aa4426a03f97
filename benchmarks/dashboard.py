"""Dashboard: the processor time that it takes while a real controller and agent run executions at a steady rate, as a part of one core.

The dashboard is a process on a terminal of 120 by 40 that nobody looks at; its time is read from /proc beside that of a dashboard that
shows a controller at rest. `python -m benchmarks.dashboard [--rate 50] [--seconds 3] [--rounds 6] [--json]`.
"""

import argparse
import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attune_cli.profiles import Profile
from attune_core.wire.api import ExecutionView, Page
from benchmarks.figures import show, summary
from tests.running import Running, action_document, pack, running_system

_FILES = pack(
    "web",
    {
        "actions/restart.yaml": action_document(
            "r.sh", parameters={"unit": {"type": "string"}}, concurrency={"limit": 4, "key": "${{ parameters.unit }}"}
        ),
        "actions/r.sh": "exit 0\n",
        "triggers/alert.yaml": json.dumps(
            {"description": "A unit fails", "data": {"type": "object", "properties": {"unit": {"type": "string"}}, "required": ["unit"]}}
        ),
        "rules/on_alert.yaml": json.dumps(
            {
                "description": "Restart it",
                "trigger": "web.alert",
                "action": "web.restart",
                "input": {"unit": "${{ event.data.unit }}"},
                "agents": {"match": {"role": "test"}},
            }
        ),
    },
)
_TICK = os.sysconf("SC_CLK_TCK")
_NEVER = threading.Event()


def processor_seconds(process: int) -> float:
    """Return the processor time of a process until now."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


@contextmanager
def shown(home: Path, profile: Profile) -> Iterator[tuple[int, list[int]]]:
    """Run a dashboard on a terminal that is read and thrown away; yield its process, and the bytes that it drew."""
    place = home / ".config" / "attune" / "profiles" / "default.json"
    place.parent.mkdir(parents=True)
    place.touch(mode=0o600)
    place.write_text(json.dumps(vars(profile)), encoding="utf-8")
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "TERM": "xterm-256color"}
    drawn = [0]

    def drain() -> None:
        while True:
            try:
                drawn[0] += len(os.read(master, 1 << 16))
            except OSError:
                return

    with subprocess.Popen(
        [sys.executable, "-m", "attune_cli", "dashboard"], stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
    ) as process:
        os.close(slave)
        threading.Thread(target=drain, daemon=True).start()
        try:
            yield process.pid, drawn
        finally:
            process.terminate()


def measured(process: int, drawn: list[int], seconds: float, rounds: int) -> tuple[list[float], list[float]]:
    """Return percent of a core and kB a second, round by round."""
    percents, written = [], []
    for _ in range(rounds):
        began, used, bytes_before = time.monotonic(), processor_seconds(process), drawn[0]
        _NEVER.wait(seconds)
        took = time.monotonic() - began
        percents.append(100 * (processor_seconds(process) - used) / took)
        written.append((drawn[0] - bytes_before) / took / 1000)
    return percents, written


def send(running: Running, rate: float, stop: threading.Event, sent: list[int]) -> None:
    """Send events at a steady rate, each of which becomes one execution."""
    due = time.monotonic()
    while not stop.is_set():
        sent[0] += 1
        running.send("web.alert", {"unit": f"unit_{sent[0] % 8}"}, event_id=f"event-{sent[0]}")
        due += 1 / rate
        stop.wait(max(due - time.monotonic(), 0))


def newest(running: Running) -> int:
    """Return the number of the newest execution, 0 without one."""
    return next((one.number for one in running.client.get("/v1/executions", Page[ExecutionView], {"limit": 1}).items), 0)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="attune-bench-") as scratch:
        root = Path(scratch)
        with (
            running_system(root, _FILES, name="web1", slots=4) as running,
            shown(root / "home", running.system.profile) as (process, drawn),
        ):
            _NEVER.wait(4)  # its start
            resting, _ = measured(process, drawn, asked.seconds, asked.rounds)
            stop, sent = threading.Event(), [0]
            sender = threading.Thread(target=send, args=(running, asked.rate, stop, sent))
            sender.start()
            _NEVER.wait(3)
            before, began = newest(running), time.monotonic()
            busy, kilobytes = measured(process, drawn, asked.seconds, asked.rounds)
            rate = (newest(running) - before) / (time.monotonic() - began)
            stop.set()
            sender.join()
    figures = {
        "executions a second": f"{rate:.1f}",
        "percent of a core": summary(busy),
        "at rest": summary(resting),
        "kB drawn a second": summary(kilobytes),
    }
    show("a dashboard of 120 by 40, redrawn five times a second", figures, as_json=asked.json)


if __name__ == "__main__":
    main()
