"""When a sensor is started and ended, step by step on a clock that stands still: cases as data."""

from dataclasses import dataclass, field
from math import inf

import pytest

from attune_agent.sensors.supervision import FAILOVER_MARGIN, LONGEST_PAUSE, WELL_AFTER, Start, Step, Stop, Supervision, Wait, lease
from attune_core.values import JsonValue
from attune_core.wire.sensors import SensorAssignment


def assigned(**keys: JsonValue) -> SensorAssignment:
    document: dict[str, JsonValue] = {"sensor": "web.disk", "pack": "web", "digest": "0" * 64, "revision": "r", "mode": "stream"}
    return SensorAssignment.model_validate({**document, "fingerprint": "a" * 64, **keys})


POLL = assigned(mode="poll", every=300.0)
CHANGED = assigned(fingerprint="b" * 64)


@dataclass
class Play:
    """One sensor and the time."""

    assignment: SensorAssignment = field(default_factory=assigned)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.it = Supervision(self.assignment, self.now)

    def step(self, *, closed: str = "", full: bool = False) -> Step:
        return self.it.step(self.now, closed=closed, full=full)

    def start(self) -> None:
        assert self.step() == Start()
        self.it.starting(self.now)
        self.it.running(self.now)

    def end(self, error: str = "it ended with exit code 1", *, after: float = 0.0, jitter: float = 1.0) -> None:
        self.now += after
        self.it.ended(self.now, error, jitter=jitter)

    def stop(self, *, closed: str = "") -> str:
        """Carry out a stop, and return why."""
        step = self.step(closed=closed)
        assert isinstance(step, Stop)
        self.it.stopping(step.why)
        assert self.step() == Wait(inf)
        self.end("its process is gone: cancelled")
        return step.why

    def wait(self) -> float:
        """Let the time pass that is to be waited, and return it."""
        step = self.step()
        assert isinstance(step, Wait)
        waited = step.until - self.now
        self.now = step.until
        return waited


def test_the_pauses_double_to_a_minute_and_go_on_for_ever() -> None:
    play = Play()
    pauses = []
    for _ in range(1000):
        play.start()
        play.end()
        pauses.append(play.wait())
    assert pauses[:8] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert set(pauses[6:]) == {LONGEST_PAUSE}
    assert (play.it.restarts, play.it.errors) == (999, 1000)


@pytest.mark.parametrize(("jitter", "pause"), [(0.0, 0.5), (0.5, 0.75), (1.0, 1.0)])
def test_a_pause_is_between_half_of_it_and_all(jitter: float, pause: float) -> None:
    play = Play()
    play.start()
    play.end(jitter=jitter)
    assert play.wait() == pause


def test_one_that_ran_for_a_minute_begins_anew() -> None:
    play = Play()
    for _ in range(5):
        play.start()
        play.end()
        play.wait()
    play.start()
    play.end(after=WELL_AFTER)
    assert play.wait() == 1.0


def test_a_failed_start_is_tried_again_like_an_end() -> None:
    play = Play()
    for pause in (1.0, 2.0, 4.0):
        assert play.step() == Start()
        play.it.starting(play.now)
        play.it.not_started(play.now, "no secret", jitter=1.0)
        assert (play.it.state(full=False), play.it.last_error) == ("backing_off", "no secret")
        assert play.wait() == pause


def test_silence_ends_it_and_a_line_puts_that_off() -> None:
    play = Play(assigned(silence=30.0))
    play.start()
    assert play.wait() == 30.0
    play.now -= 1
    play.it.heard(play.now)
    assert play.wait() == 30.0
    assert play.stop() == "it printed no line for 30 s"
    assert play.it.last_error == "it printed no line for 30 s"
    assert play.wait() == 1.0


def test_who_waits_for_room_may_be_silent() -> None:
    play = Play(assigned(silence=30.0))
    play.start()
    play.now = 100.0
    assert play.step(full=True) == Wait(130.0)
    assert play.it.state(full=True) == "blocked"
    assert play.step() == Wait(130.0)


def test_none_is_started_into_a_full_spool() -> None:
    assert Play().step(full=True) == Wait(inf)


def test_another_fingerprint_ends_it_and_starts_it_at_once() -> None:
    play = Play()
    play.start()
    play.it.reassign(CHANGED, play.now)
    assert play.stop() == "it has changed"
    assert play.step() == Start()
    assert (play.it.errors, play.it.last_error) == (0, "")


def test_the_same_fingerprint_leaves_it_alone_whatever_else_is_another() -> None:
    play = Play()
    play.start()
    play.it.reassign(assigned(revision="r2", silence=10.0), play.now)
    assert play.step() == Wait(10.0)


def test_a_change_ends_a_pause() -> None:
    play = Play()
    for _ in range(8):
        play.start()
        play.end()
        play.wait()
    play.start()
    play.end()
    play.it.reassign(CHANGED, play.now)
    assert play.step() == Start()


def test_what_is_no_longer_assigned_is_ended_and_not_started_again() -> None:
    play = Play()
    play.start()
    play.it.reassign(None, play.now)
    assert play.stop() == "it is no longer assigned"
    assert (play.step(), play.it.idle) == (Wait(inf), True)
    play.it.reassign(assigned(), play.now)
    assert play.step() == Start()


def test_one_taken_up_again_is_not_started_a_second_time() -> None:
    play = Play()
    play.it.running(play.now, "a" * 64)
    assert play.step() == Wait(inf)
    play.it.reassign(CHANGED, play.now)
    assert play.stop() == "it has changed"


def test_without_contact_it_is_ended_and_started_again_with_it() -> None:
    play = Play()
    play.start()
    assert play.stop(closed="not heard") == "it may not run here now"
    assert play.step(closed="not heard") == Wait(inf)
    assert play.step() == Start()
    assert play.it.errors == 0


def test_a_refused_one_is_ended_and_says_so() -> None:
    play = Play()
    play.start()
    play.it.refusal = "no"
    assert play.it.state(full=False) == "refused"
    play.stop()
    assert play.step() == Wait(inf)


def test_polls_begin_at_their_distance_however_long_they_take() -> None:
    play = Play(POLL)
    starts = []
    for taken in (10.0, 299.0, 0.0):
        play.start()
        starts.append(play.now)
        play.end("", after=taken)
        play.wait()
    assert starts == [0.0, 300.0, 600.0]
    assert (play.it.errors, play.it.restarts, play.it.state(full=False)) == (0, 0, "polling")


def test_a_poll_that_takes_longer_than_its_distance_is_followed_at_once_and_none_is_made_up_for() -> None:
    play = Play(POLL)
    play.start()
    play.end("", after=1000.0)
    assert play.step() == Start()
    play.start()
    play.end("", after=1.0)
    assert play.wait() == 299.0


def test_a_failed_poll_waits_for_its_turn_and_at_least_for_the_pause() -> None:
    play = Play(assigned(mode="poll", every=2.0))
    waits = []
    for _ in range(4):
        play.start()
        play.end("it ended with exit code 1")
        waits.append(play.wait())
    assert waits == [2.0, 2.0, 4.0, 8.0]
    play.start()
    play.end("")
    assert play.it.state(full=False) == "polling"


@pytest.mark.parametrize(
    ("failover", "silent", "left"), [(None, 9999.0, None), (300.0, 0.0, 300 - FAILOVER_MARGIN), (300.0, 200.0, 55.0), (300.0, 299.0, 0.0)]
)
def test_a_lease_ends_before_another_agent_may_begin(failover: float | None, silent: float, left: float | None) -> None:
    assert lease(assigned(failover=failover), silent) == left
