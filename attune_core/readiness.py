"""Readiness: tells the service manager that started this program that it is ready (sd_notify(3), `Type=notify`).

Called once by each of the three programs, when it serves; nothing happens where nobody asked to be told. Of the standard library alone,
because the executor imports it.
"""

import contextlib
import os
import socket


def say_ready() -> None:
    """Send `READY=1` to the socket that the environment names, and take the name out of it: no child is to speak in our place."""
    address = os.environ.pop("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as end:
        end.connect("\0" + address[1:] if address.startswith("@") else address)
        end.send(b"READY=1")
