"""/v1/status, /v1/agents, /v1/rules, /v1/timers: what is there, in pages, without a secret in it."""

from attune_cli.render.rule import rule_fields
from attune_cli.render.timer import timer_fields
from attune_controller.store.memory.store import MemoryStore
from attune_controller.store.records.agents import Agent
from attune_controller.store.records.credentials import JoinToken
from attune_controller.store.records.standing import Sync
from attune_controller.store.records.timers import Progress
from attune_core.rules.groups import Group, Member
from attune_core.values import JsonObject
from attune_core.wire.agent_frames import Status
from attune_core.wire.api import AgentView, Page, RuleView, StatusView
from attune_core.wire.groups import RuleDetail
from attune_core.wire.timers import TimerDetail, TimerView
from tests.controller.http.executions import accept, plan
from tests.controller.http.house import House
from tests.controller.timers.world import catalog_with_timers


async def _enrol(house: House, name: str) -> None:
    await house.store.add_join_token(JoinToken(token_hash=name, name=name, labels={"role": "web"}, expires_at=house.clock.time + 9))
    agent = Agent(name=name, labels={"role": "web"}, fingerprint="f" * 64, certificate_expires_at=2_000_000_000.0, enrolled_at=1.0)
    await house.store.enrol(agent, name, house.clock.time)
    house.fleet.enrolled([agent])


async def test_the_status_counts_what_waits_and_says_where_reconcile_stands(house: House) -> None:
    await _enrol(house, "web-1")
    house.fleet.joined("web-1")
    await plan(house.store, "1")
    await accept(house.store, "2")
    problem: JsonObject = {
        "code": "ATT110",
        "severity": "error",
        "message": "unknown key",
        "path": "packs/web/pack.yaml",
        "line": 3,
        "column": 1,
    }
    await house.store.record_sync(Sync(active_revision="a" * 40, activated_at=1.0, step="check", code="ATT624", problems=(problem,)))
    async with house.client("read") as client:
        view = StatusView.model_validate_json((await client.get("/v1/status")).content)
    assert (view.agents_connected, view.agents_enrolled, view.events_waiting, view.executions_unsettled) == (1, 1, 1, 1)
    assert (view.incarnation, view.sync.step, view.sync.code, view.sync.active_revision) == ("life-1", "check", "ATT624", "a" * 40)
    assert (view.sync.problems[0].path, view.sync.problems[0].line) == ("packs/web/pack.yaml", 3)
    assert view.sync.observed_at == ""


async def test_credentials_in_the_repositorys_address_are_not_shown(house: House) -> None:
    async with house.client("read") as client:
        answer = await client.get("/v1/status")
    assert "password" not in answer.text
    assert StatusView.model_validate_json(answer.content).sync.repository == "https://git.example/repo.git"


async def test_agents_come_by_name_with_what_they_say_of_themselves(house: House) -> None:
    for name in ("web-2", "db-1", "web-1"):
        await _enrol(house, name)
    house.fleet.joined("web-1")
    house.fleet.said("web-1", Status(slots=4, busy=3))
    async with house.client("read") as client:
        first = Page[AgentView].model_validate_json((await client.get("/v1/agents?limit=2")).content)
        second = Page[AgentView].model_validate_json((await client.get(f"/v1/agents?limit=2&after={first.next}")).content)
    assert [(agent.name, agent.state, agent.busy) for agent in first.items] == [("db-1", "unreachable", 0), ("web-1", "connected", 3)]
    assert ([agent.name for agent in second.items], second.next) == (["web-2"], "")
    assert first.items[0].labels == {"role": "web"}
    assert first.items[0].certificate_expires_at == "2033-05-18T03:33:20.000000Z"


async def test_rules_come_as_their_author_wrote_them(house: House) -> None:
    async with house.client("read") as client:
        page = Page[RuleView].model_validate_json((await client.get("/v1/rules")).content)
    [rule] = page.items
    assert (rule.ref, rule.trigger, rule.action, rule.enabled) == ("web.restart_on_alert", "web.alert", "web.restart", True)
    assert rule.when == "event.data.unit.startsWith('web_')"
    assert rule.agents == {"match": {"role": "web", "host": "h-${{ event.data.unit }}"}, "pick": "all"}
    assert rule.path == "packs/web/rules/restart_on_alert.yaml"


