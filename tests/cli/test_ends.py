"""The ends of every command: no server, the wrong certificate, clock, token or port are a line of cause and one of remedy each."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import pytest
import trustme
from httpx2 import RemoteProtocolError

from attune_cli.client import Client
from attune_cli.errors import ControllerUnreachable, OutputUnwritable
from attune_cli.main import main
from attune_cli.profiles import Profile, save_profile
from tests.cli.every_command import EVENT, EVENTS, every_command, is_remote, words_of
from tests.cli.listener import certificate_for, listener, pem_of
from tests.free_ports import deaf_port

AUTHORITY = trustme.CA()
TRUSTED = pem_of(AUTHORITY)
REMOTE = {words: command for words, command in every_command() if is_remote(command)}
#: Commands with a profile that end otherwise: what they look at first is on this machine, or they say what they see and do not fail.
OTHERWISE = {"doctor", "login", "plan", "webhook send"}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "ATTUNE_PROFILE", "ATTUNE_TRACEBACK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / EVENTS).write_text(EVENT)
    return tmp_path


def call(url: str) -> None:
    save_profile("default", Profile(url=url, authority="" if url.startswith("http:") else TRUSTED, token="t"))


def end_of(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    """Run a command in this process; return its exit code and the lines on stderr."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    code = ended.value.code
    assert isinstance(code, int)
    return code, capsys.readouterr().err.splitlines()


def is_explained(lines: list[str], code: str) -> bool:
    """Tell whether there is one line of cause, one of remedy, and this code."""
    return [line.split(":")[0].strip() for line in lines] == ["attune", "what to do", "code"] and lines[2] == f"  code: {code}"


def refusal(status: int, code: str) -> AbstractContextManager[int]:
    body = json.dumps({"title": "no", "status": status, "detail": "the controller says no", "code": code, "remedy": "ask for a token"})
    return listener(status=status, body=body.encode())


#: What listens there, the address, and the code.
EVERY: dict[str, tuple[Callable[[], AbstractContextManager[int]], str, str]] = {
    "nobody listens": (deaf_port, "https://127.0.0.1:{}", "ATT702"),
    "the certificate is by another authority": (
        lambda: listener(certificate_for(trustme.CA(), "127.0.0.1")),
        "https://127.0.0.1:{}",
        "ATT703",
    ),
    "the token is refused": (lambda: refusal(401, "ATT506"), "http://127.0.0.1:{}", "ATT506"),
    "the answer is no document": (lambda: listener(status=502, body=b"<html>"), "http://127.0.0.1:{}", "ATT704"),
}


