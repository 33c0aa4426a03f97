"""The fleet's queues: one at a time on its way to a start, a chain for each agent, and rates that all agents share."""

from attune_controller.departures import end_when_anew, end_when_forgotten
from attune_controller.store.port import Store
from attune_controller.store.records.agents import Departure, Load
from attune_controller.store.records.executions import QueueKey
from attune_controller.store.records.queues import Hold, Taken, Terms
from attune_core.marks import Mark
from attune_core.states import Outcome, Reason, State
from attune_core.wire.assignment import Rate
from tests.contracts.store.test_departures import TOLD, enrol
from tests.controller.store.making import cancelled, event, found, held, ids, move, plan_some, queue, take

ACTION = "web.restart"
QUEUE = queue("*")


async def plan_fleet(store: Store, names: str, agents: str, *, key: str = "null") -> None:
    """Plan one execution for each letter, on the agent with the digit below it."""
    for name, digit in zip(names, agents, strict=True):
        await plan_some(store, name, agent=f"web{digit}", fleet=True, key=key)


async def hand(store: Store, agent: str, limit: int = 1, *, now: float = 0.0, rate: Rate | None = None) -> list[tuple[str, int]]:
    taken = await wanted(store, agent, limit, now=now, rate=rate)
    return [(one.execution.new.id, one.after) for one in taken.handovers]


async def wanted(store: Store, agent: str, limit: int = 1, *, now: float = 0.0, rate: Rate | None = None) -> Taken:
    terms = {ACTION: Terms(limit=limit, rate=rate)}
    return await store.take_handovers(agent, window=64, window_bytes=1 << 20, limit=64, terms=terms, now=now)


async def turn(store: Store) -> str:
    return (await store.fleet_heads(None)).get(QUEUE, "nobody")


async def test_the_head_goes_to_its_agent_alone_and_the_next_when_it_has_ended(store: Store) -> None:
    await plan_fleet(store, "abc", "121")
    assert await turn(store) == "web1"
    assert await hand(store, "web2") == []
    assert await hand(store, "web1") == [("a", 0)]
    assert await turn(store) == "nobody"
    assert [await hand(store, agent) for agent in ("web1", "web2")] == [[], []]
    await store.record_moves([move("a", State.STARTED)])
    assert await turn(store) == "web2", "its turn would come if the limit let it"
    assert await hand(store, "web2") == []
    await store.record_moves([move("a", State.SETTLED)])
    assert await hand(store, "web1") == []
    assert await hand(store, "web2") == [("b", 0)]
    await store.record_moves([move("b", State.SETTLED)])
    assert await hand(store, "web1") == [("c", 1)], "its own chain: b was never its"


async def test_with_a_larger_limit_the_next_goes_when_the_one_before_has_started(store: Store) -> None:
    await plan_fleet(store, "abcd", "1231")
    assert await hand(store, "web1", 2) == [("a", 0)]
    assert await hand(store, "web2", 2) == [], "it could start before a does"
    await store.record_moves([move("a", State.STARTED)])
    assert await hand(store, "web2", 2) == [("b", 0)]
    await store.record_moves([move("b", State.STARTED)])
    assert await hand(store, "web3", 2) == [], "two are unsettled"
    assert await hand(store, "web3", 3) == [("c", 0)], "a new revision lets three"


async def test_what_is_cancelled_before_its_turn_makes_room_for_the_next_agent(store: Store) -> None:
    await plan_fleet(store, "abc", "123")
    await store.request_cancel("a", cancelled("a"))
    assert await turn(store) == "web2"
    await store.request_cancel("b", cancelled("b"))
    assert await hand(store, "web3") == [("c", 0)]


async def test_each_agent_s_chain_goes_on_from_what_it_holds(store: Store) -> None:
    await plan_fleet(store, "abc", "122")
    for name, agent in (("a", "web1"), ("b", "web2")):
        await hand(store, agent)
        assert await store.acknowledge([held(9, QUEUE)], agent="web3") == []
        await store.record_moves([move(name, State.SETTLED)])
    assert await hand(store, "web2") == [("c", 2)]
    assert await store.acknowledge([held(3, QUEUE)], agent="web1") == []
    assert [(one.execution.new.id, one.after) for one in await store.resume_handovers("web2", [held(2, QUEUE)])] == [("c", 2)]
    assert await store.resume_handovers("web1", [held(1, QUEUE)]) == []
    assert await store.acknowledge([held(3, QUEUE)], agent="web2") == ["c"]
    await store.record_moves([move("c", State.SETTLED)])
    await plan_fleet(store, "d", "2")
    assert await store.resume_handovers("web2", []) == []
    assert await hand(store, "web2") == [("d", 0)], "it says that it holds nothing"


async def test_a_draining_agent_s_turn_comes_and_nothing_goes(store: Store) -> None:
    await plan_fleet(store, "ab", "12")
    assert await store.loads() == {"web1": Load(in_hand=0, waiting=1), "web2": Load(in_hand=0, waiting=1)}
    await hand(store, "web1")
    assert await store.loads() == {"web1": Load(in_hand=1, waiting=0), "web2": Load(in_hand=0, waiting=1)}
    assert await store.unsettled_load() == {"web1": 1, "web2": 1}


