"""A package registry of the tests' own: HTTPS by a private authority, behind a CONNECT proxy, asking who one is, with faults on demand.

It serves one Python wheel, one npm package, one crate and one jar, all named `tiny`; their locks carry hashes and no address.
"""

import base64
import hashlib
import io
import json
import select
import socket
import ssl
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import trustme

NAME = "packages.example.test"
PASSWORD = "canary-Zq8!xW3#pL0v"
USERNAME = "builder"


def _record_hash(text: str) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


#: What every python that looks into the package's folder runs; it leaves a file where it may write.
STARTUP = "import os; os.access(sitedir, os.W_OK) and open(sitedir + '/package-code-ran', 'w')\n"
#: A script of a package that puts a program of its own in the place of the environment's node.
SCRIPT = r"rm ../../bin/node; printf '#!/bin/sh\ntouch ../../.cache/escaped\n' >../../bin/node; chmod 755 ../../bin/node"


def wheel(value: int) -> bytes:
    """The package `tiny` 1.0, which says a number."""
    files = {
        "tiny.py": f"VALUE = {value}\n",
        "tiny.pth": STARTUP,
        "tiny-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
        "tiny-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},{_record_hash(text)},{len(text)}\n" for name, text in files.items())
    files["tiny-1.0.dist-info/RECORD"] = record + "tiny-1.0.dist-info/RECORD,,\n"
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return held.getvalue()


def tarball(value: int) -> bytes:
    """The package `tiny` 1.0.0 of npm, which says a number."""
    manifest = json.dumps({"name": "tiny", "version": "1.0.0", "scripts": {"install": SCRIPT}})
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as archive:
        for name, text in {"package.json": manifest, "index.js": f"module.exports = {value}\n"}.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return held.getvalue()


def crate(value: int) -> bytes:
    """The crate `tiny` 1.0.0, which says a number."""
    files = {
        "Cargo.toml": '[package]\nname = "tiny"\nversion = "1.0.0"\nedition = "2021"\n',
        "src/lib.rs": f"pub const VALUE: u8 = {value};\n",
    }
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"tiny-1.0.0/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return held.getvalue()


