"""How long a command takes to start: as multiples of bare Python in the same run, with the gates of design §7; and what is installed.

Each round runs every command once and bare Python before and after them, so that a noisy machine disturbs all alike. `execution list`
and the completion of a live name ask a server that answers at once. `python -m benchmarks.startup [--rounds 15] [--json]`.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from benchmarks.figures import ratios, show

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = Path(sys.executable).with_name("attune")
#: What is measured: words, variables, and the gate as a multiple of bare Python where there is one.
COMMANDS: Mapping[str, tuple[tuple[str, ...], Mapping[str, str], float | None]] = {
    "--help": (("--help",), {}, 12),
    "--version": (("--version",), {}, None),
    "validate, one file": (("validate", "one"), {}, 35),
    "completion of a command": (("exec",), {"_ATTUNE_COMPLETE": "bash"}, None),
    "completion of an execution": (("execution", "show", ""), {"_ATTUNE_COMPLETE": "bash"}, None),
    "execution list": (("execution", "list"), {}, None),
}
EXECUTION = {
    "id": "0190", "number": 1, "action": "web.restart", "rule": "web.on_alert", "event": 1, "agent": "web1", "queue_key": "null",
    "epoch": 0, "sequence": 1, "revision": "a" * 40, "state": "settled",
    "outcome": "succeeded", "accepted_at": "2026-11-27T02:00:00.000000Z",
}  # fmt: skip


class Answers(BaseHTTPRequestHandler):
    """A page of twenty executions, whatever is asked."""

    def do_GET(self) -> None:
        content = json.dumps({"items": [EXECUTION] * 20, "next": ""}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def place() -> Iterator[Path]:
    """Yield a home with a repository of one file and the profile of a server."""
    with tempfile.TemporaryDirectory() as name, ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        home = Path(name)
        (home / "one").mkdir()
        (home / "one/attune.yaml").write_text('format: 1\nattune: ">=0.1"\n')
        profile = home / ".config/attune/profiles/default.json"
        profile.parent.mkdir(parents=True)
        profile.touch(0o600)
        profile.write_text(json.dumps({"url": f"http://127.0.0.1:{server.server_port}", "authority": "", "token": "t"}))
        yield home
        server.shutdown()


def took(command: Sequence[str], home: Path, variables: Mapping[str, str]) -> float:
    """Return the seconds of one run."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", **variables}
    began = time.perf_counter()
    done = subprocess.run(command, cwd=home, env=environment, capture_output=True, check=False)
    seconds = time.perf_counter() - began
    assert done.returncode == 0, done.stderr.decode()
    return seconds


def measure(rounds: int) -> tuple[list[float], dict[str, list[float]]]:
    """Return the seconds of bare Python, and of each command, by round; the first round only warms."""
    bare, found = list[float](), {name: list[float]() for name in COMMANDS}
    with place() as home:
        for number in range(rounds + 1):
            python = [took((sys.executable, "-c", "pass"), home, {})]
            once = {name: took((str(PROGRAM), *words), home, variables) for name, (words, variables, _) in COMMANDS.items()}
            python.append(took((sys.executable, "-c", "pass"), home, {}))
            if number:
                bare.append(statistics.mean(python))
                for name, seconds in once.items():
                    found[name].append(seconds)
    return bare, found


def size_of(folders: Sequence[Path]) -> str:
    """Return what the files below folders take, without compiled modules."""
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    return f"{sum(file.stat().st_size for file in files) / 1e6:.1f} MB in {len(files):,} files"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    bare, found = measure(chosen.rounds)
    figures = {"bare Python, ms": f"{1000 * statistics.median(bare):.1f}"}
    for name, seconds in found.items():
        gate = COMMANDS[name][2]
        said = "" if gate is None else f", gate {gate:g}, goal {gate / 2:g}"
        figures[name] = f"{ratios(seconds, bare)} times bare Python; {1000 * statistics.median(seconds):.0f} ms{said}"
    packages = [ROOT / name for name in ("attune_core", "attune_cli", "attune_agent", "attune_controller")]
    figures["Attune itself, installed"] = size_of(packages)
    show("how long a command takes to start", figures, as_json=chosen.json)


if __name__ == "__main__":
    main()
