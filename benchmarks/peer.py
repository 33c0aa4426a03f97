"""The peer of `path`: Celery with Redis, which syncs its log at each write, behind a webhook's entry with TLS.

Started by `path` in the same run. Needs `redis-server` (`apt-get install redis-server`), and uv brings Celery into an environment that
lives as long as the run. `peer_programs` says what the peer does and what it does not.
"""

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

from attune_cli.local.program import Program
from benchmarks.sender import SECRET, Sender

PACKAGES = ("celery[redis]==5.6.*", "starlette", "uvicorn[standard]")
ROOT = Path(__file__).parents[1]


class PeerMissing(Exception):
    """Something that the peer needs is not there; says what."""


@dataclass(frozen=True)
class Peer:
    """A running peer."""

    send: Sender
    pids: tuple[int, ...]
    versions: str


@contextmanager
def celery_with_redis(place: Path, script: Path, fifo: Path, *, slots: int, keeps: bool = False) -> Iterator[Peer]:
    """Start Redis, a worker of that many processes and the entry; `PeerMissing` says what is not there.

    `keeps`: with all of Attune's own work that it can do (`peer_programs`).
    """
    redis = shutil.which("redis-server")
    if redis is None:
        raise PeerMissing("redis-server is not there: apt-get install redis-server")
    place.mkdir()
    python = _environment(place.parent / "peer-environment")
    logs = place / "logs"
    logs.mkdir()
    authority = trustme.CA()
    authority.cert_pem.write_to_path(place / "ca.pem")
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(place / "entry.pem")
    socket_path, port = place / "redis.sock", _free_port()
    settings = {
        "PEER_SECRET": SECRET,
        "PEER_BROKER": f"redis+socket://{socket_path}",
        "PEER_FIFO": str(fifo),
        "PEER_SCRIPT": str(script),
        "PEER_KEEPS": str(logs) if keeps else "",
        "PYTHONPATH": str(ROOT),
    }
    store = [
        "--port",
        "0",
        "--unixsocket",
        str(socket_path),
        "--dir",
        str(place),
        "--save",
        "",
        "--appendonly",
        "yes",
        "--appendfsync",
        "always",
    ]
    worker = [
        "-A",
        "benchmarks.peer_programs",
        "worker",
        "--pool",
        "prefork",
        "--concurrency",
        str(slots),
        "-O",
        "fair",
        "--loglevel",
        "WARNING",
    ]
    worker += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    tls = ["--ssl-certfile", str(place / "entry.pem"), "--ssl-keyfile", str(place / "entry.pem")]
    listen = ["benchmarks.peer_programs:entry", "--host", "127.0.0.1", "--port", str(port), "--no-access-log", "--log-level", "warning"]
    programs: list[Program] = []
    try:
        programs.append(Program("redis", [redis, *store], place / "redis.log"))
        programs[0].wait_until(socket_path.exists)
        environment = ["env", *(f"{name}={value}" for name, value in settings.items()), str(python)]
        programs.append(Program("worker", [*environment, "-m", "celery", *worker], place / "worker.log"))
        programs.append(Program("entry", [*environment, "-m", "uvicorn", *listen, *tls], place / "entry.log"))
        programs[2].wait_until(lambda: _listens(port))
        send = Sender(f"https://127.0.0.1:{port}/hooks/bench", (place / "ca.pem").read_text())
        yield Peer(send, tuple(program.pid for program in programs), _versions(redis, python))
    finally:
        for program in reversed(programs):
            program.stop()


def _environment(place: Path) -> Path:
    """Make the peer's environment, unless it is there, on the interpreter that runs Attune, and return its interpreter."""
    uv = Path(sys.executable).with_name("uv")
    if not uv.exists():
        raise PeerMissing(f"{uv} is not there: make install")
    python = place / "bin" / "python"
    if python.exists():
        return python
    for command in (
        ["venv", "--python", sys.executable, str(place)],
        ["pip", "install", "--compile-bytecode", "--python", str(python), *PACKAGES],
    ):
        done = subprocess.run([str(uv), *command], capture_output=True, text=True, check=False)
        if done.returncode:
            raise PeerMissing(f"Celery could not be installed: {done.stderr.strip()}")
    return python


def _versions(redis: str, python: Path) -> str:
    asked = "from importlib.metadata import version as v; print('Celery', v('celery') + ', uvicorn', v('uvicorn'))"
    said = [
        subprocess.run(argv, capture_output=True, text=True, check=True).stdout
        for argv in ([str(python), "-c", asked], [redis, "--version"])
    ]
    return f"{said[0].strip()}, Redis {said[1].split('v=')[1].split()[0]}"


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0
