"""Logs on real programs: read in part, followed by many and through restarts, removed meanwhile; and never a wrong byte."""

import asyncio
import base64
import json
import shlex
import shutil
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from attune_core.states import Outcome
from attune_core.wire.api import LogView
from tests.cli.commands import attune
from tests.cli.terminal import attune_on_terminal
from tests.measured import peak_of
from tests.pages import blocks, file_in, typed
from tests.running import Running, action_document, pack, running_system, shared_directory
from tests.waiting import eventually, wait_until

pytestmark = [pytest.mark.flow, pytest.mark.timeout(180)]

#: Every line has 8 bytes and says its number, so that each byte of the stream is a function of its offset.
COUNT = """\
import os, sys, time
at, end, pause = 0, int(sys.argv[1]), float(sys.argv[2])
while at < end:
    os.write(1, b"".join(b"%07d\\n" % number for number in range(at, min(end, at + 25_000))))
    at += 25_000
    time.sleep(pause)
"""
UNTIL = """\
number=0
until [ -e {open}/enough ]; do
    printf '%07d\\n' $number
    number=$((number + 1))
    sleep 0.01
done
echo last >&2
"""
AGAIN = """\
echo "attempt $ATTUNE_ATTEMPT"
until [ -e {open}/seen ]; do sleep 0.01; done
[ "$ATTUNE_ATTEMPT" = 2 ] || exit 7
"""
MIXED = "echo to stdout; echo to stderr >&2; printf '\\033[31mred\\377' ; exit 3\n"
LINES = 'for number in $(seq 1 500); do echo "line $number of many"; done; printf unended\n'
LOUD, FOLLOWERS = 250_000, 100


