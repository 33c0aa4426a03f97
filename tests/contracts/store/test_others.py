"""Agents, tokens and the status of reconcile."""

import asyncio
from dataclasses import replace

import pytest

from attune_controller.store.errors import AgentUnknown, JoinTokenRefused, TokenExists
from attune_controller.store.port import Store
from attune_controller.store.records.agents import Load
from attune_controller.store.records.credentials import ApiToken, JoinToken
from attune_controller.store.records.standing import Sync
from attune_core.marks import Mark, MarkKind
from attune_core.states import State
from tests.controller.store.making import agent, event, held, move, plan_some, take

PERMISSION = JoinToken(token_hash="h1", name="web1", labels={"role": "web"}, expires_at=1000.0)
KEY = ApiToken(token_hash="a1", name="ci", scopes=frozenset({"read", "events:send"}), created_at=5.0)


async def test_an_agent_is_enrolled_by_a_token_that_is_then_spent(store: Store) -> None:
    await store.add_join_token(PERMISSION)
    assert await store.join_token("h1") == PERMISSION
    await store.enrol(agent(), "h1", 500.0)
    assert await store.agent("web1") == agent()
    assert await store.agents() == [agent()]
    assert await store.join_token("h1") == replace(PERMISSION, used_at=500.0)
    assert (await store.counts()).agents_enrolled == 1


async def test_a_join_token_serves_once_in_time_and_for_its_name_only(store: Store) -> None:
    await store.add_join_token(PERMISSION)
    for name, token, now in (("web2", "h1", 500.0), ("web1", "h2", 500.0), ("web1", "h1", 1000.0), ("web1", "h1", 1e9)):
        with pytest.raises(JoinTokenRefused):
            await store.enrol(agent(name), token, now)
    assert await store.agents() == []
    await store.enrol(agent(), "h1", 500.0)
    with pytest.raises(JoinTokenRefused):
        await store.enrol(replace(agent(), fingerprint="0" * 64), "h1", 501.0)
    assert await store.agent("web1") == agent()
    with pytest.raises(TokenExists):
        await store.add_join_token(PERMISSION)
    assert await store.join_token("h2") is None


async def test_two_hosts_with_one_token_at_once_enrol_one(store: Store) -> None:
    await store.add_join_token(PERMISSION)
    results = await asyncio.gather(
        *(store.enrol(replace(agent(), fingerprint=mark * 64), "h1", 500.0) for mark in "ab"), return_exceptions=True
    )
    assert [type(result) for result in results].count(JoinTokenRefused) == 1
    assert len(await store.agents()) == 1


async def test_joining_again_with_a_new_token_replaces_the_agent(store: Store) -> None:
    await store.add_join_token(PERMISSION)
    await store.add_join_token(replace(PERMISSION, token_hash="h2"))
    await store.enrol(agent(), "h1", 500.0)
    await store.greet(replace(agent(), instance="i1", slots=4))
    again = replace(agent(), fingerprint="0" * 64, labels={"role": "db"})
    await store.enrol(again, "h2", 600.0)
    assert await store.agents() == [replace(again, instance="i1")], "until it says hello it may be the one that was"


MARKS = {
    MarkKind.PAUSED: Mark(note="Plattenwechsel\n\x1b[31m", by="ops", since=700.5),
    MarkKind.DRAINING: Mark(by="ops", since=701.0),
}


async def test_what_is_said_of_an_agent_is_replaced_whole_and_told_as_an_event(store: Store) -> None:
    await store.add_join_token(PERMISSION)
    await store.enrol(agent(), "h1", 500.0)
    assert await store.marks() == {}
    await store.set_marks("web1", MARKS, event("one"))
    assert await store.marks() == {"web1": MARKS}
    await store.set_marks("web1", {MarkKind.CORDONED: MARKS[MarkKind.PAUSED]}, event("two"))
    assert await store.marks() == {"web1": {MarkKind.CORDONED: MARKS[MarkKind.PAUSED]}}
    await store.set_marks("web1", {}, event("three"))
    assert await store.marks() == {}
    assert [one.new.id for one in await store.unplanned(limit=9)] == ["one", "two", "three"]
    with pytest.raises(AgentUnknown):
        await store.set_marks("web2", MARKS, event("four"))
    assert await store.marks() == {}
    assert len(await store.unplanned(limit=9)) == 3


