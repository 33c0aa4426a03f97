"""The socket: who may speak, what is refused, and that nothing said on it can hurt the executor."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from attune_agent.executor.protocol import PROTOCOL
from attune_agent.executor_link import ExecutorLink
from attune_agent.executor_messages import encode_start
from tests.agent.executor.hosted import FIRST_UID, PLAIN_UID, Hosted, Peer, hosted, request, shell


@pytest.fixture(scope="module")
def executor(mode: str) -> Iterator[Hosted]:
    with hosted(mode) as it:
        yield it


@pytest.fixture
def peer(executor: Hosted) -> Iterator[Peer]:
    it = Peer(executor)
    yield it
    it.close()


def test_hello_tells_who_answers(peer: Peer, executor: Hosted) -> None:
    reply = peer.ask({"type": "hello", "protocol": PROTOCOL})
    assert (reply["protocol"], reply["mode"], reply["slots"], reply["build"]) == (1, executor.mode, 3, True)
    assert reply["inputs_in_memory"] is False


def test_another_version_is_refused_with_both_named(peer: Peer) -> None:
    reply = peer.ask({"type": "hello", "protocol": 99})
    assert (reply["refused"], reply["detail"]) == ("protocol", "this executor speaks version 1, not 99")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"nonsense",
        b"[]",
        b"null",
        b'"x"',
        b"\xff\xfe",
        b'{"id":',
        b"[" * 100_000,
        b'{"type":"list"}',
        b'{"id":true,"type":"list"}',
        b'{"id":1,"type":"shutdown"}',
    ],
)
def test_what_is_no_request_is_refused_and_the_connection_lives(peer: Peer, line: bytes) -> None:
    peer.send(line + b"\n")
    assert peer.answer()["refused"] == "bad_request"
    assert "attempts" in peer.ask({"type": "list"})


_GOOD = encode_start(request("true", execution="never"))


@pytest.mark.parametrize(
    "change",
    [
        {"execution": "../../etc"},
        {"execution": ""},
        {"execution": ".hidden"},
        {"execution": "x" * 65},
        {"execution": "a\n"},
        {"execution": 7},
        {"attempt": 0},
        {"attempt": True},
        {"attempt": 1.0},
        {"argv": []},
        {"argv": [""]},
        {"argv": "true"},
        {"argv": ["true", "a\0b"]},
        {"argv": ["\ud800"]},
        {"env": {"A=B": "x"}},
        {"env": {"": "x"}},
        {"env": {"A": None}},
        {"env": {"HOME": "/root"}},
        {"env": {"ATTUNE_RESULT": "/x"}},
        {"cwd": "relative"},
        {"timeout": -1},
        {"timeout": "5"},
        {"timeout": 1e300},
        {"grace": None},
        {"input_b64": "!"},
        {"kind": "root"},
        {"logs": {"head": 1 << 40, "segment": 4096, "segments": 1}},
        {"logs": {"head": 4096, "segment": 4096, "segments": 10_000}},
        {"result_limit": 1 << 40},
        {"mask_b64": ["%"]},
        {"limits": {"processes": -5}},
        {"environment": "0123456789abcdef"},
        {"kind": "build", "environment": "../0123456789ab"},
        {"uses": "../0123456789ab"},
        {"fresh": True},
        {"kind": "build", "fresh": True},
        {"kind": "build", "uses": "0123456789abcdef"},
        {"home_b64": {".netrc": ""}},
        {"kind": "build", "home_b64": {"../.netrc": ""}},
        {"kind": "build", "home_b64": {"/etc/passwd": ""}},
        {"kind": "build", "home_b64": {".m2/..": ""}},
        {"kind": "build", "home_b64": {".netrc": "%"}},
        {"kind": "build", "home_b64": {".netrc": "AAAA" * 400_000}},
    ],
)
def test_a_start_outside_its_bounds_is_refused_and_leaves_nothing(peer: Peer, executor: Hosted, change: dict[str, object]) -> None:
    reply = peer.ask({"type": "start", **_GOOD, **change})
    assert reply["refused"] == "bad_request", reply
    assert not list((executor.place / "logs").rglob("never"))


def test_an_endless_line_ends_the_connection_and_nothing_else(executor: Hosted) -> None:
    peer = Peer(executor)
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        _send_for_ever(peer, b"x" * 65536)
    peer.close()
    assert executor.process is not None
    assert executor.process.poll() is None


def test_a_peer_that_sends_bytes_one_by_one_holds_nobody_up(executor: Hosted, peer: Peer) -> None:
    slow = Peer(executor)
    for byte in b'{"id":1,"type"':
        slow.send(bytes([byte]))
        assert "attempts" in peer.ask({"type": "list"})
    slow.close()


def test_more_peers_than_there_is_room_for_are_sent_away(executor: Hosted) -> None:
    answered = 0
    with ExitStack() as peers:
        for _ in range(20):
            try:
                answered += "attempts" in peers.enter_context(closing(Peer(executor))).ask({"type": "list"})
            except (OSError, ValueError):
                continue
    assert answered == 16


@pytest.mark.root
def test_a_user_who_is_neither_root_nor_the_agent_is_not_heard(executor: Hosted) -> None:
    stranger = PLAIN_UID + 7
    script = f"""
