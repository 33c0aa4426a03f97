"""Ports of this machine that nobody listens at, for programs that cannot say which one they were given."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


def free_port(address: str = "127.0.0.1") -> int:
    """Return one."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


@contextmanager
def deaf_port(address: str = "127.0.0.1") -> Iterator[int]:
    """Hold one at which nobody will listen meanwhile: one that is only free may be somebody's the moment after."""
    with socket.socket() as held:
        held.bind((address, 0))
        yield int(held.getsockname()[1])


def listens(port: int, address: str = "127.0.0.1") -> bool:
    """Tell whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex((address, port)) == 0
