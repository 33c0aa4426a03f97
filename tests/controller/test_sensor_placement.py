"""Which agents run which sensors: one of them or all, where it stays, and when it moves."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from attune_controller.sensor_placement import Present, assigned, moves_in, needed, seated
from attune_controller.sensor_reasons import why
from attune_controller.store.records.sensors import Seat
from attune_core.catalog.catalog import Catalog
from attune_core.catalog.load import load
from attune_core.wire.sensors import SENSORS_LIMIT
from tests.core.catalog.memory_tree import MemoryTree

PACK = {
    "attune.yaml": 'format: 1\nattune: ">=0.1"\n',
    "packs/web/pack.yaml": "name: web\nversion: 1.0.0\ndescription: x\n",
    "packs/web/triggers/full.yaml": "description: x\ndata: {type: object}\n",
    "packs/web/triggers/other.yaml": "description: x\ndata: {type: object}\n",
    "packs/web/actions/page.yaml": "description: x\nrun: [cat]\n",
    "rules/page.yaml": "description: x\ntrigger: web.full\naction: web.page\nagents: {}\n",
}


def catalog(more: str = "", name: str = "disk", *, emits: str = "web.full", files: dict[str, str] | None = None) -> Catalog:
    """Return a catalog with one sensor."""
    sensor = f"description: x\nrun: [cat]\nemits: [{emits}]\n{more}"
    documents = {**PACK, f"packs/web/sensors/{name}.yaml": sensor, **(files or {})}
    found = load(MemoryTree({path: text.encode() for path, text in documents.items()})).catalog
    assert found is not None
    return found


def agents(*names: str, connected: bool = True) -> list[Present]:
    return [Present(name=name, labels={"role": "web"}, connected=connected, running=frozenset() if connected else None) for name in names]


def held(seats: Sequence[Seat]) -> list[tuple[str, bool]]:
    return [(seat.agent, seat.leaving) for seat in seats if seat.held]


def test_a_sensor_is_needed_by_an_enabled_rule_on_a_trigger_that_it_emits_or_always() -> None:
    assert [sensor.ref for sensor in needed(catalog())] == ["web.disk"]
    assert not needed(catalog(emits="web.other"))
    assert not needed(catalog(files={"rules/page.yaml": PACK["rules/page.yaml"] + "enabled: false\n"}))
    assert [sensor.ref for sensor in needed(catalog("always: true\n", emits="web.other"))] == ["web.disk"]


@pytest.mark.sentence("S14")
def test_one_agent_of_those_that_match_runs_it_and_keeps_it() -> None:
    it = catalog("agents: {match: {role: web}}\n")
    others = [Present(name="z", labels={"role": "db"}, connected=True)]
    first = seated(it, [], agents("a", "b", "c") + others, 5.0)
    assert len(held(first)) == 1
    assert first[0].emits == {"web.full"}
    holder = first[0].agent
    assert holder in "abc"
    assert seated(it, first, agents("a", "b", "c", "d", "e"), 6.0) == first, "who comes takes nothing away"
    away = [replace(agent, connected=agent.name != holder) for agent in agents("a", "b", "c")]
    assert seated(it, first, away, 9e9) == first, "an agent that is away keeps it"
    assert [*assigned(it, first)] == [holder]
    assert not assigned(catalog(emits="web.other"), first), "it is told to run it only while that is needed"


def test_nobody_gets_it_who_is_away_or_cordoned() -> None:
    it = catalog()
    assert not seated(it, [], agents("a", connected=False), 0)
    assert not seated(it, [], [replace(one, cordoned=True) for one in agents("a")], 0)
    assert not seated(it, [], [replace(one, able=False) for one in agents("a")], 0)
    mixed = [*agents("a", connected=False), *[replace(one, cordoned=True) for one in agents("b")], *agents("c")]
    assert held(seated(it, [], mixed, 0)) == [("c", False)]


def test_a_cordoned_agent_keeps_it_and_a_draining_one_gives_it_up_once_it_has_ended() -> None:
    it = catalog()
    seats = seated(it, [], agents("a"), 0)
    assert seated(it, seats, [replace(one, cordoned=True) for one in agents("a")], 0) == seats
    drain = replace(agents("a")[0], cordoned=True, draining=True, running=frozenset({"web.disk"}))
    leaving = seated(it, seats, [drain, *agents("b")], 0)
    assert held(leaving) == [("a", True)], "two never run it at once"
    assert not assigned(it, leaving)
    assert seated(it, leaving, [replace(drain, connected=False, running=None), *agents("b")], 0) == leaving
    ended = seated(it, leaving, [replace(drain, running=frozenset()), *agents("b")], 7.0)
    assert held(ended) == [("b", False)]
    assert [(seat.agent, seat.held) for seat in ended] == [("a", False), ("b", True)]
    back = seated(it, leaving, [replace(drain, cordoned=False, draining=False), *agents("b")], 0)
    assert held(back) == [("a", False)], "a drain that is over before it ended changes nothing"


@pytest.mark.sentence("S15")
def test_with_failover_another_agent_gets_it_when_its_own_was_away_for_so_long() -> None:
    it = catalog("failover: 5m\n")
    seats = seated(it, [], agents("a"), 0)
    short = [replace(agents("a", connected=False)[0], away=299.0), *agents("b")]
    assert seated(it, seats, short, 0) == seats
    assert moves_in(it, seats, short) == 1.0
    long = [replace(short[0], away=300.0), short[1]]
    assert held(seated(it, seats, long, 0)) == [("b", False)]
    assert moves_in(it, seats, long) is None
    assert held(seated(it, seats, long[:1], 0)) == [("a", False)], "without another agent it may have it again"
    hasty = catalog("failover: 2m\n")
    soon = [replace(short[0], away=120.0), *agents("b")]
    assert held(seated(hasty, seats, soon, 0)) == [("a", False)], "the agent goes by what it was told before it was away"
    told = seated(hasty, seats, agents("a", "b"), 0)
    assert held(seated(hasty, told, soon, 0)) == [("b", False)]
    untold = seated(catalog(), [], agents("a"), 0)
    assert held(seated(it, untold, long, 0)) == [("a", False)]


def test_a_forgotten_agent_has_no_seat_and_another_gets_it() -> None:
    it = catalog()
    seats = seated(it, [], agents("a"), 0)
    assert [seat.agent for seat in seated(it, seats, agents("b"), 0)] == ["b"]


def test_run_on_all_is_every_matching_agent_and_who_comes_gets_it() -> None:
    it = catalog("run_on: all\nagents: {match: {role: web}}\n")
    seats = seated(it, [], [*agents("a", "b"), Present(name="z", connected=True)], 0)
    assert held(seats) == [("a", False), ("b", False)]
    more = seated(it, seats, [*agents("a", "b", "d"), *[replace(one, cordoned=True) for one in agents("c")]], 0)
    assert held(more) == [("a", False), ("b", False), ("d", False)]
    assert held(seated(it, [], agents("a", connected=False), 0)) == [("a", False)], "it starts it when it comes"
    one = seated(catalog(), more, agents("a", "b", "d"), 0)
    assert held(one) == [("a", False), ("b", True), ("d", True)], "from all to one: one keeps it"


def test_a_sensor_that_is_gone_leaves_and_what_it_may_send_stays_known() -> None:
    seats = seated(catalog(), [], agents("a"), 0)
    gone = catalog(name="other")
    leaving = [seat for seat in seated(gone, seats, agents("a"), 0) if seat.sensor == "web.disk"]
    assert held(leaving) == [("a", True)]
    left = [seat for seat in seated(gone, leaving, agents("a"), 0) if seat.sensor == "web.disk"]
    assert [(seat.held, seat.emits) for seat in left] == [(False, frozenset({"web.full"}))]

    (agent,) = agents("a")
    assert [seated(gone, left, [replace(agent, left=known)], 0)[0] for known in (None, {"web.disk"})] == [left[0], left[0]]
    assert seated(gone, left, [replace(agent, left=set(), connected=False)], 0)[0] == left[0]
    after = seated(gone, left, [replace(agent, left={"web.more"})], 0)
    assert [seat.sensor for seat in after] == ["web.other"], "all that it printed is here"
    declared = seated(catalog(emits="web.other"), left, [replace(agent, left=set())], 0)
    assert [seat.sensor for seat in declared] == ["web.disk"]


def test_an_agent_is_told_of_a_hundred_sensors_at_most() -> None:
    files = {f"packs/web/sensors/s{number:03}.yaml": "description: x\nrun: [cat]\nemits: [web.full]\n" for number in range(SENSORS_LIMIT)}
    it = catalog(name="zz_last", files=files)
    seats = seated(it, [], agents("a"), 0)
    assert len(assigned(it, seats)["a"]) == SENSORS_LIMIT
    assert "as many sensors as it takes" in why(it, it.sensors["web.zz_last"], [], agents("a")) or held(seats)


def test_why_it_does_not_run_is_a_sentence() -> None:
    it, over = catalog("agents: {match: {role: web}}\n"), catalog("failover: 5m\n")
    sensor = it.sensors["web.disk"]
    seats = seated(it, [], agents("a"), 0)
    unneeded = catalog(emits="web.other")
    assert why(unneeded, unneeded.sensors["web.disk"], [], []).startswith("no enabled rule uses a trigger that it emits (web.other)")
    assert why(it, sensor, [], []) == "there is no agent with role=web"
    assert why(it, sensor, [], agents("a", connected=False)) == "no agent with role=web is connected: a"
    assert why(it, sensor, [], [replace(agents("a")[0], cordoned=True)]) == "every agent with role=web is cordoned: a"
    assert why(it, sensor, seats, agents("a")) == ""
    assert why(it, sensor, seats, agents("a", connected=False)) == "a is unreachable and keeps it: it has no `failover`"
    assert "which has not said yet that it ended there" in why(it, sensor, [replace(seats[0], leaving=True)], agents("a"))
    away = replace(agents("a", connected=False)[0], away=60.0)
    assert why(over, over.sensors["web.disk"], seats, [away]) == "a is unreachable and keeps it: it was not told of a `failover`"
    seats = seated(over, [], agents("a"), 0)
    assert why(over, over.sensors["web.disk"], seats, [away]) == "a is unreachable; another agent gets it in 4m"
    longer = replace(away, away=400.0)
    assert why(over, over.sensors["web.disk"], seats, [longer]) == "a is unreachable, and there is no other agent to run it"


class Placements(RuleBasedStateMachine):
    """Agents come, go, drain and are forgotten in any order; each runs what it was last told, and ends by itself when it is cut off."""

    CATALOGS = (
        catalog("failover: 5m\n"),
        catalog("failover: 5m\n", emits="web.other"),
        catalog("agents: {match: {role: db}}\nfailover: 5m\n"),
        catalog("failover: 2m\n"),
        catalog(),
    )

    def __init__(self) -> None:
        super().__init__()
        self.now, self.catalog = 0.0, self.CATALOGS[0]
        self.fleet = {one.name: one for one in agents("a", "b", "c")}
        self.left: dict[str, float] = {}
        self.running: set[str] = set()
        self.told: dict[str, float] = {}
        self.seats: Sequence[Seat] = ()

    @rule(name=st.sampled_from("abc"), what=st.sampled_from(["connect", "leave", "drain", "resume", "cordon"]))
    def change(self, name: str, what: str) -> None:
        agent = self.fleet[name]
        if what == "leave" and agent.connected:
            self.left[name] = self.now
        changes: dict[str, Present] = {
            "connect": replace(agent, connected=True, running=None),
            "leave": replace(agent, connected=False, running=None),
            "drain": replace(agent, cordoned=True, draining=True),
            "resume": replace(agent, cordoned=False, draining=False),
            "cordon": replace(agent, cordoned=True),
        }
        self.fleet[name] = changes[what]

    @rule(seconds=st.sampled_from([1.0, 100.0, 300.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        for name in [*self.running]:
            told = self.told[name]
            if not self.fleet[name].connected and told and self.now - self.left[name] >= told - 45:
                self.running.discard(name)

    @rule(which=st.integers(0, 4))
    def activate(self, which: int) -> None:
        self.catalog = self.CATALOGS[which]

    @rule(name=st.sampled_from("abc"))
    def say(self, name: str) -> None:
        running = frozenset({"web.disk"} if name in self.running else ())
        if self.fleet[name].connected:
            self.fleet[name] = replace(self.fleet[name], running=running)

    @rule()
    def place(self) -> None:
        present = [replace(one, away=0.0 if one.connected else self.now - self.left[one.name]) for one in self.fleet.values()]
        self.seats = seated(self.catalog, self.seats, present, self.now)
        told = assigned(self.catalog, self.seats)
        for name, agent in self.fleet.items():
            if agent.connected:  # a frame is on its way at once; the status of before is not from after it
                (self.running.add if name in told else self.running.discard)(name)
                self.told[name] = self.catalog.sensors["web.disk"].document.failover or 0.0
                self.fleet[name] = replace(agent, running=None)

    @invariant()
    def never_two(self) -> None:
        assert len(self.running) <= 1, self.running


Placements.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestPlacements = Placements.TestCase
