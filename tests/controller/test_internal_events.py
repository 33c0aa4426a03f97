"""Each internal event is told by who notices it, in the form that rules were checked against, and no other."""

from dataclasses import replace
from pathlib import Path

import pytest

from attune_controller.completion import completion
from attune_controller.dead_letter_news import OF_ALL, OF_SOURCE, DeadLetterNews
from attune_controller.dead_letters import Letters
from attune_controller.departing import Departing
from attune_controller.expiring import Expiring
from attune_controller.fleet import Fleet
from attune_controller.holding import Holding
from attune_controller.http.tls import public_tls
from attune_controller.identity.ca import open_authority
from attune_controller.identity.enrolment import Enrolments
from attune_controller.identity.join_tokens import hash_of
from attune_controller.identity.server_certificate import ServerCertificate
from attune_controller.marking import Marking
from attune_controller.merging import Merging
from attune_controller.presence import PATIENCE, Presence
from attune_controller.queue_bound import QueueBound
from attune_controller.reconcile.reconciler import revision_event
from attune_controller.sessions.open_sessions import OpenSessions
from attune_controller.store.records.credentials import JoinToken
from attune_controller.store.records.executions import QueueKey
from attune_controller.store.records.standing import Sync
from attune_core.dead_letters import HOP_LIMIT
from attune_core.internal_events import INTERNAL_EVENTS, validator_of
from attune_core.marks import MarkKind
from attune_core.pki import make_key, make_signing_request
from attune_core.ports import SystemRandom
from attune_core.rules.completions import FINISHED, SECRET_MISSING, heard_as
from attune_core.states import Outcome, Reason, State
from attune_core.wire.enrolment import Enrolment
from tests.controller.clocks import StandingClock
from tests.controller.store.making import dead, event, move, plan_some
from tests.controller.test_planning import World, catalog, world

__all__ = ["catalog", "world"]  # fixtures

#: Told by whoever watches sensors, and what completions are heard as.
ELSEWHERE = {"core.sensor_failing", "core.sensor_recovered", FINISHED, SECRET_MISSING}


