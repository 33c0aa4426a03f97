"""Addresses to listen at, as settings write them; read by the settings of both programs."""

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator

_LISTEN = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]*):(?P<port>[0-9]{1,5})", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where to listen: an empty host is every interface, port 0 any free one."""

    host: str
    port: int


def address_of(text: str) -> Address:
    """Read `host:port`, `:port` or `[::1]:port`; `ValueError` says what is expected."""
    found = _LISTEN.fullmatch(text)
    if found is None or int(found["port"]) > 65_535:
        raise ValueError("an address is host:port, such as 127.0.0.1:7443, :7444 or [::1]:7443")
    return Address(host=found["host"].strip("[]"), port=int(found["port"]))


def _listen(text: str) -> str:
    address_of(text)
    return text


Listen = Annotated[str, AfterValidator(_listen)]