async def test_marks_are_of_the_name_and_outlive_a_new_enrolment(store: Store) -> None:
    await store.add_join_token(PERMISSION)
    await store.add_join_token(replace(PERMISSION, token_hash="h2"))
    await store.enrol(agent(), "h1", 500.0)
    await store.set_marks("web1", MARKS, event("one"))
    await store.enrol(replace(agent(), fingerprint="0" * 64), "h2", 600.0)
    assert await store.marks() == {"web1": MARKS}


async def test_a_draining_agent_is_handed_nothing_and_afterwards_goes_on_where_it_was(store: Store) -> None:
    await store.add_join_token(PERMISSION)
    await store.enrol(agent(), "h1", 500.0)
    await plan_some(store, "a", "b", "c")
    assert await take(store, limit=1) == [("a", 0)]
    await store.set_marks("web1", {MarkKind.DRAINING: Mark(by="ops", since=1.0)}, event("one"))
    assert await take(store) == []
    assert await store.loads() == {"web1": Load(in_hand=1, waiting=2)}
    assert [one.execution.new.id for one in await store.resume_handovers("web1", [])] == ["a"], "what was handed is its own"
    await store.acknowledge([held(1)])
    await store.record_moves([move("a", State.STARTED), move("a", State.SETTLED)])
    assert await store.loads() == {"web1": Load(in_hand=0, waiting=2)}
    await store.set_marks("web1", {MarkKind.PAUSED: Mark(by="ops", since=1.0)}, event("two"))
    assert await take(store) == [("b", 1), ("c", 2)], "a pause and a cordon hold no hand-over back"


async def test_a_hello_is_stored_and_changes_nothing_that_enrolment_decided(store: Store) -> None:
    await store.add_join_token(PERMISSION)
    await store.enrol(agent(), "h1", 500.0)
    said = replace(
        agent(),
        labels={"role": "attacker"},
        fingerprint="0" * 64,
        enrolled_at=1.0,
        instance="i1",
        boot_id="b1",
        version="0.1",
        slots=4,
        facts={"os": "debian"},
        last_seen_at=700.0,
    )
    await store.greet(said)
    expected = replace(said, labels=agent().labels, fingerprint=agent().fingerprint, enrolled_at=agent().enrolled_at)
    assert await store.agent("web1") == expected
    with pytest.raises(AgentUnknown):
        await store.greet(agent("web2"))
    await store.seen({"web1": 800.0, "web2": 800.0})
    await store.seen({})
    assert await store.agents() == [replace(expected, last_seen_at=800.0)]


async def test_agents_come_by_name(store: Store) -> None:
    for name in ("web2", "db", "web1"):
        await store.add_join_token(replace(PERMISSION, token_hash=name, name=name))
        await store.enrol(agent(name), name, 1.0)
    assert [found.name for found in await store.agents()] == ["db", "web1", "web2"]


async def test_api_tokens_are_found_by_hash_listed_by_name_and_removed(store: Store) -> None:
    other = replace(KEY, token_hash="a2", name="admin", scopes=frozenset())
    await store.add_api_token(KEY)
    await store.add_api_token(other)
    assert await store.api_token("a1") == KEY
    assert await store.api_token("ci") is None
    assert await store.api_tokens() == [other, KEY]
    for taken in (replace(KEY, token_hash="a3"), replace(KEY, name="new")):
        with pytest.raises(TokenExists):
            await store.add_api_token(taken)
    assert await store.remove_api_token("ci")
    assert not await store.remove_api_token("ci")
    assert await store.api_token("a1") is None
    await store.add_api_token(KEY)


async def test_the_status_of_reconcile_is_replaced_whole(store: Store) -> None:
    assert await store.sync() == Sync()
    first = Sync(
        active_revision="abc",
        activated_at=1.5,
        observed_revision="def",
        observed_at=2.5,
        step="check",
        code="ATT100",
        message="bad",
        problems=({"code": "ATT101", "span": {"line": 1}}, {}),
    )
    await store.record_sync(first)
    assert await store.sync() == first
    await store.record_sync(Sync(active_revision="def"))
    assert await store.sync() == Sync(active_revision="def")


async def test_a_store_has_an_identity(store: Store) -> None:
    assert store.incarnation
    assert store.incarnation == store.incarnation
