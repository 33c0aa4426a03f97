"""What the kernel says of this machine's clock, by adjtimex(2), which asks without setting anything; called by `table`."""

import ctypes
import os
from collections.abc import Iterator

from attune_cli.doctor.facts import KernelClock
from attune_cli.doctor.findings import Unseen
from attune_cli.doctor.here import Here

_UNSYNCHRONISED = 0x40
_ERROR = 5


class _Timex(ctypes.Structure):
    """The beginning of `struct timex`; the rest is room enough."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def kernel_clock(here: Here) -> Iterator[KernelClock | Unseen]:  # noqa: ARG001 - what every gathering takes; the clock is the machine's
    """Yield the kernel's own word."""
    asked = _Timex()
    state: int = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(asked))
    if state < 0:
        yield Unseen(program="host", about="the clock", why=f"the kernel does not say: {os.strerror(ctypes.get_errno())}")
        return
    in_step = state != _ERROR and not asked.status & _UNSYNCHRONISED
    yield KernelClock(program="host", synchronised=in_step, most_error=asked.maxerror / 1e6)
