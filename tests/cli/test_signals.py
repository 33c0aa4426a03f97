"""Ctrl-C in every phase, a terminal that goes away, and outputs and inputs that are closed or full: the exit code says it, nothing else."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from attune_cli.profiles import Profile, save_profile
from tests.cli.listener import listener

#: Sends a signal while a module is being imported, which is where a program that loads lazily spends its first moments.
AT_IMPORT = """\
import importlib.abc, os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever the tests' own is
class Now(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), {number})
sys.meta_path.insert(0, Now())
sys.argv[1:] = ["execution", "list"]
from attune_cli.__main__ import main
main()
"""
COMMAND = [sys.executable, "-m", "attune_cli"]
#: Ends that mean SIGINT: as a shell says it, and by the signal itself.
INTERRUPTED = {130, -signal.SIGINT}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return tmp_path


def call(port: int) -> None:
    save_profile("default", Profile(url=f"http://127.0.0.1:{port}", authority="", token="t"))


@pytest.mark.parametrize("module", ["typer", "attune_cli.commands.execution", "httpx2"])
def test_ctrl_c_while_it_loads_leaves_no_traceback(module: str) -> None:
    code = AT_IMPORT.format(module=module, number=int(signal.SIGINT))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode in INTERRUPTED, done.stdout, done.stderr) == (True, "", "")


@pytest.mark.parametrize(
    ("number", "codes"), [(signal.SIGINT, INTERRUPTED), (signal.SIGHUP, {129}), (signal.SIGTERM, {143})], ids=["ctrl-c", "hangup", "term"]
)
def test_while_it_waits_for_an_answer(number: signal.Signals, codes: set[int], home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        call(server.getsockname()[1])
        running = subprocess.Popen(
            [*COMMAND, "execution", "list"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=heed,  # noqa: PLW1509 - it calls signal alone
        )
        peer, _ = server.accept()
        with peer:
            peer.recv(1)
            running.send_signal(number)
            try:
                out, err = running.communicate(timeout=10)
            except subprocess.TimeoutExpired:  # between the interpreter's look for signals and its system call nobody hears one
                running.send_signal(number)
                out, err = running.communicate(timeout=30)
    assert (running.returncode in codes, out, err) == (True, b"", b"")


def heed() -> None:
    """Let the child hear all three, whatever those who run the tests ignore."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def shell(script: str, *arguments: str, env: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    """Run a script in which "$@" is the command."""
    return subprocess.run(
        ["bash", "-c", script, "bash", *COMMAND, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env=os.environ | dict(env or {}),
    )


def test_a_reader_that_has_read_enough_is_no_error() -> None:
    with listener(body=b'{"items": [], "next": ""}') as port:
        call(port)
        done = shell('"$@" | true; echo ${PIPESTATUS[0]}', "execution", "list", "--json")
    assert (done.stdout, done.stderr) == ("141\n", "")


@pytest.mark.parametrize(
    ("script", "words", "code", "said"),
    [
        ('"$@" >/dev/full', ("schema", "action"), 3, "ATT720"),
        ('"$@" 2>/dev/full', ("execution", "list"), 2, ""),
        ('"$@" <&-', ("agent", "join"), 2, "what to do"),
        ('"$@" <&- 2>&-', ("event", "import", "-"), 2, ""),
        ('"$@" <&-', ("login", "http://127.0.0.1:9"), 3, "ATT702"),
    ],
)
def test_what_is_full_or_closed_is_no_defect(script: str, words: tuple[str, ...], code: int, said: str) -> None:
    done = shell(script, *words)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "ATT900" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_locale_without_unicode_shows_escapes() -> None:
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    with listener(body='{"items": [{"name": "prüf", "scopes": [], "created_at": "2026"}], "next": ""}'.encode()) as port:
        call(port)
        done = shell('"$@"', "controller", "token", "list", env=plain)
    assert (done.returncode, done.stderr) == (0, "")
    assert "pr\\xfcf" in done.stdout
