"""/v1/agents/NAME/…: cordon, pause and drain by operators, repeatable, and told of by events that stay."""

import asyncio
from itertools import pairwise

import httpx2
import pytest

from attune_controller.store.records.credentials import JoinToken
from attune_core.marks import Mark, MarkKind
from attune_core.ports import rfc3339
from attune_core.states import State
from attune_core.wire.agent_frames import QueueStatus, Status
from attune_core.wire.api import AgentView, ExecutionView, Failure
from attune_core.wire.assignment import QueueName
from tests.controller.http.executions import plan
from tests.controller.http.house import House
from tests.controller.store.making import agent, found, held, move


@pytest.fixture
async def fleet(house: House) -> House:
    """Two enrolled agents; the first is connected."""
    for name in ("web1", "web2"):
        await house.store.add_join_token(JoinToken(token_hash=name, name=name, labels={}, expires_at=house.clock.time + 9))
        await house.store.enrol(agent(name), name, house.clock.time)
        house.fleet.enrolled([agent(name)])
    house.fleet.joined("web1")
    return house


async def ask(client: httpx2.AsyncClient, what: str, note: str | None = None, name: str = "web1") -> AgentView:
    answer = await client.post(f"/v1/agents/{name}/{what}", json={} if note is None else {"note": note})
    assert answer.status_code == 200, answer.text
    return AgentView.model_validate_json(answer.content)


async def test_a_mark_says_what_why_who_and_since_when_and_asking_again_changes_nothing(fleet: House) -> None:
    async with fleet.client("operate") as client:
        first = await ask(client, "pause", "disk swap")
        [mark] = first.marks
        assert (mark.kind, mark.note, mark.since) == ("paused", "disk swap", rfc3339(fleet.clock.time))
        fleet.clock.time += 60
        assert await ask(client, "pause", "disk swap") == first
        [renamed] = (await ask(client, "pause", "longer than I thought")).marks
        assert (renamed.note, renamed.since) == ("longer than I thought", mark.since), "it is paused since then"
        assert (await ask(client, "resume")).marks == []
        assert (await ask(client, "resume")).marks == []
    events = list(reversed((await fleet.store.events(before=None, limit=10)).events))
    assert [(one.new.type, one.new.subject) for one in events] == [
        ("core.agent_paused", "web1"),
        ("core.agent_paused", "web1"),
        ("core.agent_resumed", "web1"),
    ]
    assert events[0].new.data == {"agent": "web1", "by": mark.by, "note": "disk swap"}


async def test_the_marks_of_an_agent_are_independent_and_uncordon_ends_cordon_and_drain(fleet: House) -> None:
    async with fleet.client("operate") as client:
        await ask(client, "cordon", "old kernel")
        await ask(client, "pause", "disk swap")
        assert [mark.kind for mark in (await ask(client, "drain")).marks] == ["cordoned", "draining", "paused"]
        assert fleet.fleet.candidates()[0].cordoned
        assert [mark.kind for mark in (await ask(client, "uncordon")).marks] == ["paused"]
        assert not fleet.fleet.candidates()[0].cordoned
        assert [one.new.type for one in (await fleet.store.events(before=None, limit=1)).events] == ["core.agent_uncordoned"]


async def test_a_drain_is_over_when_nothing_is_in_hand_whatever_waits_here(fleet: House) -> None:
    await plan(fleet.store, "1", agents=("web1",))
    await fleet.store.take_handovers("web1", window=64, window_bytes=1 << 20, limit=1)
    await plan(fleet.store, "2", agents=("web1",))
    fleet.fleet.said("web1", Status(slots=4, busy=0, draining=True, in_hand=0))
    async with fleet.client("operate") as client:
        before = await ask(client, "drain", "goes away")
        assert ([mark.kind for mark in before.marks], before.in_hand, before.waiting) == (["draining"], 1, 1)
        execution = ExecutionView.model_validate_json((await client.get("/v1/executions/2")).content)
        assert execution.waiting_for.startswith("draining: goes away by t")
        first = await found(fleet.store, "1")
        await fleet.store.acknowledge([held(1, first.queue)])
        await fleet.store.record_moves([move(first.new.id, State.STARTED), move(first.new.id, State.SETTLED)])
        after = AgentView.model_validate_json((await client.get("/v1/agents/web1")).content)
        assert ([mark.kind for mark in after.marks], after.in_hand, after.waiting) == (["drained"], 0, 1)
        for status, kind in ((Status(slots=4, busy=1, draining=True, in_hand=1), "draining"), (Status(slots=4, busy=0), "draining")):
            fleet.fleet.said("web1", status)
            assert [mark.kind for mark in (await ask(client, "drain")).marks] == [kind], "the agent has the last word while it is there"
        fleet.fleet.left("web1")
        assert [mark.kind for mark in (await ask(client, "drain")).marks] == ["drained"]


