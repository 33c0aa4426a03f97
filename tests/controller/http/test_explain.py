"""/v1/explain over HTTP: the facts that a controller gathers, of its store, its fleet, its catalogs and its mirror."""

import asyncio
import json
from pathlib import Path

import pytest

from attune_cli.asking import ask_for_any
from attune_cli.client import Client
from attune_cli.errors import SeveralMeant
from attune_cli.profiles import Profile
from attune_controller.http.app import build_public_app
from attune_controller.store.records.agents import Held
from attune_controller.store.records.credentials import JoinToken
from attune_controller.store.records.executions import Move
from attune_controller.store.records.plans import PlannedEvent
from attune_core.states import State
from attune_core.wire.agent_frames import QueueStatus, Status, UnderWay
from attune_core.wire.assignment import QueueName
from attune_core.wire.explanations import AgentExplanation, Cause, EventExplanation, ExecutionExplanation
from tests.controller.http.commanding import commanding
from tests.controller.http.executions import accept, plan
from tests.controller.http.house import House
from tests.controller.http.serving import listening, port_of
from tests.controller.store.making import agent

QUEUE = QueueName(place="web-1", action="web.restart", key="null")


async def enrol(house: House, name: str = "web-1", role: str = "web") -> None:
    known = agent(name, labels={"role": role})
    await house.store.add_join_token(JoinToken(token_hash=name, name=name, labels={}, expires_at=house.clock.time + 60))
    await house.store.enrol(known, name, house.clock.time)
    house.fleet.enrolled([known])


async def explained(house: House, kind: str, name: str) -> bytes:
    async with house.client("read") as client:
        answer = await client.get(f"/v1/explain/{kind}/{name}")
    assert answer.status_code == 200, answer.text
    return answer.content


async def test_an_event_that_matched_nothing_names_the_clause_and_its_values(house: House) -> None:
    position = (await accept(house.store, "one", data={"unit": "db_a"})).position
    await house.store.record_plans([PlannedEvent(position=position, revision="a" * 40)])
    found = EventExplanation.model_validate_json(await explained(house, "event", str(position)))
    assert found.answer.cause is Cause.NO_MATCH
    assert "event.data.unit.startsWith('web_') (event.data.unit is \"db_a\")" in found.answer.text
    assert [(one.rule, one.cause) for one in found.facts.rules] == [("web.restart_on_alert", Cause.NO_MATCH)]
    by_id = EventExplanation.model_validate_json(await explained(house, "event", "one"))
    assert by_id.facts.event.position == position


async def test_a_revision_that_cannot_be_read_any_more_is_said(house: House) -> None:
    position = (await accept(house.store, "one", data={"unit": "db_a"})).position
    await house.store.record_plans([PlannedEvent(position=position, revision="b" * 40)])
    found = EventExplanation.model_validate_json(await explained(house, "event", str(position)))
    assert (found.facts.event.revision, found.facts.asked_revision) == ("b" * 40, "a" * 40)
    assert [one.cause for one in found.also] == [Cause.OLDER_REVISION]
    assert "cannot be read here any more" in found.also[0].text


async def test_an_event_before_the_first_revision_waits_for_it(house: House) -> None:
    position = (await accept(house.store, "one")).position
    found = EventExplanation.model_validate_json(await explained(house, "event", str(position)))
    assert found.answer.cause is Cause.NOT_PLANNED


async def test_an_execution_of_an_agent_that_was_never_here_waits_for_it(house: House) -> None:
    await enrol(house)
    [execution] = await plan(house.store, "one")
    found = ExecutionExplanation.model_validate_json(await explained(house, "execution", str(execution.number)))
    assert found.answer.cause is Cause.AGENT_AWAY
    assert "has not been handed over" in found.answer.text
    rule = found.facts.rule
    assert rule is not None
    assert (rule.path, rule.standing) == ("packs/web/rules/restart_on_alert.yaml", "live")
    assert rule.change is not None
    assert (rule.change.author, rule.change.commit) == ("Ann", "a" * 40)


async def test_an_absence_is_counted_from_the_last_word_and_not_from_the_last_minute(house: House) -> None:
    await enrol(house)
    house.fleet.joined("web-1")
    house.fleet.left("web-1", house.clock.time - 7)
    found = AgentExplanation.model_validate_json(await explained(house, "agent", "web-1"))
    assert found.answer.text.startswith("web-1 has been away for 7s:")


