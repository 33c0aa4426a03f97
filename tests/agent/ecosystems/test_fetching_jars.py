"""`Fetch.java` against a repository with a private authority and a password: what it fetches, and above all what it keeps."""

import base64
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from tests.agent.environments.places import ROOT

FETCH = ROOT / "attune_agent/ecosystems/Fetch.java"
GOOD, OTHER = b"a jar", b"another jar"
JARS = {"a/b/1/b-1.jar": GOOD, "a/c/2/c-2.jar": OTHER}
USER = "Basic " + base64.b64encode(b"me:p@ss").decode()


class Repository(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        content = JARS.get(self.path.removeprefix("/maven/"))
        known = self.headers["Authorization"] == USER
        self.send_response(401 if not known else 404 if content is None else 200)
        self.end_headers()
        self.wfile.write(content if known and content else b"no")

    def log_message(self, *_words: object) -> None:
        pass


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def address(authority: trustme.CA) -> Iterator[str]:
    with serving(authority) as port:
        yield f"https://localhost:{port}/maven"


@contextmanager
def serving(authority: trustme.CA) -> Iterator[int]:
    server = ThreadingHTTPServer(("localhost", 0), Repository)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def fetch(folder: Path, lines: list[tuple[bytes, str]], env: dict[str, str]) -> tuple[int, str]:
    """Fetch what should have this content at this path; return exit code and output."""
    folder.mkdir(exist_ok=True)
    (folder / ".netrc").write_text("machine other login me password x\nmachine localhost login me password p@ss\n")
    (folder / "list").write_text("# a comment\n\n" + "".join(f"{sha256(content).hexdigest()}  {path}\n" for content, path in lines))
    argv = ["java", "-XX:TieredStopAtLevel=1", str(FETCH), "list", str(folder.parent / "cache")]
    done = subprocess.run(
        argv, cwd=folder, env={"PATH": "/usr/bin:/bin", "HOME": str(folder), **env}, check=False, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


def test_what_comes_with_its_digest_is_kept_and_nothing_else_is(tmp_path: Path, authority: trustme.CA, address: str) -> None:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    env = {"MAVEN_REPOSITORY": address, "SSL_CERT_FILE": str(tmp_path / "ca.pem")}
    wrong = [(GOOD, "a/b/1/b-1.jar"), (b"what was locked", "a/c/2/c-2.jar"), (b"", "a/d/3/d-3.jar")]
    code, said = fetch(tmp_path / "first", wrong, env)
    assert code == 1
    assert f"a/c/2/c-2.jar: the checksum is {sha256(OTHER).hexdigest()}, not " in said
    assert "a/d/3/d-3.jar: the repository answered 404" in said
    assert "p@ss" not in said
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [sha256(GOOD).hexdigest()]
    assert {path.name for path in (tmp_path / "first/lib").rglob("*.jar")} == {"b-1.jar"}
    assert not (tmp_path / "first/class-path").exists()

    (tmp_path / "cache" / sha256(GOOD).hexdigest()).write_bytes(b"somebody wrote into the cache")
    code, said = fetch(tmp_path / "second", [(content, path) for path, content in JARS.items()], env)
    assert (code, said) == (0, "a/b/1/b-1.jar\na/c/2/c-2.jar\n")
    lib = tmp_path / "second/lib"
    assert {path: (lib / path).read_bytes() for path in JARS} == JARS
    assert (lib / "a/b/1/b-1.jar").stat().st_mode & 0o444 == 0o444
    assert (tmp_path / "second/class-path").read_text() == f'-cp "{tmp_path}/second/classes:{lib}/a/b/1/b-1.jar:{lib}/a/c/2/c-2.jar"\n'


def test_an_authority_that_is_not_the_hosts_is_refused(tmp_path: Path, address: str) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    env = {"MAVEN_REPOSITORY": address, "SSL_CERT_FILE": str(tmp_path / "ca.pem")}
    code, said = fetch(tmp_path / "first", [(GOOD, "a/b/1/b-1.jar")], env)
    assert code == 1
    assert "SSLHandshakeException" in said
    assert not list((tmp_path / "first/lib").rglob("*.jar"))
