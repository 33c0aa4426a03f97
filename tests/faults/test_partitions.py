"""What a network can do between an agent and its controller: both notice, and then nothing is lost, doubled or out of order.

Rows 21-26 of the fault table. The agent's connections go through a proxy of this test; `ping` is short, so that three missed ones are.
"""

import json
import os
import random
import resource
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from attune_cli.local.program import Program
from tests.faults.proxy import DOWN, UP, Proxy, proxy
from tests.faults.rig import Rig, alive, rig
from tests.faults.scale import soak
from tests.waiting import wait_until

pytestmark = [pytest.mark.flow, pytest.mark.timeout(120)]

PING = 0.5


@dataclass
class Network:
    """A system and what is between its host and its controller."""

    broken: Rig
    between: Proxy

    def agent_says(self) -> bool:
        """Whether the agent believes that it is connected."""
        status = self.broken.host.state / "agent" / "status.json"
        return status.exists() and bool(json.loads(status.read_text())["connected"])

    def controller_says(self) -> bool:
        """Whether the controller believes that it is."""
        return self.broken.is_connected()

    def whole(self) -> bool:
        """Whether both believe it."""
        return self.agent_says() and self.controller_says()


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    with proxy() as between, rig(tmp_path_factory.mktemp("partitions"), ping=f"{PING * 1000:g}ms") as broken:
        record = broken.host.state / "agent" / "controller.json"
        joined = json.loads(record.read_text())
        between.target = int(joined["agent_url"].rpartition(":")[2].strip("/"))
        record.write_text(json.dumps(joined | {"agent_url": f"https://127.0.0.1:{between.port}"}))
        restart(broken)
        found = Network(broken, between)
        wait_until(found.whole, what="a session through the proxy")
        yield found
        verdict = broken.verdict()
        assert not verdict.problems, verdict.problems
        assert not verdict.lost, "no network loses an attempt"


def restart(broken: Rig) -> None:
    agent: Program = alive(broken.host.agent)
    agent.stop()
    broken.system.start_agent(broken.host)


def silence(network: Network) -> None:
    network.between.hold()


def silence_of_the_agent(network: Network) -> None:
    network.between.hold(frozenset({UP}))


def silence_of_the_controller(network: Network) -> None:
    network.between.hold(frozenset({DOWN}))


def oblivion(network: Network) -> None:
    """A firewall forgets the connections and drops what is sent on them; new ones would pass."""
    network.between.forget()


#: Nobody hears the other any more, and no connection says so.
SILENCES: tuple[Callable[[Network], None], ...] = (silence, silence_of_the_agent, silence_of_the_controller)


def steps(network: Network, lane: str) -> None:
    for _ in range(3):
        network.broken.send(lane)


@pytest.mark.parametrize("fault", SILENCES)
def test_both_sides_notice_a_silence_and_the_backlog_drains_afterwards(network: Network, fault: Callable[[Network], None]) -> None:
    lane = f"one_{fault.__name__}"
    break_silently(network, fault, lane)
    assert len(network.broken.lines(lane)) == 12


def break_silently(network: Network, fault: Callable[[Network], None], lane: str) -> None:
    network.broken.send(lane, pause="0.5")
    network.broken.await_start(lane, network.broken.sent[lane])
    fault(network)
    # Three missed pings, and what it takes to be looked at on a busy machine.
    wait_until(lambda: not network.agent_says(), timeout=3 * PING + 5, what="the agent's notice")
    wait_until(lambda: not network.controller_says(), timeout=3 * PING + 5, what="the controller's notice")
    for _ in range(5):
        network.broken.send(lane)
    network.between.heal()
    wait_until(network.whole, what="a session afterwards")
    network.broken.settle()


def test_forgotten_connections_are_not_used_again(network: Network) -> None:
    """Whoever goes on using them waits for answers that never come (kubernetes#87615)."""
    break_silently(network, oblivion, "one_oblivion")


def test_resets_cuts_and_wrong_bytes_cost_a_session_and_nothing_else(network: Network) -> None:
    for fault in (network.between.reset, network.between.cut, network.between.spoil):
        fault()
        steps(network, "three_rough")
        network.broken.settle()


def test_a_slow_network_is_only_slow(network: Network) -> None:
    network.between.delay, network.between.rate = 0.1, 1 << 20
    steps(network, "one_slow")
    network.broken.settle()
    network.between.heal()


def test_a_controller_that_has_no_descriptors_left_goes_on_when_it_has(network: Network) -> None:
    """Row 43; its sessions live meanwhile, and it accepts again by itself."""
    pid = alive(network.broken.system.controller).pid
    address = network.broken.system.profile.url.rpartition("//")[2].rstrip("/").split(":")
    usual = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    in_use = max(int(name) for name in os.listdir(f"/proc/{pid}/fd")) + 1  # noqa: PTH208 - names only
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (in_use, usual[1]))
    callers: list[socket.socket] = []
    try:
        callers += [socket.create_connection((address[0], int(address[1]))) for _ in range(20)]
        sender = threading.Thread(target=network.broken.send, args=("one_descriptors",))
        sender.start()
        log = alive(network.broken.system.controller).log
        wait_until(lambda: "Too many open files" in log.read_text(errors="replace"), what="a word about descriptors")
    finally:
        for caller in callers:
            caller.close()
        resource.prlimit(pid, resource.RLIMIT_NOFILE, usual)
    sender.join()
    network.broken.settle()
    assert len(network.broken.lines("one_descriptors")) == 2


@pytest.mark.soak
@pytest.mark.timeout(6 * 3600)
def test_nor_do_many_in_any_order(network: Network) -> None:
    chance = random.Random(20_261_128)
    for number in range(soak().partitions):
        break_silently(network, chance.choice((*SILENCES, oblivion)), f"one_soak{number}")
        for fault in chance.sample((network.between.reset, network.between.cut, network.between.spoil), 2):
            steps(network, f"three_soak{number}")
            fault()
        network.broken.settle()