class Everything:
    """Who tells internal events, over one store and a clock that stands."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.store, self.folder = world, world.store, folder
        self.clock, self.random = StandingClock(), SystemRandom()
        self.fleet, self.sessions = Fleet(), OpenSessions()
        self.authority = open_authority(folder / "ca", self.clock.now())

    async def agents(self) -> None:
        """Join, be marked in every way, go away, come back, and be forgotten."""
        enrolments = Enrolments(self.store, self.authority, self.clock, self.random, agent_url="https://a", newcomers=[self.fleet.enrolled])
        token = JoinToken(token_hash=hash_of("secret"), name="web1", labels={"role": "web"}, expires_at=self.clock.now() + 9)
        await self.store.add_join_token(token)
        await enrolments.enrol(Enrolment(token="secret", name="web1", csr=make_signing_request(make_key(), "web1").decode()))
        marking = Marking(self.store, self.fleet, self.sessions, clock=self.clock, random=self.random, changed=lambda: None)
        for kind in MarkKind:
            await marking.put("web1", kind, note="why", by="me")
        await marking.lift("web1", MarkKind.PAUSED, by="me")
        await marking.lift("web1", MarkKind.CORDONED, MarkKind.DRAINING, by="me")
        await self.presence()
        await self.certificates()
        departing = Departing(self.store, self.fleet, self.sessions, marking, self.world.planner, clock=self.clock, random=self.random)
        await departing.forget("web1", note="gone", by="me")

    async def presence(self) -> None:
        """Be away for long enough, and come back."""
        presence = Presence(self.store, self.fleet, self.clock, self.random, lambda: None)
        await presence.look()
        self.clock.time += PATIENCE
        for _ in range(2):
            await presence.look()
        self.fleet.joined("web1")
        for _ in range(2):
            await presence.look()

    async def certificates(self) -> None:
        """Be about to end: all of them at once, and once each."""
        certificate = ServerCertificate(self.authority, self.folder / "ca", [])
        certificate.refresh(self.clock.now())
        self.clock.time += 3649 * 86_400
        expiring = Expiring(
            self.store,
            self.authority.certificate,
            [public_tls(certificate.path)],
            clock=self.clock,
            random=self.random,
            planned=lambda: None,
        )
        for _ in range(2):
            await expiring.look()

    async def queues(self) -> None:
        """Be paused, resumed and full."""
        holding = Holding(self.store, self.sessions, clock=self.clock, random=self.random)
        await holding.put("web.restart", None, note="why", by="me")
        await holding.lift("web.restart", None, by="me")
        told = QueueBound(self.store, self.clock, self.random).news(QueueKey(place="web1", action="web.restart", key="null"), 3, 2)
        assert told is not None
        await self.store.accept_event(told)

    async def revisions(self) -> None:
        """Go live, and be refused, each once."""
        live = Sync(active_revision="b" * 40, observed_revision="b" * 40)
        refused = replace(live, observed_revision="c" * 40, step="check", code="ATT620", message="1 error", problems=({},))
        away = replace(live, step="fetch", code="ATT621", message="no route")
        pairs = [(Sync(), live), (live, refused), (refused, refused), (live, away)]
        told = [revision_event(before, after, self.clock, self.random) for before, after in pairs]
        assert [one is not None for one in told] == [True, True, False, False]
        for one in told:
            if one is not None:
                await self.store.accept_event(one)

    async def letters(self) -> None:
        """Be told of, retried and dropped."""
        for number in range(2):
            await self.world.intake.accept(replace(event(f"{number}"), type="web.nothing"))
        first, second = (await self.store.events(before=None, limit=2)).events
        told = DeadLetterNews(lambda: None, self.clock, self.random).of(first.new, dead("why"))
        assert told is not None
        await self.store.accept_event(told)
        letters = Letters(self.store, self.world.intake, self.world.backlog, clock=self.clock, random=self.random, planned=lambda: None)
        assert (await letters.retry(first.position, note="", by="me")).dead is not None, "there is still no such trigger"
        self.world.catalog = None
        await self.store.record_sync(Sync(active_revision="x"))
        assert (await letters.retry(first.position, note="", by="me")).dead is None
        await letters.drop(second.position, note="rubbish", by="me")


async def test_each_is_told_in_the_form_that_its_schema_says(world: World, tmp_path: Path) -> None:
    everything = Everything(world, tmp_path)
    await everything.agents()
    await everything.queues()
    await everything.revisions()
    merging = Merging(everything.store, lambda: "i", everything.clock, lambda: None)
    await everything.store.accept_event(merging._event("web1", 1.0))
    await everything.letters()
    found = [one.new for one in (await everything.store.events(before=None, limit=100)).events if one.new.type.startswith("core.")]
    for one in found:
        assert validator_of(one.type).misfits(one.data) == (), one
    assert {one.type for one in found} == set(INTERNAL_EVENTS) - ELSEWHERE
    often = {kind: sum(one.type == kind for one in found) for kind in ("core.agent_unreachable", "core.agent_reachable")}
    assert set(often.values()) == {1}
    assert sum(one.type == "core.certificate_expiring" for one in found) == 3, "of the agent, the listener and the CA, once each"


async def test_a_completion_is_heard_as_one_of_any_action_and_says_why_it_ended(world: World) -> None:
    (execution,) = await plan_some(world.store, "a")
    ended = replace(move("a", State.SETTLED), outcome=Outcome.REJECTED, reason=Reason.SECRET_MISSING)
    for reason, heard in ((Reason.SECRET_MISSING, (FINISHED, SECRET_MISSING)), (Reason.EXIT_CODE, (FINISHED,))):
        told = completion(execution, replace(ended, reason=reason), 1.0)
        assert heard_as(told.type, told.data) == (told.type, *heard)
        for trigger in heard:
            assert validator_of(trigger).fits(told.data)


@pytest.mark.parametrize(("hops", "told"), [(0, 1), (HOP_LIMIT, HOP_LIMIT + 1), (HOP_LIMIT + 1, HOP_LIMIT + 1), (HOP_LIMIT + 2, None)])
async def test_a_dead_letter_is_told_one_hop_further_and_no_further_than_one_beyond_the_limit(hops: int, told: int | None) -> None:
    news = DeadLetterNews(lambda: None, StandingClock(), SystemRandom()).of(replace(event("1"), hops=hops), dead("why"))
    assert (news.hops if news else None) == told


async def test_of_a_flood_of_dead_letters_some_are_told_of_each_source_and_some_of_all() -> None:
    clock = StandingClock()
    news = DeadLetterNews(lambda: None, clock, SystemRandom())

    def told(source: str, count: int) -> int:
        return sum(news.of(event(f"{number}", source=source), dead("why")) is not None for number in range(count))

    assert told("a", 50) == OF_SOURCE
    assert sum(told(f"source {number}", 20) for number in range(30)) == OF_ALL - OF_SOURCE
    clock.time += 60
    assert told("a", 50) == OF_SOURCE
    assert news.of(replace(event("1"), type="core.dead_letter"), dead("why")) is None
