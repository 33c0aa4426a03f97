"""Which names the settings hold, and what DNS says of them; called by `table`."""

import ipaddress
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

from attune_cli.doctor.facts import Resolved
from attune_cli.doctor.here import Here, split_url

#: A resolver may take longer than anybody wants to wait; seconds.
_PATIENCE = 5.0


def names(here: Here) -> Iterator[Resolved]:
    """Yield every name that is not an address itself, once."""
    seen = dict.fromkeys(one for one in _named(here) if one[1] and not _is_address(one[1]))
    for program, name, own in seen:
        addresses, trouble = resolve(name)
        yield Resolved(program=program, name=name, addresses=addresses, trouble=trouble, own=own)


def resolve(name: str) -> tuple[tuple[str, ...], str]:
    """Return a name's addresses, or why there are none."""
    found: list[tuple[tuple[str, ...], str]] = []

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
            found.append((tuple(dict.fromkeys(str(row[4][0]) for row in rows)), ""))
        except (OSError, UnicodeError) as error:
            found.append(((), error.strerror or str(error) if isinstance(error, OSError) else "it is no host name"))

    asking = threading.Thread(target=ask, daemon=True)  # getaddrinfo takes no limit
    asking.start()
    asking.join(_PATIENCE)
    return found[0] if found else ((), f"no answer in {_PATIENCE:.0f} s")


def _named(here: Here) -> Iterator[tuple[str, str, bool]]:
    if here.controller and (settings := here.controller.settings):
        for name in (*settings.public.names, *settings.agents.names):
            yield "controller", name, True
        yield "controller", _host_of(settings.repository.url), False
    if here.agent:
        if here.agent.controller:
            yield "agent", split_url(here.agent.controller.agent_url)[1], False
        for url in (here.agent.proxy, here.agent.settings.network.proxy or ""):
            yield "agent", split_url(url)[1], False
    if here.profile:
        yield "profile", split_url(here.profile.profile.url)[1], False


def _host_of(url: str) -> str:
    """Return the host of a repository's address, also of `git@host:path`; nothing for a path on this machine."""
    if url.startswith(("/", "file://")):
        return ""
    return urlsplit(url).hostname or "" if "://" in url else url.partition("@")[2].partition(":")[0]


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
