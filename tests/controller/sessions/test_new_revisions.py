"""What a new revision does to waiting work (design §5), each sentence over a real controller: what is kept, what follows, what ends."""

from attune_core.states import Outcome, Reason, State
from attune_core.wire.api import ExecutionView
from attune_core.wire.assignment import Rate
from attune_core.wire.stream_frames import ActivateFrame, CancelFrame
from tests.controller.live import Live
from tests.controller.reconcile.conftest import FILES, RESTART
from tests.controller.sessions.test_hand_over import report, send

ACTION, RULE = "packs/web/actions/restart.yaml", "packs/web/rules/on_alert.yaml"
KEYED = RESTART + 'concurrency: {key: "${{ parameters.unit }}"}\n'


async def waiting(it: Live, *names: str) -> list[ExecutionView]:
    """Plan work on an agent that is away."""
    found = []
    for name in names:
        accepted = await it.event({"unit": name}, name)
        found += await it.executions(accepted.position)
    return found


async def publish(it: Live, action: str) -> str:
    commit = it.pushes.publish({ACTION: action})
    await it.live_at(commit)
    return commit


async def test_code_and_arguments_are_those_of_the_accepted_revision_and_policies_those_of_the_active_one(it: Live) -> None:
    agent = await it.enrol("one")
    (before,) = await waiting(it, "a")
    changed = RESTART.replace("run: [sh, restart.sh]", "run: [sh, restart.sh, --now]").replace("type: string", "type: string, minLength: 1")
    policy = "concurrency: {limit: 4, when_busy: skip}\nrate: {limit: 5, per: 1m}\ntimeout: 7s\nstart_within: 1h\n"
    await publish(it, changed + policy + "retry: {maximum_attempts: 3, after: [lost], place: tail}\n")
    spoken = await agent.hello()
    (old,) = await spoken.assigned()
    assert (old.revision, old.execution) == (before.revision, before.id)
    assert (old.policy.limit, old.policy.when_busy, old.policy.rate) == (4, "skip", Rate(limit=5, per=60.0))
    assert (old.policy.timeout, old.policy.start_within) == (7.0, 3600.0)
    assert (old.policy.retry.maximum_attempts, old.policy.retry.after, old.policy.retry.place) == (3, (Outcome.LOST,), "tail")
    await send(it, "b")
    (new,) = await spoken.assigned()
    assert new.digest != old.digest, "the pack's content is the accepted one: run, schemas and environment are in it"
    assert new.policy == old.policy


async def test_a_removed_rule_leaves_what_it_planned(it: Live) -> None:
    agent = await it.enrol("one")
    planned = await waiting(it, "a", "b")
    await it.live_at(it.pushes.remove(RULE))
    spoken = await agent.hello()
    assert [item.execution for item in await spoken.assigned(2)] == [one.id for one in planned]


async def test_a_removed_pack_ends_what_has_not_started_and_nothing_that_runs(it: Live) -> None:
    spoken = await (await it.enrol("one")).hello()
    await send(it, "a", "b")
    running, handed = await spoken.assigned(2)
    await spoken.say(spoken.ack(handed), report(running, State.STARTED))
    await it.live_at(it.pushes.remove(*(path for path in FILES if path.startswith("packs/web/"))))
    await spoken.next(ActivateFrame)
    cancel = await spoken.next(CancelFrame)
    assert isinstance(cancel, CancelFrame)
    assert (cancel.body.execution, cancel.body.reason) == (handed.execution, Reason.REMOVED)
    assert (await it.execution(running.execution)).conditions == []
    await spoken.say(report(handed, State.SETTLED, Outcome.CANCELLED, attempt=0, reason=Reason.REMOVED))
    assert (await it.execution(handed.execution)).reason is Reason.REMOVED


async def test_a_changed_key_makes_new_queues_and_the_old_one_drains_in_its_order(it: Live) -> None:
    agent = await it.enrol("one")
    await waiting(it, "a", "b")
    await publish(it, KEYED)
    await waiting(it, "c", "d", "c2")
    spoken = await agent.hello()
    assigns = await spoken.assigned(5)
    queues: dict[str, list[tuple[str, int, int]]] = {}
    for item in assigns:
        queues.setdefault(item.queue.key, []).append((str(item.input["unit"]), item.sequence, item.after))
    assert queues == {
        "null": [("a", 1, 0), ("b", 2, 1)],
        '"c"': [("c", 1, 0)],
        '"d"': [("d", 1, 0)],
        '"c2"': [("c2", 1, 0)],
    }
    await publish(it, RESTART)
    await spoken.next(ActivateFrame)
    await send(it, "e")
    (back,) = await spoken.assigned()
    assert (back.queue.key, back.sequence, back.after) == ("null", 3, 2), "the old queue goes on where it was"


async def test_a_lowered_limit_is_told_and_ends_nothing(it: Live) -> None:
    await publish(it, RESTART + "concurrency: {limit: 3}\n")
    spoken = await (await it.enrol("one")).hello()
    await send(it, "a", "b")
    assigns = await spoken.assigned(2)
    await spoken.say(spoken.ack(assigns[1]), *(report(item, State.STARTED) for item in assigns))
    await publish(it, RESTART)
    frame = await spoken.next(ActivateFrame)
    assert isinstance(frame, ActivateFrame)
    assert frame.body.policies["web.restart"].limit == 1
    assert await spoken.quiet()
    assert [(await it.execution(item.execution)).state for item in assigns] == [State.STARTED] * 2
