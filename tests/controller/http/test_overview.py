"""The first screen's document: what it says, and that no part of it is longer or dearer when the history is long."""

from attune_controller.watched.recent import Recent
from attune_core.states import Reason
from attune_core.wire.overview import STEP, STEPS, OverviewView
from tests.cli.served import enrol
from tests.controller.clocks import StandingClock
from tests.controller.http.executions import plan
from tests.controller.http.house import House
from tests.controller.store.making import agent


async def test_it_says_what_waits_who_is_there_and_what_failed(house: House) -> None:
    await enrol(house, agent())
    await plan(house.store, "1", agents=("web1", "web1"))
    (rejected,) = await plan(house.store, "2", rejected=Reason.POLICY_DENIED)
    house.parts.tally.moved([rejected])
    async with house.client("read") as client:
        seen = OverviewView.model_validate_json((await client.get("/v1/overview")).content)
    assert (seen.unsettled, seen.running, seen.more_queues, seen.more_agents) == (2, 0, 0, 0)
    assert [(one.place, one.waiting) for one in seen.queues] == [("web1", 2)]
    assert [one.name for one in seen.agents] == ["web1"]
    assert [(one.number, one.reason, one.input) for one in seen.failures] == [(rejected.number, Reason.POLICY_DENIED, {})]
    assert sum(seen.outcomes["rejected"]) == 1
    assert len(seen.events) == STEPS
    assert "password" not in seen.sync.repository


def test_a_series_forgets_what_is_older_than_it_is_long() -> None:
    clock = StandingClock()
    recent = Recent(clock)
    for _ in range(30):
        recent.add()
    clock.time += 20
    assert sum(recent.series()) == 30
    assert recent.rate() == 30 / 20
    clock.time += STEP * STEPS
    assert sum(recent.series()) == 0
    assert recent.rate() == 0.0