@pytest.mark.parametrize("what", EVERY)
def test_every_command_says_in_a_line_what_is_wrong_and_in_another_what_to_do(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    situation, url, expected = EVERY[what]
    with situation() as port:
        call(url.format(port))
        ends = {words: end_of(words_of(words, command), capsys) for words, command in REMOTE.items()}
    assert not {words: lines for words, (_, lines) in ends.items() if "ATT900" in "".join(lines)}
    ends = {words: end for words, end in ends.items() if words not in OTHERWISE}
    assert not {words: end for words, end in ends.items() if end[0] not in {2, 3} or not is_explained(end[1], expected)}


@contextmanager
def silence() -> Iterator[int]:
    """Listen, and say nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def tls(*names: str, begins_in: float = -1, ends_in: float = 60) -> AbstractContextManager[int]:
    return listener(certificate_for(AUTHORITY, *names, begins_in=begins_in, ends_in=ends_in))


#: What listens there, the address with its port left open, the code, and words of the message or the remedy.
ONE: dict[str, tuple[Callable[[], AbstractContextManager[int]], str, str, str]] = {
    "a name without an address": (lambda: nullcontext(1), "https://nowhere.invalid:{}", "ATT783", "the name has no address"),
    "no answer": (silence, "http://127.0.0.1:{}", "ATT702", "no answer within 0.2 s"),
    "no answer to a handshake": (silence, "https://127.0.0.1:{}", "ATT702", "no answer within 0.2 s"),
    "an expired certificate": (lambda: tls("127.0.0.1", begins_in=-9, ends_in=-1), "https://127.0.0.1:{}", "ATT785", "has expired"),
    "a certificate of tomorrow": (lambda: tls("127.0.0.1", begins_in=1), "https://127.0.0.1:{}", "ATT784", "clock is behind"),
    "a certificate of another name": (lambda: tls("c.example"), "https://127.0.0.1:{}", "ATT703", "public.names"),
    "plain HTTP where TLS is meant": (listener, "https://127.0.0.1:{}", "ATT786", "does not speak TLS"),
    "TLS where plain HTTP is meant": (lambda: tls("127.0.0.1"), "http://127.0.0.1:{}", "ATT786", "https://"),
    "a token without the scope": (lambda: refusal(403, "ATT507"), "http://127.0.0.1:{}", "ATT507", "ask for a token"),
    "a page of something else": (lambda: listener(body=b"<html>hello"), "http://127.0.0.1:{}", "ATT704", "versions"),
    "an answer of another shape": (lambda: listener(body=b"[1]"), "http://127.0.0.1:{}", "ATT704", "versions"),
}


@pytest.mark.parametrize("what", ONE)
def test_what_is_in_the_way_is_told_from_everything_else(
    what: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    situation, url, expected, words = ONE[what]
    defaults = Client.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "timeout", 0.2 if "no answer" in what else 10.0)
    with situation() as port:
        call(url.format(port))
        code, lines = end_of(["execution", "list"], capsys)
    assert code in {2, 3}
    assert is_explained(lines, expected), lines
    assert words in " ".join(lines)
    assert "Error(" not in " ".join(lines)


def test_a_controller_that_has_answered_and_breaks_off_is_only_away() -> None:
    with listener(body=b"{}") as port, Client(Profile(url=f"http://127.0.0.1:{port}", authority="", token="t")) as client:
        client.request("GET", "/")
        error = RemoteProtocolError("Server disconnected without sending a response.")
        with pytest.raises(ControllerUnreachable), client._explained():
            raise error


PROFILES = {
    "an authority that is none": ("https://127.0.0.1:9", "garbage", "t"),
    "TLS and nobody to trust": ("https://127.0.0.1:9", "", "t"),
    "no scheme": ("127.0.0.1:9", "", "t"),
    "another scheme": ("file:///etc", "", "t"),
    "an address that cannot be read": ("http://[::1", "", "t"),
    "a token with a line break": ("http://127.0.0.1:9", "", "t\r\nx: y"),
    "a token that is not ASCII": ("http://127.0.0.1:9", "", "tä"),
}


@pytest.mark.parametrize("what", PROFILES)
def test_a_profile_that_was_written_by_hand(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    url, authority, token = PROFILES[what]
    save_profile("default", Profile(url=url, authority=authority, token=token))
    code, lines = end_of(["execution", "list"], capsys)
    assert code == 3
    assert is_explained(lines, "ATT701"), lines


@pytest.mark.parametrize("url", ["https://127.0.0.1:{}", "https://[::1", "https://nowhere.invalid"])
def test_a_login_that_leads_nowhere_leaves_no_profile(url: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with listener() as port:
        code, lines = end_of(["login", url.format(port)], capsys)
    assert code in {2, 3}
    assert [line.split(":")[0].strip() for line in lines] == ["attune", "what to do", "code"], lines
    assert not (home / ".config").exists()


def test_a_home_that_cannot_be_written_is_said(home: Path) -> None:
    (home / ".config").write_text("in the way")
    with pytest.raises(OutputUnwritable, match="profiles"):
        save_profile("default", Profile(url="http://127.0.0.1:9", authority="", token="t"))


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)
    code, lines = end_of(["execution", "list"], capsys)
    assert code == 3
    assert is_explained(lines, "ATT787"), lines
