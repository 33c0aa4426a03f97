"""core.http_post, run as any action is: what it sends, what it returns, and where it does not go."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingTCPServer

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event

from attune_core.shipped import shipped
from attune_core.values import JsonObject, JsonValue
from tests.cli.commands import attune

SCRIPT = shipped("built-in") / "packs/core/actions/http_post.py"
DEFAULTS: JsonObject = {
    "url": "",
    "data": None,
    "mode": "structured",
    "headers": {},
    "secret_header": "Authorization",
    "statuses": [],
    "timeout": 10,
    "allow_addresses": ["127.0.0.0/8"],
}
EVENT: JsonObject = {"type": "web.restarted", "source": "/attune/web1", "subject": 'Euro € 100% "x" \\'}


@dataclass
class Peer:
    """Another system: it keeps what it is sent and answers as it is told."""

    status: int = 200
    answer: bytes = b'{"ok": true}'
    content_type: str = "application/json"
    location: str = ""
    stalls: threading.Event = field(default_factory=threading.Event)
    received: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0

    def __post_init__(self) -> None:
        self.stalls.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def peer() -> Iterator[Peer]:
    peer = Peer()

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            peer.received.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            peer.stalls.wait(10)
            self.send_response(peer.status)
            self.send_header("content-type", peer.content_type)
            if peer.location:
                self.send_header("location", peer.location)
            self.end_headers()
            self.wfile.write(peer.answer)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingTCPServer(("127.0.0.1", 0), Answering)  # an HTTPServer would ask the name service who it is
    peer.port = server.server_address[1]
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    serving.start()
    yield peer
    peer.stalls.set()
    server.shutdown()
    serving.join()
    server.server_close()


@dataclass
class Done:
    """How an attempt ended; no result when there is none."""

    code: int
    log: str
    result: JsonValue


def run(place: Path, **given: JsonValue) -> Done:
    """Run the program as the contract with an action says."""
    result = place / "result"
    env = {"PATH": os.defpath, "ATTUNE_RESULT": str(result), "ATTUNE_EXECUTION_ID": "execution-1", "TRACEPARENT": "00-1-2-01"}
    document = json.dumps(DEFAULTS | given)
    done = subprocess.run(
        [sys.executable, "-I", str(SCRIPT)], input=document, env=env, capture_output=True, text=True, timeout=30, check=False
    )
    assert "Traceback" not in done.stderr
    return Done(done.returncode, done.stdout + done.stderr, json.loads(result.read_text()) if result.exists() else None)


def test_json_is_posted_and_the_answer_is_the_result(peer: Peer, tmp_path: Path) -> None:
    peer.status = 201
    secret = "Bearer hush-hush"
    done = run(tmp_path, url=f"{peer.url}/a b?c=%20", data={"text": "hällo"}, headers={"x-kind": "test"}, secret=secret)
    assert (done.code, done.result) == (
        0,
        {"status": 201, "content_type": "application/json", "body": '{"ok": true}', "truncated": False},
    )
    [(path, headers, body)] = peer.received
    assert (path, json.loads(body)) == ("/a%20b?c=%20", {"text": "hällo"})
    assert (headers["content-type"], headers["x-kind"], headers["authorization"]) == ("application/json", "test", secret)
    assert headers["traceparent"] == "00-1-2-01"
    assert "hush" not in done.log
    assert "/a" not in done.log


@pytest.mark.parametrize("mode", ["structured", "binary"])
def test_the_official_sdk_reads_the_event(peer: Peer, tmp_path: Path, mode: str) -> None:
    assert run(tmp_path, url=peer.url, data={"unit": "nginx"}, event=EVENT, mode=mode).code == 0
    [(_, headers, body)] = peer.received
    event = from_http_event(HTTPMessage(headers=headers, body=body))
    assert (event.get_type(), event.get_source(), event.get_id()) == ("web.restarted", "/attune/web1", "execution-1")
    assert (event.get_subject(), event.get_data()) == (EVENT["subject"], {"unit": "nginx"})


def test_an_answer_is_bounded_and_plain_text(peer: Peer, tmp_path: Path) -> None:
    peer.answer, peer.content_type = b"\x00\xff" + b"x" * 200_000, "text/plain"
    result = run(tmp_path, url=peer.url).result
    assert isinstance(result, dict)
    assert isinstance(result["body"], str)
    assert (len(result["body"]), result["body"][:3], result["truncated"]) == (64 << 10, "\ufffd\ufffdx", True)


@pytest.mark.parametrize(("status", "statuses", "code"), [(204, [], 0), (302, [], 1), (404, [], 1), (404, [404], 0), (200, [201], 1)])
def test_what_counts_as_success_can_be_said(peer: Peer, tmp_path: Path, status: int, statuses: list[JsonValue], code: int) -> None:
    peer.status, peer.location, peer.answer = status, "http://127.0.0.1:1/elsewhere", b""
    done = run(tmp_path, url=peer.url, statuses=statuses)
    assert (done.code, done.result is None) == (code, code == 1)
    assert len(peer.received) == 1, "no redirect is followed"


def test_a_peer_that_does_not_answer_in_time_fails_it(peer: Peer, tmp_path: Path) -> None:
    peer.stalls.clear()
    done = run(tmp_path, url=peer.url, timeout=1)
    peer.stalls.set()
    assert (done.code, "no whole answer in time" in done.log) == (1, True)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
        "10.1.2.3",
        "[64:ff9b::a01:203]",
        "[::10.1.2.3]",
        "[fec0::1]",
        "0",
        "224.0.0.1",
    ],
)
def test_addresses_that_are_not_public_are_reached_only_if_their_network_is_named(peer: Peer, tmp_path: Path, host: str) -> None:
    done = run(tmp_path, url=f"http://{host}:{peer.port}/", allow_addresses=["192.168.0.0/16"])
    assert done.code == 1
    assert "no address that may be reached" in done.log
    assert peer.received == []


@pytest.mark.parametrize(
    "given",
    [
        {"url": ""},
        {"url": "http://a.example", "secret_url": "http://b.example"},
        {"url": "http://user:pw@127.0.0.1/"},
        {"url": "ftp://127.0.0.1/"},
        {"url": "http://127.0.0.1:99999/"},
        {"url": "http://127.0.0.1/", "headers": {"Host": "other"}},
        {"url": "http://127.0.0.1/", "headers": {"x": "a\r\nb: c"}},
        {"url": "http://127.0.0.1/", "allow_addresses": ["127.0.0.1/8"]},
    ],
)
def test_an_input_that_cannot_be_meant_is_refused_in_a_line(tmp_path: Path, given: JsonObject) -> None:
    done = run(tmp_path, **given)
    assert (done.code, done.result) == (1, None)
    assert len(done.log.splitlines()) == 1


@pytest.mark.parametrize(
    "given",
    [
        {"secret_url": "http://a.example:T0KEN/"},
        {"secret_url": "http://T0KEN\uff0f@a.example/"},
        {"url": "http://127.0.0.1/", "secret": "Bearer T0KEN\nx: y"},
        {"url": "http://127.0.0.1/", "secret": "T0KEN \u20ac"},
        {"url": "http://127.0.0.1/", "secret": "T0KEN", "secret_header": "Host"},
    ],
)
def test_what_is_wrong_with_a_secret_is_said_without_it(tmp_path: Path, given: JsonObject) -> None:
    done = run(tmp_path, **given)
    assert (done.code, done.log.partition(":")[0]) == (1, "refused")
    assert "T0KEN" not in done.log


def test_it_runs_like_any_action_and_a_secret_url_stays_secret(peer: Peer, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "chat").touch(0o600)
    (secrets / "chat").write_text(f"{peer.url}/T0KEN/path")
    words = ("--secret", "secret_url=chat", "--secrets", str(secrets), "--input", 'allow_addresses=["127.0.0.0/8"]', "--input", "data=7")
    repository = ("--repository", str(shipped("packs-template")))
    done = attune("action", "run", "core.http_post", "--local", *repository, *words, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["result"]["status"] == 200
    assert [(path, body) for path, _, body in peer.received] == [("/T0KEN/path", b"7")]
    assert "T0KEN" not in done.stdout + done.stderr
