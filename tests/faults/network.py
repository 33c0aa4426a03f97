"""A network of its own for a host of the tests: a namespace, one cable to it, and packets that vanish; needs root.

Used by test_vanishing_packets. Nothing of it is beyond this machine: 10.231.0.0/16 is on the cable alone.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_DROP_ALL = """\
table inet cut {
    chain arriving { type filter hook input priority 0; policy drop; }
    chain leaving { type filter hook output priority 0; policy drop; }
}
"""


@dataclass(frozen=True)
class Cable:
    """The namespace at the far end, and the addresses of both."""

    name: str
    near: str
    far: str

    @property
    def within(self) -> tuple[str, ...]:
        """Words before an argv that is to run at the far end."""
        return ("nsenter", f"--net=/run/netns/{self.name}", "--")

    def drop(self) -> None:
        """Let every packet vanish, at the far end, without a word to anybody."""
        _run(*self.within, "nft", "-f", "-", text=_DROP_ALL)

    def pass_again(self) -> None:
        """Let them pass."""
        _run(*self.within, "nft", "flush", "ruleset")


@contextmanager
def cable() -> Iterator[Cable]:
    """Lay one; it is gone with its namespace."""
    number = os.getpid() % 16_000
    near, far = (f"10.231.{number // 64}.{number % 64 * 4 + end}" for end in (1, 2))
    made = Cable(f"attune-{number}", near, far)
    outside, inside = f"at{number}a", f"at{number}b"
    _run("ip", "netns", "add", made.name)
    try:
        _run("ip", "link", "add", outside, "type", "veth", "peer", "name", inside, "netns", made.name)
        _run("ip", "address", "add", f"{near}/30", "dev", outside)
        _run("ip", "link", "set", outside, "up")
        _run("ip", "-n", made.name, "address", "add", f"{far}/30", "dev", inside)
        _run("ip", "-n", made.name, "link", "set", inside, "up")
        yield made
    finally:
        _run("ip", "netns", "delete", made.name)


def _run(*argv: str, text: str = "") -> None:
    subprocess.run(argv, input=text, text=True, check=True)