def jar(value: int) -> bytes:
    """The artifact `net.example:tiny` 1.0, which holds a number."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(zipfile.ZipInfo("tiny.txt"), str(value))
    return held.getvalue()


WHEEL, OTHER_WHEEL, TARBALL, OTHER_TARBALL = wheel(7), wheel(8), tarball(7), tarball(8)
CRATE, OTHER_CRATE, JAR, OTHER_JAR = crate(7), crate(8), jar(7), jar(8)
CHECKSUM = hashlib.sha256(CRATE).hexdigest()
CARGO_TOML = '[package]\nname = "locked"\nversion = "1.0.0"\nedition = "2021"\n\n[dependencies]\ntiny = "1"\n'
JAR_PATH = "net/example/tiny/1.0/tiny-1.0.jar"
JAVA_LOCK = f"{hashlib.sha256(JAR).hexdigest()}  {JAR_PATH}\n".encode()
INTEGRITY = "sha512-" + base64.b64encode(hashlib.sha512(TARBALL).digest()).decode()
PYTHON_LOCK = f"tiny==1.0 --hash=sha256:{hashlib.sha256(WHEEL).hexdigest()}\n".encode()
PACKAGES = {
    "/files/tiny-1.0-py3-none-any.whl": (WHEEL, OTHER_WHEEL),
    "/files/tiny-1.0.0.tgz": (TARBALL, OTHER_TARBALL),
    "/files/tiny.crate": (CRATE, OTHER_CRATE),
    f"/maven/{JAR_PATH}": (JAR, OTHER_JAR),
}
MANIFEST = {"name": "locked", "version": "1.0.0", "dependencies": {"tiny": "1.0.0"}}
NODE_LOCK = {
    "name": "locked",
    "version": "1.0.0",
    "lockfileVersion": 3,
    "requires": True,
    "packages": {"": MANIFEST, "node_modules/tiny": {"version": "1.0.0", "integrity": INTEGRITY}},
}


class Registry:
    """What the server says now, and what it was asked."""

    def __init__(self, password: str) -> None:
        self.expected = "Basic " + base64.b64encode(f"{USERNAME}:{password}".encode()).decode()
        self.fault = ""  # 500, half, other, slow, gone: what becomes of the package itself
        self.asked: list[str] = []
        self.on_request: Callable[[], None] = lambda: None
        self.over = threading.Event()
        self.ca_file = Path()
        self.port = self.proxy_port = 0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    registry: ClassVar[Registry]

    def do_GET(self) -> None:
        registry = self.registry
        if self.headers.get("Authorization") != registry.expected:
            self._answer(401, b"", ("WWW-Authenticate", 'Basic realm="packages"'))
            return
        registry.asked.append(self.path)
        registry.on_request()
        if self.path == "/simple/tiny/":
            self._answer(200, b'<a href="/files/tiny-1.0-py3-none-any.whl">tiny-1.0-py3-none-any.whl</a>', ("Content-Type", "text/html"))
        elif self.path == "/tiny":
            dist = {"tarball": f"https://{NAME}/files/tiny-1.0.0.tgz", "integrity": INTEGRITY}
            versions = {"1.0.0": {"name": "tiny", "version": "1.0.0", "dist": dist}}
            self._answer(200, json.dumps({"name": "tiny", "dist-tags": {"latest": "1.0.0"}, "versions": versions}).encode())
        elif self.path == "/index/config.json":
            self._answer(200, json.dumps({"dl": f"https://{NAME}/files/{{crate}}.crate", "auth-required": True}).encode())
        elif self.path == "/index/ti/ny/tiny":
            entry = {"name": "tiny", "vers": "1.0.0", "deps": [], "features": {}, "yanked": False, "cksum": CHECKSUM}
            self._answer(200, json.dumps(entry).encode())
        elif self.path in PACKAGES:
            right, other = PACKAGES[self.path]
            self._package(other if registry.fault == "other" else right)
        else:
            self._answer(404, b"")

    def _package(self, content: bytes) -> None:
        match self.registry.fault:
            case "500":
                self._answer(503, b"")
            case "half":
                self._answer(200, content[: len(content) // 2], length=len(content))
                self.close_connection = True
            case "slow":
                self.registry.over.wait(60)
                self.close_connection = True
            case _:
                self._answer(200, content)

    def _answer(self, status: int, body: bytes, *headers: tuple[str, str], length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class _Proxy(BaseHTTPRequestHandler):
    registry: ClassVar[Registry]

    def do_CONNECT(self) -> None:
        if self.path != f"{NAME}:443" or self.registry.fault == "gone":
            self.send_error(502)
            return
        with socket.create_connection(("127.0.0.1", self.registry.port)) as behind:
            self.send_response(200)
            self.end_headers()
            _relay(self.connection, behind)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


def _relay(one: socket.socket, other: socket.socket) -> None:
    while True:
        for ready in select.select([one, other], [], [])[0]:
            data = ready.recv(1 << 16)
            if not data:
                return
            (other if ready is one else one).sendall(data)


@contextmanager
def private_registry(folder: Path, password: str) -> Iterator[Registry]:
    """Serve until the context ends; `folder` gets the authority's certificate, for everybody to read."""
    registry = Registry(password)
    authority = trustme.CA()
    registry.ca_file = folder / "private-ca.pem"
    registry.ca_file.write_bytes(authority.cert_pem.bytes())
    registry.ca_file.chmod(0o644)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"registry": registry}))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(NAME).configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), type("Proxy", (_Proxy,), {"registry": registry}))
    registry.port, registry.proxy_port = server.server_port, proxy.server_port
    threads = [threading.Thread(target=one.serve_forever, daemon=True) for one in (server, proxy)]
    for thread in threads:
        thread.start()
    try:
        yield registry
    finally:
        registry.over.set()
        for one in (server, proxy):
            one.shutdown()
            one.server_close()


def network(registry: Registry) -> str:
    """What an agent.yaml says of that registry; installers do not try again for long."""
    impatient = {"UV_HTTP_RETRIES": "0", "UV_HTTP_TIMEOUT": "2", "npm_config_fetch_retries": "0", "npm_config_fetch_timeout": "2000"}
    crates = {"CRATES_INDEX": f"sparse+https://{NAME}/index/", "CARGO_NET_RETRY": "0"}
    return json.dumps(
        {
            "ca_file": str(registry.ca_file),
            "proxy": f"http://127.0.0.1:{registry.proxy_port}",
            "environment": {
                "UV_DEFAULT_INDEX": f"https://{NAME}/simple",
                "npm_config_registry": f"https://{NAME}/",
                "MAVEN_REPOSITORY": f"https://{NAME}/maven",
                **crates,
                **impatient,
            },
            "credentials": [{"host": NAME, "username": USERNAME, "password": "packages"}],
        }
    )


def cargo_lock(source: str) -> bytes:
    """Return a Cargo.lock; `source` is how cargo calls the public registry, in whose place the host's setting puts another one."""
    return f"""\
version = 3

[[package]]
name = "locked"
version = "1.0.0"
dependencies = [
 "tiny",
]

[[package]]
name = "tiny"
version = "1.0.0"
source = "{source}"
checksum = "{CHECKSUM}"
""".encode()
