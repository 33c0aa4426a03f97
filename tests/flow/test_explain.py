"""`attune explain` on a live system: many situations planted at once, and the page about it by the letter."""

import json
import re
import shlex
import socket
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from attune_core.states import State
from attune_core.values import JsonObject, JsonValue
from attune_core.version import VERSION
from attune_core.wire.api import EventView, Page
from attune_core.wire.explanations import AgentExplanation, Cause, EventExplanation, ExecutionExplanation
from tests.cli.commands import attune
from tests.pages import blocks, typed
from tests.running import Running, action_document, pack, running_system
from tests.waiting import wait_until

pytestmark = [pytest.mark.flow, pytest.mark.timeout(180)]

#: Executions of one queue, at most.
QUEUE = 6
ROLE: JsonObject = {"match": {"role": "web"}}
DATA: JsonObject = {
    "type": "object",
    "required": ["unit", "urgent"],
    "properties": {"unit": {"type": "string"}, "urgent": {"type": "boolean"}},
}


def rule(action: str, when: str, trigger: str = "web.deploy", **more: JsonValue) -> str:
    text: JsonObject = {"description": "For tests", "trigger": trigger, "when": when, "action": action}
    return json.dumps(text | {"input": {"unit": "${{ event.data.unit }}"}, "agents": ROLE} | more, indent=1)


def repository(place: Path) -> dict[str, str]:
    """Deployments run until a file lies in `place`; the other actions fail, want a secret, or are rated."""
    unit: JsonObject = {"unit": {"type": "string"}}
    held = f"while ! [ -e {place}/go ]; do sleep 0.05; done\n"
    failing: JsonObject = {"maximum_attempts": 3, "initial_interval": "10m", "maximum_interval": "10m"}
    files = pack(
        "web",
        {
            "triggers/deploy.yaml": json.dumps({"description": "A deployment", "data": DATA}),
            "triggers/alert.yaml": json.dumps({"description": "An alert", "data": DATA}),
            "requirements.lock": f"tomlkit==0.15.2 --hash=sha256:{'0' * 64}\n",
            "actions/built.yaml": action_document("rated.sh", environment="python"),
            "actions/deploy.yaml": action_document("deploy.sh", parameters=unit, timeout="5m"),
            "actions/deploy.sh": held,
            "actions/fail.yaml": action_document("fail.sh", parameters=unit, retry=failing),
            "actions/fail.sh": "exit 3\n",
            "actions/guarded.yaml": action_document("fail.sh", parameters=unit | {"token": {"type": "string", "secret": True}}),
            "actions/rated.yaml": action_document("rated.sh", parameters=unit, rate={"limit": 1, "per": "10m"}),
            "actions/rated.sh": "exit 0\n",
            "rules/deploy.yaml": rule("web.deploy", "event.data.urgent"),
            "rules/migrate.yaml": rule("web.deploy", 'event.data.urgent && event.data.unit == "db"', agents={"match": {"role": "db"}}),
            "rules/once.yaml": rule(
                "web.rated", "event.data.urgent", "web.alert", throttle={"once_within": "5m", "key": "${{ event.data.unit }}"}
            ),
        },
    )
    environments: JsonObject = {"python": {"ecosystem": "python", "interpreter": ">=3.9", "lock": "requirements.lock"}}
    web: JsonObject = {"name": "web", "version": "1.0.0", "description": "For tests", "environments": environments}
    return files | {"packs/web/pack.yaml": json.dumps(web)}


@dataclass
class Asked:
    """A system with one agent, web1, and an operator's shell."""

    running: Running
    place: Path

    def attune(self, *words: str) -> str:
        done = attune(*words, cwd=self.place)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def event(self, position: int) -> EventExplanation:
        return self.running.client.get(f"/v1/explain/event/{position}", EventExplanation)

    def execution(self, execution: str) -> ExecutionExplanation:
        return self.running.client.get(f"/v1/explain/execution/{execution}", ExecutionExplanation)

    def agent(self) -> AgentExplanation:
        return self.running.client.get("/v1/explain/agent/web1", AgentExplanation)

    def waits(self, execution: str, cause: Cause) -> ExecutionExplanation:
        """Wait until this is the answer: what an agent says of itself comes with its next status."""
        wait_until(lambda: self.execution(execution).answer.cause is cause, what=f"{cause} of {execution}")
        return self.execution(execution)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    place = tmp_path_factory.mktemp("explaining")
    # Whoever installs anything asks a proxy that takes the connection and never answers.
    silent = socket.create_server(("127.0.0.1", 0))
    proxy = {"proxy": f"http://127.0.0.1:{silent.getsockname()[1]}"}
    with (
        silent,
        running_system(place, repository(place), name="web1", labels={"role": "web"}, network=proxy, limits={"queue": QUEUE}) as running,
    ):
        profile = place / ".config/attune/profiles/default.json"
        profile.parent.mkdir(parents=True)
        profile.touch(0o600)
        profile.write_text(json.dumps(asdict(running.system.profile)))
        yield Asked(running, place)


