"""Everything that can become an event, at once, on real programs that are killed meanwhile, in the night in which clocks are set back.

Afterwards each source has as many events in what was sent, in the controller's log and in what the actions wrote: the same ones, in order.
"""

from pathlib import Path

import pytest

from attune_core.wire.api import StatusView
from tests.flow.every_kind.accounts import Log, counts, in_order, read_log, written
from tests.flow.every_kind.night import Night, night
from tests.flow.every_kind.repository import DUE, ENDS, JOINED, SEEN, sensors
from tests.flow.every_kind.senders import REQUESTS, Senders
from tests.waiting import wait_until

pytestmark = [pytest.mark.flow, pytest.mark.root]
SENSORS = "attune:sensors/one/eyes."
TIMERS = "attune:timers/clock."


@pytest.mark.parametrize(
    "scale", [pytest.param(1, marks=pytest.mark.timeout(600)), pytest.param(10, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])]
)
def test_what_was_sent_is_what_the_log_has_and_what_actions_were_run_for(tmp_path: Path, scale: int) -> None:
    stretch = 15.0 * scale
    with night(tmp_path, begin="2026-10-24T22:00:00Z", scale=scale, stretch=stretch) as running:
        senders = Senders(running.system.profile, scale, stretch)
        with senders.sending():
            go_through_the_night(running, scale)
        sent = counts(senders.sent) | expected(scale)
        log = settle(running, sent)
        account, witness = log.account(), written(running.lines())
    assert sum(sent.values()) >= 5000 * scale
    assert counts(account) == sent
    assert counts(witness) == sent
    assert in_order(witness) == in_order(account)
    assert {source: account[source] for source in senders.sent} == senders.sent
    assert {name: account[TIMERS + name] for name in DUE} == DUE
    for name, count in sensors().items():
        assert log.numbers(SENSORS + name) == [*range(1, count * scale + 1)]
    assert not [event for event in log.events if event.dead_reason]


def go_through_the_night(running: Night, scale: int) -> None:
    """Set the clock from one end of it to the other, and let programs crash while everybody sends."""
    running.await_seen("shell", 20 * scale)
    running.kill(controller=True)
    running.set_clock("2026-10-25T00:29:58Z")
    running.await_line(f"{TIMERS}daily {DUE['daily'][0]}")
    running.kill(agent=True)
    running.set_clock("2026-10-25T00:59:57Z")  # Berlin's clocks go from 03:00 back to 02:00
    running.await_line(f"{TIMERS}half 2026-10-25T01:00:00Z")
    running.kill(controller=True, agent=True)
    running.set_clock("2026-10-25T02:00:03Z")
    running.await_line(f"{TIMERS}second {DUE['second'][-1]}")
    for part in range(1, scale):
        running.await_seen("python", SEEN["python"] * part)
        running.kill(controller=True, agent=True)


def expected(scale: int) -> dict[str, int]:
    """Return what nobody outside has sent."""
    seen = {SENSORS + name: count * scale for name, count in sensors().items()}
    return seen | {TIMERS + name: len(due) for name, due in DUE.items()} | {ENDS: REQUESTS["github"] * scale, JOINED: 1}


def settle(running: Night, sent: dict[str, int]) -> Log:
    """Wait until all was written that should be, and nothing runs any more; return the log."""

    def over() -> bool:
        status = client.get("/v1/status", StatusView)
        return status.events_waiting == 0 and status.executions_unsettled == 0

    with running.system.client() as client:
        wait_until(lambda: len(running.lines()) >= sum(sent.values()), timeout=300, what=f"as many lines as {sent}")
        wait_until(over, timeout=60, what="the end of everything")
        return read_log(client)
