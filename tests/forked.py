"""A program of ours, loaded once and forked for each call: what it says and what it costs, without its start.

Used where a test is about what `attune` says or costs and not about how it starts. `forked` asks a server, which is this file
run as a program; each call is a process of its own with its own folder, environment and streams, and ends as the real program does.
What Python and the C library take from the environment as they start is the server's: who gives a call such a variable must start it.
"""

import atexit
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from runpy import run_module
from typing import cast

from tests.measured import Measured

ROOT = Path(__file__).resolve().parent.parent
#: What is run with `python -m`, and the modules that are loaded before the first call; the module of a command is loaded by its call.
LOADED = {
    "attune_cli": ("attune_cli.main", "attune_cli.checking", "attune_cli.client", "attune_cli.render.formats", "attune_cli.render.output"),
    "tests.agent.environments.agent_program": ("attune_agent.environments.host_commands", "tests.agent.environments.places"),
}
#: The bytes that a call and its answer may have.
_LARGEST = 1 << 18


class Server:
    """The program that forks; it ends with the tests, or when a call takes too long."""

    def __init__(self, program: str) -> None:
        """Start it; it loads while the first call already waits."""
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = {name: os.environ[name] for name in ("PATH", "SSL_CERT_FILE") if name in os.environ}
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.forked", str(theirs.fileno()), program],
                cwd=ROOT,
                env=environment | {"LANG": "C.UTF-8"},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )

    def call(self, call: Mapping[str, object], streams: Sequence[int], timeout: float) -> tuple[int, float, int]:
        """Run one call with these streams; return its exit code, its processor seconds and its largest memory."""
        self._channel.settimeout(timeout)
        socket.send_fds(self._channel, [json.dumps(call).encode()], streams)
        return cast("tuple[int, float, int]", tuple(json.loads(self._channel.recv(_LARGEST))))

    def end(self) -> None:
        """End it and what it runs."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._channel.close()


def forked(
    argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: str = "", timeout: float = 60, program: str = "attune_cli"
) -> Measured:
    """Run the program to its end and return what it said and what it cost."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(stdin.encode())
        given.seek(0)
        call = {"argv": list(argv), "cwd": str(cwd), "env": dict(env)}
        try:
            status, seconds, peak = _server(program).call(call, [given.fileno(), out.fileno(), err.fileno()], timeout)
        except TimeoutError as error:
            _server(program).end()
            _server.cache_clear()
            raise subprocess.TimeoutExpired(list(argv), timeout) from error
        for stream in (out, err):
            stream.seek(0)
        return Measured(status=status, stdout=out.read().decode(), stderr=err.read().decode(), seconds=seconds, peak=peak)


@cache
def _server(program: str) -> Server:
    server = Server(program)
    atexit.register(server.end)
    return server


def _await_own_call(channel: socket.socket) -> None:
    """Fork for each call and answer with how it ended; returns in the process that is the call, and never in the server."""
    while True:
        message, streams, _, _ = socket.recv_fds(channel, _LARGEST, 3)
        if not message:
            os._exit(0)
        if (pid := os.fork()) == 0:
            channel.close()
            _become(cast("dict[str, object]", json.loads(message)), streams)
            return
        for stream in streams:
            os.close(stream)
        _, status, usage = os.wait4(pid, 0)
        channel.send(json.dumps([os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024]).encode())


def _become(call: Mapping[str, object], streams: Sequence[int]) -> None:
    """Take the folder, environment, arguments and streams of a call."""
    os.chdir(cast("str", call["cwd"]))
    os.environ.clear()
    os.environ.update(cast("dict[str, str]", call["env"]))
    sys.argv = [sys.argv[2], *cast("list[str]", call["argv"])]
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    cast("TextIOWrapper", sys.stdout).reconfigure(line_buffering=os.isatty(1))


if __name__ == "__main__":
    for module in LOADED[sys.argv[2]]:
        import_module(module)
    gc.collect()
    gc.freeze()  # what all calls share stays shared
    _await_own_call(socket.socket(fileno=int(sys.argv[1])))
    run_module(sys.argv[0], run_name="__main__")
