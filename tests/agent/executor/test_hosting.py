"""What the executor makes of a keeper's last words, of silence and of time; its channel is real, the keeper at its end is the test."""

import socket
import subprocess
from collections.abc import Iterator, Mapping
from math import inf
from pathlib import Path

import pytest

from attune_agent.executor.attempt import now
from attune_agent.executor.channel import Channel, ChannelClosed
from attune_agent.executor.commit import GroupCommit
from attune_agent.executor.confine import Identity
from attune_agent.executor.hosting import Hosting
from attune_agent.executor.journal import Journal
from attune_agent.executor.ledger import Held, Keeper, Ledger
from attune_agent.executor.slots import Phase, Slot
from attune_agent.executor.spools import Spools

ENDED: Mapping[str, object] = {
    "how": "exited",
    "exit_code": 3,
    "signal": None,
    "detail": "",
    "result_state": "missing",
    "stdout_bytes": 0,
    "stderr_bytes": 0,
    "started_at": 1.0,
    "ended_at": 2.0,
    "duration": 1.0,
}


class Hosted:
    """One slot that hosts an attempt, with a keeper whose words the test says."""

    def __init__(self, place: Path, *, guest: bool = False) -> None:
        ledger = Ledger()
        journal = Journal(place / "journal", ledger.restated)
        (place / "journal").mkdir()
        journal.begin_segment()
        self.commit = GroupCommit(journal, ledger)
        self.pushed: list[Mapping[str, object]] = []
        (place / "slot").mkdir()
        self.slot = Slot(1, Identity(None), place / "slot", guest=guest)
        self.hosting = Hosting([self.slot], self.commit, Spools(place), self.pushed.append)
        ours, theirs = socket.socketpair()
        self.keeper = Channel(theirs)
        #: Its process: a child, so that it can be killed and reaped.
        self.process = subprocess.Popen(["sleep", "100"])
        self.slot.channel, self.slot.keeper = Channel(ours), Keeper(self.process.pid, 0, None)
        self.slot.held = Held("x", 1, "attempt", 1, str(place / "logs"))
        self.slot.phase = Phase.READY
        ledger.started(self.slot.held)

    def die(self) -> None:
        """End the keeper, and have it reaped."""
        self.keeper.close()
        self.process.kill()
        self.process.wait()
        self.hosting.reaped(self.process.pid, now())

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for channel in (self.keeper, self.slot.channel):
            if channel is not None:
                channel.close()

    def told(self) -> list[Mapping[str, object]]:
        self.commit.commit(now())
        return self.pushed


@pytest.fixture
def hosted(tmp_path: Path) -> Iterator[Hosted]:
    it = Hosted(tmp_path)
    yield it
    it.close()


@pytest.fixture
def guest(tmp_path: Path) -> Iterator[Hosted]:
    it = Hosted(tmp_path, guest=True)
    it.slot.phase, it.slot.given = Phase.STARTING, True
    yield it
    it.close()


def hows(pushed: list[Mapping[str, object]]) -> list[object]:
    return [message["outcome"]["how"] for message in pushed if isinstance(message.get("outcome"), dict)]  # type: ignore[index]  # a message as it is told


def test_an_end_that_a_keeper_says_before_it_dies_is_heard_after_its_death(hosted: Hosted) -> None:
    hosted.keeper.send("ended", ENDED)
    hosted.keeper.send("clean")
    hosted.die()
    assert hows(hosted.told()) == ["exited"]


def test_an_end_that_was_said_is_heard_although_the_keeper_can_be_told_nothing_any_more(hosted: Hosted) -> None:
    hosted.keeper.send("ended", ENDED)
    hosted.keeper.send("clean")
    hosted.keeper.close()
    hosted.hosting.stop(hosted.slot, 0.0, now())
    hosted.hosting.exchange(hosted.slot)
    assert hows(hosted.told()) == ["exited"]


def test_one_whose_keeper_was_ready_and_died_may_have_begun(guest: Hosted) -> None:
    guest.keeper.send("ready")
    guest.die()
    assert guest.told() == []
    assert guest.slot.held is not None
    assert guest.slot.due <= now(), "another keeper finds nothing of it left, and then it is lost"


def test_one_whose_keeper_was_never_ready_was_not_started(guest: Hosted) -> None:
    guest.die()
    assert hows(guest.told()) == ["not_started"]
    assert guest.slot.free


def test_a_keeper_that_died_after_a_long_time_is_not_at_once_one_whose_attempt_cannot_be_killed(hosted: Hosted) -> None:
    hosted.slot.lost_at = now() - 3600
    hosted.keeper.close()
    hosted.hosting.exchange(hosted.slot)
    hosted.hosting.tend(now() + 9)
    assert hosted.told() == []
    hosted.hosting.tend(now() + 11)
    assert [message["condition"] for message in hosted.told()] == ["kill_failed"]


def test_that_it_cannot_be_killed_is_told_although_one_keeper_after_the_other_fails(hosted: Hosted) -> None:
    begun = now()
    hosted.die()
    for failures in range(1, 13):
        with subprocess.Popen(["true"]) as process:
            process.wait()
        hosted.slot.keeper, hosted.slot.phase, hosted.slot.worked = Keeper(process.pid, 0, None), Phase.STARTING, False
        hosted.hosting.reaped(process.pid, begun + failures)
    hosted.hosting.tend(begun + 12)
    assert [message["condition"] for message in hosted.told()] == ["kill_failed"]


def test_a_start_that_waits_for_its_word_is_none_that_cannot_be_killed(guest: Hosted) -> None:
    guest.slot.phase, guest.slot.due, guest.slot.keeper = Phase.ABSENT, inf, None
    guest.hosting.tend(now() + 60)
    assert guest.told() == []
    assert guest.hosting.wake_at() == inf


def test_a_stop_of_one_without_a_keeper_leaves_nothing_due_that_nobody_does(hosted: Hosted) -> None:
    hosted.keeper.close()
    hosted.hosting.exchange(hosted.slot)
    assert hosted.slot.phase is Phase.DYING
    hosted.hosting.stop(hosted.slot, 0.0, now())
    assert hosted.slot.due == inf


def test_a_new_keeper_that_never_reads_its_attempt_is_given_up(guest: Hosted) -> None:
    guest.slot.due = now()
    guest.hosting.tend(now())
    assert guest.slot.phase is Phase.DYING
    assert guest.process.wait(10) < 0


def test_what_another_attempt_prepares_is_safe_from_the_drop_of_one_whose_keeper_died(hosted: Hosted) -> None:
    hosted.slot.phase = Phase.STARTING  # another keeper than the one that had prepared it
    hosted.hosting.drop(hosted.slot)
    assert not hosted.slot.dropping
    hosted.hosting.exchange(hosted.slot)
    assert hosted.keeper.receive() == []


@pytest.mark.parametrize("more", [0, 1])
def test_what_was_sent_before_a_channel_was_closed_is_received_however_long_it_is(more: int) -> None:
    ours, theirs = (Channel(end) for end in socket.socketpair())
    header = 21
    theirs.send("ended", blob=bytes((64 << 10) - header + more))
    theirs.close()
    (packet,) = ours.receive()
    assert (packet.kind, len(packet.blob)) == ("ended", (64 << 10) - header + more)
    with pytest.raises(ChannelClosed):
        ours.receive()
    ours.close()
