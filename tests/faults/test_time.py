"""Rows 19, 31 and 33: clocks that jump by an hour or ten years, an agent that stands still, and a host that was suspended.

The wall clock of agent and executor is faked by libfaketime from a file, boot time by a time namespace. The controller's clock jumps in
tests/simulation: git cannot be started under libfaketime.
"""

import signal
from collections.abc import Iterator

import pytest

from attune_core.states import Outcome
from tests.faults.needs import faketime, need
from tests.faults.rig import Rig, alive, rig
from tests.waiting import wait_until

pytestmark = [pytest.mark.flow, pytest.mark.timeout(120)]

HOUR, YEARS = 3600, 10 * 365 * 86_400


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    place = tmp_path_factory.mktemp("time")
    clock = place / "clock"
    clock.write_text("+0")
    faked = {
        "LD_PRELOAD": str(faketime()),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    with rig(place, ping="2s") as found:
        found.kill_host()
        found.host.within = ("env", *(f"{name}={value}" for name, value in faked.items()))
        found.start_host()
        yield found


def set_clock(broken: Rig, seconds: int) -> None:
    new = broken.witness.with_name("clock.new")
    new.write_text(f"{seconds:+d}")
    new.replace(broken.witness.with_name("clock"))


def test_a_wall_clock_that_jumps_changes_no_start_no_end_and_no_order(broken: Rig) -> None:
    for jump in (HOUR, -YEARS, YEARS, 0):
        broken.send("one_jump", pause="0.3")
        broken.send("one_jump")
        broken.await_start("one_jump", broken.sent["one_jump"] - 1)
        set_clock(broken, jump)
        broken.send("one_jump")
    broken.settle()
    verdict = broken.verdict()
    assert not verdict.problems, verdict.problems
    assert {one.outcome for one in broken.executions()} == {Outcome.SUCCEEDED}


@pytest.mark.soak
def test_an_agent_whose_clock_is_wrong_says_so_and_goes_on_when_it_is_right(broken: Rig) -> None:
    """Certificates are not valid ten years ago; what it has runs all the same."""
    broken.send("one_wrong", pause="0.5")
    broken.await_start("one_wrong", 0)
    set_clock(broken, -YEARS)
    alive(broken.host.agent).kill()
    broken.system.start_agent(broken.host)
    log = alive(broken.host.agent).log
    wait_until(lambda: "compare the clocks" in log.read_text(errors="replace"), what="a word about clocks")
    set_clock(broken, 0)
    broken.send("one_wrong")
    broken.settle()
    verdict = broken.verdict()
    assert not verdict.problems, verdict.problems
    assert not verdict.lost


def test_an_agent_that_stands_still_is_missed_and_goes_on(broken: Rig) -> None:
    agent = alive(broken.host.agent)
    broken.send("one_still", pause="0.3")
    broken.await_start("one_still", 0)
    agent.signal(signal.SIGSTOP)
    try:
        wait_until(lambda: not broken.is_connected(), what="the controller's notice")
        for _ in range(3):
            broken.send("one_still")
    finally:
        agent.signal(signal.SIGCONT)
    broken.settle()
    assert not broken.verdict().problems
    assert len(broken.lines("one_still")) == 8


@pytest.mark.soak
@pytest.mark.root
def test_a_host_that_was_suspended_beyond_the_limit_starts_nothing_until_it_hears_its_controller(broken: Rig) -> None:
    """The agent dies with work in hand, its host sleeps for a day and an hour, and when it is back the controller is not."""
    need("time namespaces", "unshare", "--time", "--boottime", "1", "--fork", "--", "true")
    broken.send("one_slept", pause="0.3")
    broken.send("one_slept")
    broken.await_start("one_slept", 0)
    alive(broken.host.agent).kill()
    alive(broken.system.controller).kill()
    usual = broken.host.within
    broken.host.within = ("unshare", "--time", "--boottime", str(25 * HOUR), "--fork", "--kill-child", "--")
    broken.system.start_agent(broken.host)
    log = alive(broken.host.agent).log
    try:
        wait_until(lambda: "offline_limit" in log.read_text(errors="replace"), what="a word about the limit")
        wait_until(lambda: len(broken.lines("one_slept")) == 2, what="the end of what ran")
        broken.system.start_controller()
        broken.settle()
    finally:
        alive(broken.host.agent).kill()
        broken.host.within = usual
        broken.system.start_agent(broken.host)
    said = log.read_text(errors="replace").index("offline_limit")
    assert log.read_text(errors="replace").index("session opened", said), "what waited started after the controller was heard"
    assert not broken.verdict().problems
    assert len(broken.lines("one_slept")) == 4
