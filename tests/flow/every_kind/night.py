"""The night in which clocks are set back: a whole system whose wall clock is what a test says, while all else about time is real.

Used by the test of every kind of event. libfaketime reads how far the wall clock is off from a file, for controller, agent and executor
alike, so that timers, groups, certificates and stamps agree; monotonic and boot time are real, and so is how fast the clock goes.
"""

import os
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from attune_cli.local.origin import Origin
from attune_cli.local.system import LocalAgent, LocalSystem, network_settings
from attune_cli.profiles import Profile
from tests.faults.needs import faketime
from tests.faults.rig import alive
from tests.flow.every_kind.repository import repository
from tests.running import open_for_attempts, shared_directory
from tests.waiting import wait_until

#: libfaketime's clock_nanosleep refuses what CPython's time.sleep asks for; waiting for an event that never comes goes another way.
_SLEEP = "import threading, time\ntime.sleep = threading.Event().wait\n"
SECRETS = {"github": "a secret of GitHub's", "alertmanager": "a-token"}


#: OpenSSL's X509_V_FLAG_NO_CHECK_TIME: the system's certificates are of another time than the test's own.
_WHENEVER = ssl.VerifyFlags(0x200000)


@dataclass
class Night:
    """The system, its host, and what was written down."""

    system: LocalSystem
    host: LocalAgent
    clock: Path
    witness: Path
    sent: Path

    def set_clock(self, moment: str) -> None:
        """Let it be this moment for all programs, from now on."""
        write_clock(self.clock, moment)

    def lines(self) -> list[str]:
        """Return what actions have written so far, in whole lines."""
        return self.witness.read_text(encoding="utf-8").rpartition("\n")[0].splitlines()

    def await_line(self, line: str) -> None:
        """Wait until an action was run for this event."""
        sought = f"{line}\n".encode()
        wait_until(lambda: sought in self.witness.read_bytes(), timeout=120, what=f"the witness of {line}")

    def await_seen(self, sensor: str, count: int) -> None:
        """Wait until a sensor has printed so many events."""
        file = self.sent / sensor
        wait_until(lambda: file.exists() and file.read_bytes().count(b"\n") >= count, timeout=120, what=f"{count} events of {sensor}")

    def kill(self, *, controller: bool = False, agent: bool = False) -> None:
        """Kill them, and then start them again."""
        if controller:
            alive(self.system.controller).kill()
        if agent:
            alive(self.host.agent).kill()
        if controller:
            self.system.start_controller()
        if agent:
            self.system.start_agent(self.host)


def _trusting_whenever(profile: Profile) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=profile.authority)
    context.verify_flags |= _WHENEVER
    return context


def write_clock(clock: Path, moment: str) -> None:
    """Write how far the real clock is off."""
    new = clock.with_suffix(".new")
    new.write_text(f"{datetime.fromisoformat(moment).timestamp() - time.time():+f}")
    new.replace(clock)


@contextmanager
def night(place: Path, *, begin: str, scale: int, stretch: float) -> Iterator[Night]:
    """Start everything below `place`, at this moment."""
    sent = shared_directory(place, "sent")
    witness = place / "witness"
    witness.touch()
    witness.chmod(0o666)
    clock = place / "clock"
    write_clock(clock, begin)
    (place / "site").mkdir()
    (place / "site" / "sitecustomize.py").write_text(_SLEEP)
    open_for_attempts(place / "site")
    origin = Origin(place / "git")
    origin.write(repository(witness, sent, scale=scale, stretch=stretch))
    commit = origin.push()
    faked = {
        "LD_PRELOAD": str(faketime()),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": "1",  # looking at each call would cost more than all else
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "PYTHONPATH": f"{place / 'site'}:{os.environ.get('PYTHONPATH', '')}".rstrip(":"),
    }
    whole = LocalSystem(root=place / "system", repository=str(origin.bare), poll="1m", network=network_settings(), environment=faked)
    with pytest.MonkeyPatch.context() as patched, whole as system:
        patched.setattr("attune_cli.client._trusting", _trusting_whenever)
        system.start_controller()
        for name, value in SECRETS.items():
            system.put_controller_secret(name, value)
        status = system.wait_for_revision(commit)
        assert status.sync.active_revision == commit, status.sync
        host = system.add_agent("one", {"role": "test"}, slots=5)
        system.wait_for_agents()
        yield Night(system, host, clock, witness, sent)
