"""Ends: the two addresses at which the controller is reached, bound, with what proves them and how others are told to find them.

Opened by the composition root before anything else is built, because port 0 becomes a number only here and URLs are made of it.
"""

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from attune_controller.http.listener import bind
from attune_controller.http.tls import ServedCertificate, agents_tls, public_tls, require_loopback
from attune_controller.identity.ca import Authority
from attune_controller.identity.server_certificate import ServerCertificate
from attune_controller.settings import ControllerSettings
from attune_core.addresses import Address, address_of

_EVERYWHERE = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - compared with, not bound to


@dataclass(frozen=True, kw_only=True)
class End:
    """One address. served None: plain HTTP. url: scheme, host and port, as others are told."""

    sockets: Sequence[socket.socket]
    served: ServedCertificate | None
    url: str


@dataclass(frozen=True, kw_only=True)
class Ends:
    """Both, and the certificate of the controller's own that they show."""

    public: End
    agents: End
    certificate: ServerCertificate


def open_ends(settings: ControllerSettings, authority: Authority, folder: Path, now: float) -> Ends:
    """Bind both addresses and load their certificates; `PortRefused`, `TlsFilesUnusable`, `PlainHttpExposed`, `ServerNameInvalid`."""
    public, agents = address_of(settings.public.listen), address_of(settings.agents.listen)
    names = [*settings.public.names, *settings.agents.names, *(_host(end, ()) for end in (public, agents))]
    certificate = ServerCertificate(authority, folder, names)
    certificate.refresh(now)
    served: ServedCertificate | None
    if settings.public.plain:
        require_loopback(public.host)
        served = None
    elif settings.public.tls:
        served = public_tls(settings.public.tls.cert, settings.public.tls.key)
    else:
        served = public_tls(certificate.path)
    inner = agents_tls(certificate.path, authority.certificate)
    outer = bind(public.host, public.port)
    try:
        sockets = bind(agents.host, agents.port)
    except BaseException:
        for sock in outer:
            sock.close()
        raise
    names_inside = settings.agents.names or settings.public.names
    return Ends(
        public=End(
            sockets=outer,
            served=served,
            url=settings.public.url or _url("https" if served else "http", _host(public, settings.public.names), outer),
        ),
        agents=End(sockets=sockets, served=inner, url=settings.agents.url or _url("https", _host(agents, names_inside), sockets)),
        certificate=certificate,
    )


def _host(address: Address, names: Sequence[str]) -> str:
    """Return the name to be reached by: the first of the settings, else the address itself, else this machine's name."""
    if names:
        return names[0]
    return socket.gethostname().lower() if address.host in _EVERYWHERE else address.host


def _url(scheme: str, host: str, sockets: Sequence[socket.socket]) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}:{sockets[0].getsockname()[1]}"