PLAIN: Sequence[tuple[str, str]] = (
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", "2026-01-31T12:00:00"),
    (r"\d{4}-\d\d-\d\d:", "2026-01-31:"),
    (r"\b(\d+[dhms])+\b", "9s"),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "01980000-0000-7000-8000-000000000000"),
    (r"\b[0-9a-f]{12}\b", "aaaaaaaaaaaa"),
    (re.escape(VERSION), "0.1.0"),
)


def plain(text: str) -> str:
    """Return what is printed without what is different each time."""
    for pattern, instead in PLAIN:
        text = re.sub(pattern, instead, text)
    return text.strip()


def test_the_page_says_what_happens(asked: Asked) -> None:
    for _, content in blocks("explain.md"):
        for command, printed in typed(content):
            words, said = shlex.split(command)[1:], list[str]()

            def same(words: Sequence[str] = words, said: list[str] = said, printed: str = printed) -> bool:
                said[:] = [plain(asked.attune(*words))]
                return said[0] == plain(printed) or words[0] != "explain"

            try:
                wait_until(same, timeout=20, what=command)
            finally:
                assert said[0] == plain(printed), f"{command} printed:\n{said[0]}"


def test_many_situations_at_once_are_told_apart(asked: Asked) -> None:
    running = asked.running
    built = running.start("web.built")
    nowhere = running.executions_of(running.send("web.deploy", {"unit": "db", "urgent": True}, event_id="db").position)
    failing, guarded = (
        running.start("web.fail", {"unit": "a"}),
        running.start("web.guarded", {"unit": "a"}, secrets={"token": "nobody_has_it"}),
    )
    first, second = (
        running.send("web.alert", {"unit": "a", "urgent": True}, event_id="a1"),
        running.send("web.alert", {"unit": "a", "urgent": True}, event_id="a2"),
    )
    rated = [*running.executions_of(first.position), running.start("web.rated", {"unit": "b"})]
    assert running.executions_of(second.position) == []

    [throttled] = [one for one in asked.event(second.position).facts.rules if one.throttle]
    assert throttled.throttle is not None
    assert (throttled.cause, throttled.throttle.event, throttled.throttle.key) == (Cause.THROTTLED, first.position, '"a"')
    retry = asked.waits(failing, Cause.RETRY)
    assert re.match(
        r"Execution \d+ waits for attempt 2 of 3, which follows (in|after) .*: attempt 1 failed \(exit_code\)\.", retry.answer.text
    )
    secret = asked.waits(guarded, Cause.SECRET_MISSING)
    assert "there is no secret nobody_has_it on this agent" in secret.answer.text
    assert asked.waits(rated[1], Cause.RATE).facts.policy is not None
    asked.attune("queue", "pause", "web.rated", "--note", "release freeze")
    assert "every queue of web.rated is paused by admin" in asked.waits(rated[1], Cause.QUEUE_PAUSED).answer.text
    preparing = asked.waits(built, Cause.PREPARING)
    assert re.fullmatch(
        r"Execution \d+ has been preparing on web1 for \w+: its environment python is being made ready\.", preparing.answer.text
    )
    full = [running.start("web.built") for _ in range(QUEUE)][-1]
    rejected = asked.waits(full, Cause.QUEUE_FULL)
    assert rejected.facts.queue is not None
    assert (rejected.facts.queue.depth, rejected.facts.queue.before[0].id) == (QUEUE, built)
    none = asked.waits(nowhere[-1], Cause.NO_AGENT)
    assert "none is enrolled with role=db (web1 has role=web)" in none.answer.text


def test_a_pause_another_revision_and_an_absence_are_said(asked: Asked) -> None:
    running = asked.running
    asked.attune("agent", "pause", "web1", "--note", "disk swap")
    paused = running.start("web.deploy", {"unit": "c"})
    found = asked.waits(paused, Cause.PAUSED)
    assert "web1 is paused by admin" in found.answer.text
    assert asked.agent().answer.cause is Cause.PAUSED

    changed = json.loads(repository(asked.place)["packs/web/actions/deploy.yaml"]) | {"concurrency": {"limit": 3}}
    (running.origin.clone / "packs/web/rules/once.yaml").unlink()
    running.push({"packs/web/actions/deploy.yaml": json.dumps(changed)})
    wait_until(lambda: Cause.OLDER_REVISION in {one.cause for one in asked.execution(paused).also}, what="the newer revision")
    [change] = asked.execution(paused).facts.policy_changes
    assert (change.name, change.accepted, change.active) == ("limit", "1", "3")

    alert = next(
        one for one in running.client.pages("/v1/events", Page[EventView], {}, most=100) if one.type == "web.alert" and one.executions
    )
    then = asked.event(alert.position).facts
    assert (then.asked_revision, [(one.rule, one.cause, one.standing) for one in then.rules]) == (
        alert.revision,
        [("web.once", Cause.FIRED, "removed")],
    )

    assert running.agent.agent is not None
    running.agent.agent.kill()
    away = asked.waits(paused, Cause.AGENT_AWAY)
    assert "web1, which has been away for" in away.answer.text
    (asked.place / "go").touch()
    running.system.start_agent(running.agent)
    asked.attune("agent", "resume", "web1")
    assert running.settled(paused).state is State.SETTLED