async def test_a_pause_holds_when_the_connected_agent_says_so(fleet: House) -> None:
    async with fleet.client("operate") as client:
        assert [mark.applied for mark in (await ask(client, "pause", "x")).marks] == [False]
        fleet.fleet.said("web1", Status(slots=4, busy=0, paused=True))
        assert [mark.applied for mark in (await ask(client, "pause", "x")).marks] == [True]
        fleet.fleet.left("web1")
        assert [mark.applied for mark in (await ask(client, "pause", "x")).marks] == [False]


async def test_an_execution_says_why_it_waits(fleet: House) -> None:
    await plan(fleet.store, "1", agents=("web1",))
    execution = await found(fleet.store, "1")
    queue = QueueName(place="web1", action=execution.new.action, key=execution.new.key)
    said = Status(slots=4, busy=4, queues=(QueueStatus(queue=queue, depth=1, waiting_for="a free slot (4 of 4 busy)"),))
    fleet.fleet.said("web1", said)
    reasons = []
    async with fleet.client("operate") as client:

        async def look() -> None:
            reasons.append(ExecutionView.model_validate_json((await client.get("/v1/executions/1")).content).waiting_for)

        await look()
        [mark] = (await ask(client, "pause", "disk swap")).marks
        await look()
        fleet.fleet.said("web1", said.model_copy(update={"host_pause": "ask ops"}))
        await look()
        await ask(client, "resume")
        fleet.fleet.left("web1")
        await look()
    since = f"{mark.since.partition('.')[0]}Z"
    assert reasons == ["a free slot (4 of 4 busy)", f"paused: disk swap by {mark.by} since {since}", "paused by the host: ask ops", ""]


async def test_an_unknown_agent_is_named_with_the_one_that_was_meant(fleet: House) -> None:
    async with fleet.client("operate") as client:
        for method, path in (("GET", "/v1/agents/web"), ("POST", "/v1/agents/web/cordon"), ("POST", "/v1/agents/web/resume")):
            answer = await client.request(method, path, json={} if method == "POST" else None)
            failure = Failure.model_validate_json(answer.content)
            assert (answer.status_code, failure.code) == (404, "ATT617")
            assert "did you mean 'web1'?" in failure.detail or "did you mean 'web2'?" in failure.detail


@pytest.mark.parametrize(
    ("what", "body", "status"),
    [
        ("pause", {}, 400),
        ("pause", {"note": ""}, 400),
        ("pause", {"note": "x" * 501}, 400),
        ("pause", {"note": "ü" * 500}, 200),
        ("cordon", {"note": "x" * 501}, 400),
        ("drain", {"why": "x"}, 400),
        ("cordon", {}, 200),
    ],
)
async def test_a_note_is_bounded_and_a_pause_needs_one(fleet: House, what: str, body: dict[str, str], status: int) -> None:
    async with fleet.client("operate") as client:
        assert (await client.post(f"/v1/agents/web1/{what}", json=body)).status_code == status


async def test_marks_are_there_again_after_a_restart(fleet: House) -> None:
    async with fleet.client("operate") as client:
        await ask(client, "pause", "disk swap")
        await ask(client, "drain")
    again = House(fleet.folder, fleet.store)
    again.fleet.enrolled(await again.store.agents())
    await again.marking.restore()
    known = again.fleet.agent("web1")
    assert known is not None
    assert set(known.marks) == {MarkKind.PAUSED, MarkKind.DRAINING}
    assert isinstance(known.marks[MarkKind.PAUSED], Mark)


async def test_two_operators_at_once_lose_no_mark(fleet: House) -> None:
    async with fleet.client("operate") as client:
        await asyncio.gather(*(ask(client, what, "x") for what in ("cordon", "pause", "drain")))
        assert len((await ask(client, "cordon")).marks) == 3
    positions = [one.position for one in (await fleet.store.events(before=None, limit=10)).events]
    assert all(one > other for one, other in pairwise(positions))
    assert len(positions) == 3