async def test_what_stands_before_an_execution_is_named_with_its_agents_word(house: House) -> None:
    await enrol(house)
    [first], [second] = await plan(house.store, "one"), await plan(house.store, "two")
    await house.store.take_handovers("web-1", window=64, window_bytes=1 << 20, limit=64)
    await house.store.acknowledge([Held(queue=second.queue, epoch=0, last=2)])
    await house.store.record_moves([Move(execution=first.new.id, attempt=1, state=State.STARTED, at=5.0)])
    house.fleet.joined("web-1")
    told = QueueStatus(
        queue=QUEUE, depth=2, waiting_for="limit", head=second.new.id, under_way=(UnderWay(execution=first.new.id, since=6.5),)
    )
    house.fleet.said("web-1", Status(slots=4, busy=1, queues=(told,)))
    found = ExecutionExplanation.model_validate_json(await explained(house, "execution", second.new.id))
    assert found.answer.cause is Cause.SLOT_TAKEN
    queue = found.facts.queue
    assert queue is not None
    assert [(one.number, one.state, one.since) for one in queue.before] == [(first.number, State.STARTED, "1970-01-01T00:00:06.500000Z")]
    assert found.facts.handed
    mine = ExecutionExplanation.model_validate_json(await explained(house, "execution", first.new.id))
    assert mine.answer.cause is Cause.RUNNING


async def test_an_execution_without_an_agent_names_who_lacks_which_label(house: House) -> None:
    await enrol(house, "db-1", role="db")
    [execution] = await plan(house.store, "one", agents=("",))
    found = ExecutionExplanation.model_validate_json(await explained(house, "execution", str(execution.number)))
    assert found.answer.cause is Cause.NO_AGENT
    assert "db-1 has role=db" in found.answer.text


async def test_an_agent_says_which_rules_fit_it(house: House) -> None:
    await enrol(house)
    found = AgentExplanation.model_validate_json(await explained(house, "agent", "web-1"))
    assert found.answer.cause is Cause.AGENT_AWAY
    assert [(one.rule, one.fits) for one in found.facts.rules] == [("web.restart_on_alert", "depends")]
    await enrol(house, "db-1", role="db")
    house.fleet.joined("db-1")
    found = AgentExplanation.model_validate_json(await explained(house, "agent", "db-1"))
    assert found.answer.cause is Cause.NO_RULE_MATCHES
    assert "web.restart_on_alert wants role=web, and db-1 has role=db" in found.answer.text


async def test_a_word_is_recognised_and_a_name_of_several_is_said(house: House) -> None:
    await enrol(house)
    await accept(house.store, "delivery/7")
    await plan(house.store, "two")
    _, token = await house.tokens.create("reader", ("read",))
    async with listening(build_public_app(house.parts)) as listener:

        def meant(word: str) -> str | None:
            with Client(Profile(url=f"http://127.0.0.1:{port_of(listener)}", authority="", token=token)) as client:
                found = ask_for_any(client, word)
            return None if found is None else found.answer.text

        for word, first in (("delivery/7", "Event 1 is stored"), ("web-1", "web-1 was never here"), ("2", "Event 2 ")):
            assert (await asyncio.to_thread(meant, word) or "").startswith(first), word
        for word in ("nothing like it", "nobody", "..", "9" * 30, "\x1b[31m"):
            assert await asyncio.to_thread(meant, word) is None, word
        with pytest.raises(SeveralMeant) as several:
            await asyncio.to_thread(meant, "1")
        assert "attune explain execution 1   (web.restart on web-1, queued)" in several.value.hint
        assert "attune explain event 1   (web.alert, accepted)" in several.value.hint


async def test_the_command_line_shows_it_and_points_to_it(house: House, tmp_path: Path) -> None:
    await enrol(house)
    await accept(house.store, "one")
    await plan(house.store, "two")
    async with commanding(house, tmp_path) as here:
        assert (await here.run("explain", "1")).returncode == 2
        assert (await here.run("explain", "203")).stdout.startswith("ATT203")
        shown = json.loads((await here.run("explain", "execution", "1", "--json")).stdout)
        assert ExecutionExplanation.model_validate(shown).answer.cause is Cause.AGENT_AWAY
        assert "attune explain execution 1" in (await here.run("execution", "show", "1")).stdout
        assert "none; see why: attune explain event 1" in (await here.run("event", "show", "1")).stdout


async def test_a_cloned_agent_is_said_to_be_locked(house: House) -> None:
    await enrol(house)
    [execution] = await plan(house.store, "one")
    house.locked.add("web-1")
    of_agent = AgentExplanation.model_validate_json(await explained(house, "agent", "web-1"))
    of_execution = ExecutionExplanation.model_validate_json(await explained(house, "execution", str(execution.number)))
    assert (of_agent.answer.cause, of_execution.answer.cause) == (Cause.AGENT_LOCKED, Cause.AGENT_LOCKED)


async def test_what_is_not_there_is_said_with_its_code(house: House) -> None:
    async with house.client("read") as client:
        for path, code in (("event/99", "ATT610"), ("execution/99", "ATT611"), ("agent/nobody", "ATT617")):
            answer = await client.get(f"/v1/explain/{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, code)
