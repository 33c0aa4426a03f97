"""One connection to each listener: TCP, TLS as the program that calls it would have it, and one harmless request for its Date.

Called by `table` for the profile's controller, the agent's and a controller's own listeners. The handshake checks the chain alone: dates
and names are facts to be judged, not reasons to see nothing.
"""

import http.client
import json
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path

from attune_cli.doctor.facts import Handshake
from attune_cli.doctor.findings import Unseen
from attune_cli.doctor.here import AgentHere, ControllerHere, Here, ProfileHere, split_url

#: Seconds for each step with the other side.
_PATIENCE = 5.0
#: X509_V_FLAG_NO_CHECK_TIME of OpenSSL, which Python has no name for: the dates are judged, not the clock's victims.
_ANY_TIME = 0x200000
#: Hosts of a `listen` that mean every address.
EVERYWHERE = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - compared with, not bound to


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where to connect, what to call it by, whom to trust (PEM), and whom to be."""

    program: str
    url: str
    trusted: str
    address: tuple[str, int] | None = None
    certificate: Path | None = None
    key: Path | None = None


def handshakes(here: Here) -> Iterator[Handshake | Unseen]:
    """Yield what came of each connection; each is made once."""
    for endpoint in endpoints(here):
        yield endpoint if isinstance(endpoint, Unseen) else connect(endpoint)


def calls(here: Here) -> Iterator[Handshake | Unseen]:
    """Yield the connections that may lead to another host, whose clock is another one."""
    yield from handshakes(Here(agent=here.agent, profile=here.profile))


def agents_handshake(here: Here) -> Iterator[Handshake | Unseen]:
    """Yield the agent's own connection alone, in which its certificate matters."""
    if here.agent:
        yield from handshakes(Here(agent=here.agent))


def endpoints(here: Here) -> Iterator[Endpoint | Unseen]:
    """Yield the listeners that the programs here call or are."""
    if here.controller:
        yield from _of_controller(here.controller)
    if here.agent:
        yield _of_agent(here.agent)
    if here.profile:
        yield _of_profile(here.profile)


@cache
def connect(endpoint: Endpoint) -> Handshake:
    """Connect once and return what was seen."""
    scheme, host, port = split_url(endpoint.url)
    seen = Handshake(program=endpoint.program, endpoint=endpoint.url, host=host, tls=scheme == "https", now=time.time())
    began = time.monotonic()
    try:
        plain = socket.create_connection(endpoint.address or (host, port), _PATIENCE)
    except OSError as error:
        return replace(seen, trouble=_words(error))
    with closing(plain):
        seen = replace(seen, seconds=time.monotonic() - began)
        try:
            return _shaken(endpoint, seen, plain) if seen.tls else _asked(seen, plain)
        except ssl.SSLCertVerificationError as error:
            return replace(seen, chain=error.verify_message)
        except ssl.SSLError as error:
            return _misunderstood(seen, error)
        except OSError as error:
            return replace(seen, trouble=f"the connection ended in the handshake: {_words(error)}")


def _shaken(endpoint: Endpoint, seen: Handshake, plain: socket.socket) -> Handshake:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= _ANY_TIME
    try:
        context.load_verify_locations(cadata=endpoint.trusted)
    except (ssl.SSLError, ValueError):
        return replace(seen, chain="what is trusted here is no certificate")
    if endpoint.certificate:
        try:
            context.load_cert_chain(endpoint.certificate, endpoint.key)
        except ssl.SSLError as error:
            return replace(seen, refused=f"it cannot be shown: {_reason(error)}")
    with context.wrap_socket(plain, server_hostname=seen.host) as tls:
        shown = tls.getpeercert() or {}
        names = shown.get("subjectAltName", ())
        seen = replace(
            seen,
            begins=float(ssl.cert_time_to_seconds(str(shown["notBefore"]))),
            ends=float(ssl.cert_time_to_seconds(str(shown["notAfter"]))),
            names=tuple(str(name[1]) for name in names if isinstance(name, tuple)),
        )
        try:
            return _asked(seen, tls)
        except ssl.SSLError as error:
            return replace(seen, refused=_reason(error))