async def test_timers_come_with_what_was_and_what_is_next(house: House) -> None:
    house.active.swap(
        catalog_with_timers(
            nightly={"cron": "30 1 * * *", "zone": "Europe/Berlin", "jitter": "10m", "misfire": "skip"},
            hourly={"every": "1h", "end": "2026-01-01T00:00:00Z"},
        )
    )
    day = 1_774_656_000  # 2026-03-28T00:00:00Z
    house.progress["web.nightly"] = Progress(timer="web.nightly", declared="", done=day, last=day - 1800, missed=1, missed_in_all=7)
    async with house.client("read") as client:
        first = Page[TimerView].model_validate_json((await client.get("/v1/timers?limit=1")).content)
        second = Page[TimerView].model_validate_json((await client.get(f"/v1/timers?limit=1&after={first.next}")).content)
    [hourly], [nightly] = first.items, second.items
    assert (hourly.ref, hourly.schedule) == ("web.hourly", "every 1h, until 2026-01-01T00:00:00Z")
    assert (hourly.next_due, hourly.last_due, hourly.missed) == ("", "", 0), "it is not followed yet"
    assert (nightly.schedule, nightly.misfire, nightly.missed) == ("30 1 * * * in Europe/Berlin", "skip", 7)
    assert (nightly.next_due, nightly.last_due) == ("2026-03-28T00:30:00Z", "2026-03-27T23:30:00Z")
    assert "2026-03-28T00:30:00" <= nightly.ticks_at < "2026-03-28T00:40:00"
    assert (nightly.path, nightly.line, second.next) == ("packs/web/timers/nightly.yaml", 1, "")


async def test_one_timer_says_its_next_times_on_the_clocks_of_its_zone_across_a_change_of_them(house: House) -> None:
    house.active.swap(catalog_with_timers(nightly={"cron": "30 2 * * *", "zone": "Europe/Berlin"}, old={"every": "1h"}))
    day = 1_774_656_000  # 2026-03-28T00:00:00Z, a day before summer time begins
    house.progress["web.nightly"] = Progress(timer="web.nightly", declared="", done=day, last=day - 1800)
    async with house.client("read") as client:
        nightly = TimerDetail.model_validate_json((await client.get("/v1/timers/web.nightly")).content)
        old = TimerDetail.model_validate_json((await client.get("/v1/timers/web.old")).content)
        unknown = await client.get("/v1/timers/web.nihgtly")
    assert [one.local for one in nightly.upcoming[:2]] == ["Sat 2026-03-28 02:30 CET", "Sun 2026-03-29 03:00 CEST"]
    assert (len(nightly.upcoming), nightly.upcoming[0].due, nightly.zone) == (5, nightly.next_due, "Europe/Berlin")
    shown = timer_fields(nightly)
    assert ("next due", "2026-03-28T01:30:00Z  Sat 2026-03-28 02:30 CET") in shown
    assert ("fires", "no enabled rule") in shown
    assert ("next due", "never") in timer_fields(old), "it is not followed yet"
    assert (unknown.status_code, unknown.json()["code"]) == (404, "ATT791")
    assert "did you mean 'web.nightly'?" in unknown.json()["detail"]


async def test_one_rule_says_what_waits_in_its_throttle(house: House) -> None:
    key = ("web.restart_on_alert", '"a"')
    members = (Member(position=3, size=0), Member(position=4, size=0))
    assert isinstance(house.store, MemoryStore)
    house.store.tables.groups[key] = Group(key=key, terms="t", opened_at=1.0, last_at=2.0, due=61.0, back=-58.0, count=5, members=members)
    async with house.client("read") as client:
        rule = RuleDetail.model_validate_json((await client.get("/v1/rules/web.restart_on_alert")).content)
        unknown = await client.get("/v1/rules/web.restart")
    assert (rule.trigger, rule.line, rule.more, [one.count for one in rule.waiting]) == ("web.alert", 2, False, [5])
    shown = rule_fields(rule)
    assert ("when", "event.data.unit.startsWith('web_')") in shown
    assert ("waiting", '5 events of "a" since 1970-01-01T00:00:01.000000Z, asked at 1970-01-01T00:01:01.000000Z') in shown
    assert (unknown.status_code, unknown.json()["code"]) == (404, "ATT790")