def _lines(offset: int, size: int) -> bytes:
    """What COUNT writes there."""
    first = offset // 8
    return b"".join(b"%07d\n" % number for number in range(first, (offset + size) // 8 + 1))[offset % 8 :][:size]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="module")
def running(place: Path) -> Iterator[Running]:
    witness = shared_directory(place, "open")
    count = {"run": ["python3", "count.py", str(LOUD), "0.2"], "logs": {"segment": "256KiB", "segments": 2}}
    files = {
        "actions/loud.yaml": json.dumps({"description": "For tests", **count}),
        "actions/count.py": COUNT,
        "actions/until.yaml": action_document("until.sh"),
        "actions/until.sh": UNTIL.format(open=witness),
        "actions/again.yaml": action_document("again.sh", retry={"maximum_attempts": 2, "initial_interval": "1s"}),
        "actions/again.sh": AGAIN.format(open=witness),
        "actions/mixed.yaml": action_document("mixed.sh"),
        "actions/mixed.sh": MIXED,
        "actions/lines.yaml": action_document("lines.sh"),
        "actions/lines.sh": LINES,
    }
    with running_system(place, pack("logs", files)) as it:
        home = place / "home"
        home.mkdir()
        done = attune("login", "--state", str(it.system.controller_state), cwd=home)
        assert done.returncode == 0, done.stderr
        yield it


def _said(place: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return attune("execution", "logs", *arguments, cwd=place / "home")


def _following(place: Path, execution: str, out: Path) -> "subprocess.Popen[bytes]":
    """Begin `attune execution logs -f` into a file; what it says beside goes to another one."""
    with out.open("wb") as stdout, out.with_suffix(".said").open("wb") as stderr:
        return subprocess.Popen(
            [sys.executable, "-m", "attune_cli.main", "execution", "logs", execution, "-f"],
            env={"HOME": str(place / "home"), "PATH": "/usr/bin:/bin"},
            stdout=stdout,
            stderr=stderr,
        )


class _Follower:
    """One reader over HTTP, who judges every window by its offset."""

    def __init__(self, client: httpx2.AsyncClient, execution: str) -> None:
        self.client, self.path = client, f"/v1/executions/{execution}/logs"
        self.at = self.seen = self.dropped = 0

    async def follow(self) -> None:
        while True:
            answer = await self.client.get(self.path, params={"offset": self.at, "limit": 1 << 18, "wait": 10})
            assert answer.status_code == httpx2.codes.OK, answer.text
            window = LogView.model_validate_json(answer.content)
            data = base64.b64decode(window.content)
            assert data == _lines(window.offset, len(data)), "never a wrong byte"
            assert window.offset == self.at + window.gap
            self.at = window.offset + len(data)
            self.seen, self.dropped = self.seen + len(data), self.dropped + window.gap
            if window.ended and self.at >= window.total:
                return


def _client(running: Running, address: str) -> httpx2.AsyncClient:
    """A client from an address of its own: of one address the controller takes 64 connections."""
    profile = running.system.profile
    transport = httpx2.AsyncHTTPTransport(
        verify=ssl.create_default_context(cadata=profile.authority), local_address=address, limits=httpx2.Limits(max_connections=FOLLOWERS)
    )
    return httpx2.AsyncClient(base_url=profile.url, transport=transport, timeout=60, headers={"authorization": f"Bearer {profile.token}"})


async def test_a_hundred_follow_one_log_while_it_rotates_and_another_log_is_read_meanwhile(running: Running) -> None:
    agent, controller = running.agent.agent, running.system.controller
    assert agent is not None
    assert controller is not None
    assert running.run("logs.lines").outcome is Outcome.SUCCEEDED
    before = {program.name: peak_of(program.pid) for program in (agent, controller)}
    async with _client(running, "127.0.0.1") as here, _client(running, "127.0.0.2") as there:
        loud = await asyncio.to_thread(running.start, "logs.loud")
        followers = [_Follower(client, loud) for client in (here, there) for _ in range(FOLLOWERS // 2)]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(follower.follow()) for follower in followers]
            await eventually(lambda: all(follower.at > 0 for follower in followers), timeout=60)
            found = await asyncio.to_thread(running.run, "logs.lines")
            quiet = await here.get(f"/v1/executions/{found.id}/logs", params={"tail": 1})
            assert base64.b64decode(LogView.model_validate_json(quiet.content).content) == b"unended"
            assert not any(task.done() for task in tasks), "the hundred were still being served"
    assert {follower.seen + follower.dropped for follower in followers} == {8 * LOUD}
    assert running.execution(loud).outcome is Outcome.SUCCEEDED
    grown = {program.name: peak_of(program.pid) - before[program.name] for program in (agent, controller)}
    assert max(grown.values()) < 96 << 20, grown


def test_a_follower_goes_on_at_the_same_byte_when_agent_and_controller_are_killed(running: Running, place: Path) -> None:
    execution = running.start("logs.until")
    out = place / "followed"
    follower = _following(place, execution, out)
    system, agent = running.system, running.agent
    assert agent.agent is not None
    assert system.controller is not None
    wait_until(lambda: out.stat().st_size > 200, timeout=30)
    agent.agent.kill()
    system.start_agent(agent)
    seen = out.stat().st_size
    wait_until(lambda: out.stat().st_size > seen + 400, timeout=60)
    system.controller.kill()
    system.start_controller()
    seen = out.stat().st_size
    wait_until(lambda: out.stat().st_size > seen + 400, timeout=60)
    (place / "open" / "enough").touch()
    assert follower.wait(60) == 0
    written = out.read_bytes()
    assert written == _lines(0, len(written))
    assert len(written) % 8 == 0
    with system.client() as client:
        assert client.get(f"/v1/executions/{execution}/logs", LogView, {"limit": 1}).total == len(written)
    said = out.with_suffix(".said").read_text()
    assert "trying again" in said
    assert "succeeded" in said


def test_following_goes_from_attempt_to_attempt_and_ends_as_the_execution_does(running: Running, place: Path) -> None:
    again, mixed = running.start("logs.again"), running.start("logs.mixed")
    follower = _following(place, again, place / "again")
    wait_until(lambda: (place / "again").read_text() == "attempt 1\n")
    (place / "open" / "seen").touch()
    assert follower.wait(60) == 0
    assert (place / "again").read_text() == "attempt 1\nattempt 2\n"
    assert _said(place, again, "--attempt", "1").stdout == "attempt 1\n"
    failed = _said(place, mixed, "-f", "--stream", "stderr")
    assert (failed.returncode, failed.stdout) == (1, "to stderr\n")
    assert "failed (exit_code)" in failed.stderr
    both = _said(place, mixed, "-f", "--stream", "both", "--json", "--grep", "^to ")
    *lines, end = (json.loads(line) for line in both.stdout.splitlines())
    assert sorted(line["text"] for line in lines) == ["to stderr", "to stdout"]
    assert end == {"execution": running.execution(mixed).id, "outcome": "failed", "reason": "exit_code"}
    assert both.returncode == 1


def test_the_last_lines_what_came_since_and_what_matches_are_printed(running: Running, place: Path) -> None:
    execution = running.run("logs.lines").id
    assert _said(place, execution, "--tail", "3").stdout == "line 499 of many\nline 500 of many\nunended"
    assert _said(place, execution, "--since", "1h", "-n", "1").stdout == "unended"
    assert _said(place, execution, "--since", "2099-01-01T00:00:00Z").stdout == ""
    assert _said(place, execution, "--grep", "^line .*7 of", "--tail", "20").stdout == "line 487 of many\nline 497 of many\n"
    assert _said(place, execution, "--grep", "^un.*d$").stdout == "unended\n"
    beyond = _said(place, execution, "--offset", "1000000")
    assert (beyond.stdout, beyond.returncode) == ("", 0)
    assert "there is no byte 1,000,000" in beyond.stderr
    for wrong in (("--grep", "("), ("--grep", r"(a)\1"), ("--since", "yesterday"), ("--stream", "stdin")):
        assert _said(place, execution, *wrong).returncode == 2, wrong


def test_both_streams_are_told_apart_and_json_says_where_each_line_stands(running: Running, place: Path) -> None:
    execution = running.run("logs.mixed").id
    both = attune("execution", "logs", execution, "--stream", "both", "--json", cwd=place / "home")
    assert [json.loads(line) for line in both.stdout.splitlines()] == [
        {"stream": "stdout", "attempt": 1, "offset": 0, "end": 10, "text": "to stdout"},
        {"stream": "stdout", "attempt": 1, "offset": 10, "end": 19, "base64": base64.b64encode(b"\x1b[31mred\xff").decode()},
        {"stream": "stderr", "attempt": 1, "offset": 0, "end": 10, "text": "to stderr"},
    ]
    shown = attune_on_terminal("execution", "logs", execution, "--stream", "both", cwd=place / "home")
    assert shown == "stdout | to stdout\nstdout | \\x1b[31mred\\xff\nstderr | to stderr\n"
    assert attune_on_terminal("execution", "logs", execution, cwd=place / "home") == "to stdout\n\\x1b[31mred\\xff"
    assert attune_on_terminal("execution", "logs", execution, "--raw", cwd=place / "home") == "to stdout\n\x1b[31mred\\xff"


def test_a_log_that_is_removed_while_it_is_read_ends_and_says_so(running: Running, place: Path) -> None:
    execution = running.run("logs.lines").id
    directory = next((running.agent.state / "logs").glob(f"*/{execution}/1"))
    first = running.log(execution)
    shutil.rmtree(directory)
    gone = running.log(execution, offset=first.total)
    assert (gone.missing, gone.ended, gone.content, gone.gap) == (True, True, "", 0)
    said = _said(place, execution)
    assert (said.returncode, said.stdout) == (0, "")
    assert "removed to make room" in said.stderr
    assert "had nothing built" in _said(place, execution, "--stream", "build").stderr


def test_ctrl_c_ends_following_quietly(running: Running, place: Path) -> None:
    (place / "open" / "enough").unlink(missing_ok=True)
    execution = running.start("logs.until")
    out = place / "interrupted"
    follower = _following(place, execution, out)
    wait_until(lambda: out.stat().st_size > 100)
    follower.send_signal(signal.SIGINT)
    assert follower.wait(20) == 130
    assert out.read_bytes() == _lines(0, out.stat().st_size)
    assert out.with_suffix(".said").read_text() == ""
    (place / "open" / "enough").touch()
    running.settled(execution)


def test_the_page_about_logs_says_what_happens(running: Running, place: Path) -> None:
    files: dict[str, str] = {}
    number = ""
    for kind, content in blocks("read-logs.md"):
        if kind != "console":
            path, text = file_in(content)
            files[path] = text
            continue
        if not number:
            files["packs/backup/pack.yaml"] = "name: backup\nversion: 1.0.0\ndescription: For tests\n"
            running.push(files)
            number = str(running.run("backup.copy").number)
        block = content.replace("logs 7 ", f"logs {number} ").replace("execution 7:", f"execution {number}:")
        for command, printed in typed(block):
            done = attune(*shlex.split(command)[1:], cwd=place / "home")
            assert (done.stdout + done.stderr).strip() == printed.strip(), command
            assert done.returncode == (1 if command.endswith("-f") else 0), command