async def test_a_key_of_the_fleet_is_held_by_no_agent(store: Store) -> None:
    await plan_fleet(store, "a", "1", key='"x"')
    assert await store.keyed_agents([(ACTION, '"x"')]) == {}


async def test_queues_of_the_fleet_and_of_the_agent_are_served_together(store: Store) -> None:
    await plan_some(store, "own")
    await plan_fleet(store, "a", "1")
    await plan_fleet(store, "b", "1", key='"x"')
    assert sorted(await take(store)) == [("a", 0), ("b", 0), ("own", 0)]


async def test_forgetting_frees_the_queue_and_what_waits_for_another_agent_keeps_its_place(store: Store) -> None:
    await enrol(store)
    await plan_fleet(store, "abc", "112")
    await hand(store, "web1")
    assert await store.forget("web1", end_when_forgotten("web1", 1.0), TOLD) == Departure(ended=1, released=1)
    a = await found(store, "a")
    assert (a.outcome, a.reason) == (Outcome.LOST, Reason.AGENT_FORGOTTEN)
    b = await found(store, "b")
    assert (b.agent, b.state, b.epoch, b.sequence) == ("", State.QUEUED, 0, 2)
    assert ids(await store.waiting_for_agent(limit=9)) == ["b"]
    assert await turn(store) == "", "an agent is looked for"
    assert await hand(store, "web2") == [], "c does not pass it"
    placed = await store.place("b", "web2")
    assert (placed.agent, placed.epoch, placed.sequence) == ("web2", 0, 2)
    assert await store.place("b", "web3") == placed
    assert await hand(store, "web2") == [("b", 0)]
    await store.record_moves([move("b", State.SETTLED)])
    assert await hand(store, "web2") == [("c", 2)]


async def test_an_agent_that_begins_anew_gets_the_fleet_s_queue_from_its_start(store: Store) -> None:
    await enrol(store)
    await plan_fleet(store, "abc", "111")
    await hand(store, "web1")
    known = await store.agent("web1")
    assert known is not None
    assert await store.begin_anew(known, end_when_anew("web1", 1.0)) == Departure(ended=1, released=0)
    assert await hand(store, "web1") == [("b", 0)]


RATE = Rate(limit=2, per=10.0)


async def test_a_rate_of_the_fleet_is_counted_over_all_agents_and_keeps_the_head(store: Store) -> None:
    for agent, names in (("web1", "abc"), ("web2", "xy")):
        await plan_some(store, *names, agent=agent)
    assert await hand(store, "web1", now=100.0, rate=RATE) == [("a", 0), ("b", 1)]
    taken = await wanted(store, "web2", now=100.0, rate=RATE)
    assert (taken.handovers, taken.again_at) == ([], 105.0)
    assert (await wanted(store, "web1", now=103.0, rate=RATE)).again_at == 105.0
    assert await hand(store, "web2", now=105.0, rate=RATE) == [("x", 0)]
    assert await hand(store, "web1", now=1000.0, rate=RATE) == [("c", 2)]
    assert await hand(store, "web2", now=1000.0, rate=RATE) == [("y", 1)]
    assert (await wanted(store, "web1", now=1000.0, rate=RATE)).again_at is None, "nothing waits"


async def test_a_clock_that_jumps_neither_takes_tokens_nor_gives_more_than_a_bucket(store: Store) -> None:
    await plan_some(store, *"abcdefgh")
    assert len(await hand(store, "web1", now=1e6, rate=RATE)) == 2
    assert (await wanted(store, "web1", now=10.0, rate=RATE)).again_at == 15.0, "set back: from now on it is counted here"
    assert len(await hand(store, "web1", now=15.0, rate=RATE)) == 1
    assert len(await hand(store, "web1", now=1e9, rate=RATE)) == 2
    assert len(await hand(store, "web1", now=1e9 + 5, rate=Rate(limit=10, per=10.0))) == 3


async def test_only_what_was_asked_for_is_looked_at(store: Store) -> None:
    await plan_fleet(store, "a", "1")
    await plan_fleet(store, "b", "2", key='"x"')
    assert await store.fleet_heads([queue("*", key='"x"'), QueueKey(place="*", action=ACTION, key="1")]) == {queue("*", key='"x"'): "web2"}
    assert await store.fleet_heads(None) == {QUEUE: "web1", queue("*", key='"x"'): "web2"}


async def test_a_paused_queue_keeps_its_head_and_others_go_on(store: Store) -> None:
    await plan_fleet(store, "a", "1")
    await plan_fleet(store, "b", "1", key='"x"')
    one, whole = (Hold(action=ACTION, key=key, mark=Mark(note="wait", by="ops", since=1.0)) for key in ("null", None))
    await store.put_hold(one, event("one"))
    assert await hand(store, "web1") == [("b", 0)]
    await store.lift_hold(ACTION, "null", event("lifted"))
    await store.put_hold(whole, event("whole"))
    assert await hand(store, "web1") == []
    await store.lift_hold(ACTION, None, event("lifted too"))
    assert await hand(store, "web1") == [("a", 0)]
