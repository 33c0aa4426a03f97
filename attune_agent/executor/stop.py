"""`attune-executor stop`: tells the executor that serves to start nothing any more, and waits until it is gone.

Called by `main`; `answering` on the other side takes it. That is how an executor is replaced without ending what it runs.
"""

import contextlib
import os
import select
import socket
import struct
from pathlib import Path

from attune_agent.executor import fields as read
from attune_agent.executor.protocol import SOCKET_NAME
from attune_agent.executor.speech import say

_PEER = struct.Struct("3i")


def stop(run: Path, *, now: bool) -> int:
    """Return the exit code: 0 when it has ended, 3 when there is none or it does not take orders from this user."""
    with socket.socket(socket.AF_UNIX) as end:
        folder = os.open(run, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC) if run.is_dir() else -1
        try:
            end.connect(f"/proc/self/fd/{folder}/{SOCKET_NAME}")
        except OSError as error:
            say(f"no executor can be reached at {run / SOCKET_NAME}: {error.strerror}")
            return 3
        finally:
            with contextlib.suppress(OSError):
                os.close(folder)
        pid, _, _ = _PEER.unpack(end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
        watched = os.pidfd_open(pid)
        end.sendall(read.to_json({"id": 1, "type": "retire", "now": now}) + b"\n")
        refused = _answer(end)
        if refused:
            say(f"the executor goes on: {refused}")
            return 3
        say("waiting until no attempt runs" if not now else "ending what runs")
        poll = select.poll()
        poll.register(watched, select.POLLIN)
        poll.poll()
        return 0


def _answer(end: socket.socket) -> str:
    """Return why it was refused; empty: it was not."""
    with end.makefile("rb") as lines:
        for line in lines:
            message = read.parse_object(line)
            if message.get("id") == 1:
                return read.text(message, "detail", "")
    return ""