import socket
peer = socket.socket(socket.AF_UNIX)
peer.connect({str(executor.run / "executor.sock")!r})
peer.sendall(b'{{"id":1,"type":"list"}}\\n')
print(peer.recv(100))
"""
    tried = subprocess.run(["/usr/bin/python3", "-c", script], user=stranger, capture_output=True, text=True, check=False)
    assert "PermissionError" in tried.stderr
    # Even with the socket's file open to everybody, the peer's credentials decide.
    path = executor.run / "executor.sock"
    path.chmod(0o666)
    heard = subprocess.run(["/usr/bin/python3", "-c", script], user=stranger, capture_output=True, text=True, check=False)
    path.chmod(0o600)
    assert heard.stdout.strip() in ("b''", "") or "Broken" in heard.stderr or "reset" in heard.stderr
    assert b"attempts" not in heard.stdout.encode()


async def test_a_peer_that_never_reads_is_dropped_and_the_others_served(executor: Hosted) -> None:
    deaf = Peer(executor)
    async with ExecutorLink(executor.run) as link:
        deaf.socket.settimeout(0)
        asked = json.dumps({"id": 1, "type": "list"}).encode() + b"\n"
        what = shell("true")
        await link.start(what)
        await link.wait(what.execution, 1)
        with pytest.raises((BlockingIOError, BrokenPipeError, ConnectionResetError)):
            _send_for_ever(deaf, asked * 50)
        assert (await link.listed())[-1].execution == what.execution
    deaf.close()
    resident = next(line for line in Path(f"/proc/{executor.pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    assert int(resident.split()[1]) < 120_000


def _send_for_ever(peer: Peer, raw: bytes) -> None:
    while True:
        peer.send(raw)


async def test_a_path_longer_than_a_sockets_address_serves(mode: str) -> None:
    with hosted(mode, start=False, first_uid=FIRST_UID + 10) as it:
        long = it.owned("d" * 120)
        it.run.rmdir()
        long.rename(it.place / ("d" * 120))
        it.run.symlink_to(it.place / ("d" * 120))
        it.start()
        async with ExecutorLink(it.place / ("d" * 120)) as link:
            assert (await link.greeting()).slots == 3


async def test_an_agent_uid_owns_the_socket_and_may_read_logs(mode: str) -> None:
    if mode != "uids":
        return
    with hosted(mode, start=False, first_uid=FIRST_UID + 10) as it:
        it.start(more=("--agent-uid", str(PLAIN_UID)))
        assert (it.run / "executor.sock").stat().st_uid == PLAIN_UID
        async with ExecutorLink(it.run) as link:
            what = shell("echo x")
            directory = Path((await link.start(what)).log_directory)
            await link.wait(what.execution, 1)
        assert {path.stat().st_gid for path in (directory, *directory.iterdir())} == {PLAIN_UID}
        assert it.run.joinpath("executor.sock").stat().st_mode & 0o777 == 0o600
