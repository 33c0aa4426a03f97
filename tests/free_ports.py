"""Ports of this machine that nobody listens at, for programs that cannot say which one they were given."""

import socket


def free_port(address: str = "127.0.0.1") -> int:
    """Return one."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def listens(port: int, address: str = "127.0.0.1") -> bool:
    """Tell whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex((address, port)) == 0