def _asked(seen: Handshake, connection: socket.socket) -> Handshake:
    """Ask for a page that is not there: the answer has the date, and says whether the certificate is taken."""
    connection.sendall(f"GET /attune-doctor HTTP/1.1\r\nHost: {seen.host}\r\nConnection: close\r\n\r\n".encode())
    try:
        with http.client.HTTPResponse(connection) as answer:
            answer.begin()
            now, date, body = time.time(), answer.getheader("Date"), answer.read(16_384)
    except http.client.HTTPException:
        return replace(seen, other_speech=True) if not seen.tls else replace(seen, refused="its answer is no HTTP")
    refused = _refusal(body) if answer.status in {401, 403} else ""
    if not seen.tls and answer.status == http.client.BAD_REQUEST and b"HTTPS" in body:
        return replace(seen, other_speech=True)
    return replace(seen, now=now, date=_moment(date or ""), refused=refused)


def _moment(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None  # none was told, or no time


def _refusal(body: bytes) -> str:
    try:
        said = json.loads(body)
        return f"{str(said['detail'])[:300]} ({str(said['code'])[:10]})"
    except (ValueError, KeyError, TypeError, RecursionError):
        return "it answered that nobody is known"


def _misunderstood(seen: Handshake, error: ssl.SSLError) -> Handshake:
    """Return that no TLS is spoken, or what the other side said against the handshake."""
    if "ALERT" in (error.reason or "") and "UNRECOGNIZED_NAME" not in (error.reason or ""):
        return replace(seen, refused=_reason(error))
    return replace(seen, other_speech=True)


def _reason(error: ssl.SSLError) -> str:
    return (error.reason or str(error)).lower().replace("_", " ")


def _words(error: OSError) -> str:
    return "no answer in time" if isinstance(error, TimeoutError) else error.strerror or str(error)


def _of_profile(found: ProfileHere) -> Endpoint:
    return Endpoint(program="profile", url=found.profile.url, trusted=found.profile.authority)


def _of_agent(found: AgentHere) -> Endpoint | Unseen:
    if found.controller is None:
        return Unseen(program="agent", about="the controller", why="whom this agent calls cannot be read, or it has not joined")
    url = found.controller.agent_url
    if found.proxy:
        return Unseen(program="agent", about=url, why=f"is reached through the proxy {found.proxy}, which is not looked through")
    try:
        trusted = found.layout.authority.read_text("ascii")
        found.layout.key.open("rb").close()
    except OSError as error:
        return Unseen(program="agent", about=url, why=f"{error.filename}: {error.strerror}", remedy="sudo attune doctor")
    return Endpoint(program="agent", url=url, trusted=trusted, certificate=found.layout.certificate, key=found.layout.key)


def _of_controller(found: ControllerHere) -> Iterator[Endpoint | Unseen]:
    try:
        listening = json.loads((found.state / "listening.json").read_text("utf-8"))
        trusted = (found.state / "ca" / "ca.pem").read_text("ascii")
        urls = [str(listening["public"]), str(listening["agents"])]
    except FileNotFoundError:
        yield Unseen(
            program="controller",
            about="its listeners",
            why=f"no controller runs on {found.state}",
            remedy="systemctl start attune-controller",
        )
        return
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = f"{found.state} cannot be read: {error}"
        yield Unseen(program="controller", about="its listeners", why=why, remedy="sudo attune doctor")
        return
    settings = found.settings
    listens = [settings.public.listen, settings.agents.listen] if settings else ["", ""]
    for url, listen in zip(urls, listens, strict=True):
        yield Endpoint(program="controller", url=url, trusted=trusted, address=_own_address(listen))


def _own_address(listen: str) -> tuple[str, int] | None:
    """Return where the listener is to be found on this host itself, whatever its name means outside; None: by its address as told."""
    host, _, port = listen.rpartition(":")
    if not port.isdecimal() or port == "0":
        return None
    host = host.strip("[]")
    return ("127.0.0.1" if host in EVERYWHERE else host, int(port))
