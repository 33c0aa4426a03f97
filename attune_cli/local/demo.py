"""The demo: the main job end to end with real programs, git, TLS and registries, told step by step.

`attune demo` and the flow test run it; it drives a `system` as people and webhooks would.
"""

import base64
import hashlib
import hmac
import json
import secrets
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from attune_cli.client import Client
from attune_cli.errors import ProgramFailed
from attune_cli.follow import executions_of, states_of
from attune_cli.local.origin import Origin
from attune_cli.local.system import LocalSystem, network_settings
from attune_cli.render.output import compact
from attune_cli.render.status import problem_line
from attune_cli.render.story import Branch, Story
from attune_core.shipped import shipped
from attune_core.states import Outcome
from attune_core.values import JsonObject
from attune_core.wire.api import ExecutionView, LogView, StatusView

RULE = "packs/deploy/rules/restart_on_push.yaml"
NODE_RULE = "packs/deploy/rules/announce_on_push.yaml"


@dataclass(kw_only=True)
class Demo:
    """One telling below `root`; every step checks itself and raises `ProgramFailed` when the machine disagrees."""

    root: Path
    story: Story
    #: Whether this machine has Node.js; its rule is switched off otherwise.
    node: bool = False
    #: What is live at first, the hook's secret, and the body that GitHub documents for a push.
    commit: str = ""
    secret: str = ""
    payload: bytes = b""

    def tell(self) -> None:
        """Run all steps; leave nothing running."""
        origin = self._push_example()
        with LocalSystem(root=self.root / "system", repository=str(origin.bare), network=network_settings()) as system:
            self._start(system)
            with system.client() as client:
                self._first_event(client)
                self._second_push(system, client, origin)
                self._broken_push(system, origin)

    def _push_example(self) -> Origin:
        self.story.step("a pack repository is pushed with git")
        origin = Origin(self.root / "git")
        origin.copy(shipped("examples") / "deploy")
        self.node = shutil.which("node", path="/usr/local/bin:/usr/bin:/bin") is not None
        if not self.node:
            with (origin.clone / NODE_RULE).open("a", encoding="utf-8") as rule:
                rule.write("enabled: false\n")
            self.story.say("Node.js is not on this machine: its rule is switched off", style="yellow")
        self.commit = origin.push("the example")
        self.story.say(f"{self.commit[:12]} on {origin.bare}")
        return origin

    def _start(self, system: LocalSystem) -> None:
        self.story.step("controller and two agents start, and join by TLS and token")
        self.secret = secrets.token_hex(16)
        system.put_controller_secret("github", self.secret)
        system.start_controller()
        self._require_live(system.wait_for_revision(self.commit), self.commit)
        self.story.say(f"controller {system.profile.url}: revision {self.commit[:12]} is live")
        for name, labels in (("web1", {"role": "web"}), ("db1", {"role": "db"})):
            agent = system.add_agent(name, labels)
            system.put_agent_secret(agent, "deploy_token", secrets.token_hex(16))
            uids = f"attempts run as uids {agent.uids[1]}…{agent.uids[-1]}" if agent.uids else "attempts run as this user: not root"
            self.story.say(f"agent {name} {labels}: {uids}")
        system.wait_for_agents()
        self.payload = (shipped("examples") / "payloads" / "github_push.json").read_bytes()

    def _first_event(self, client: Client) -> None:
        self.story.step("a signed webhook arrives: one event, three languages, the right hosts")
        position = self._deliver(client, self.payload)
        ended = self._watch(client, position)
        for found in ended:
            self.story.say(f"the log of {found.action} on {found.agent}:")
            self.story.quote(_log(client, found.id))

    def _second_push(self, system: LocalSystem, client: Client, origin: Origin) -> None:
        self.story.step("a second push changes a rule; the same kind of event does the new thing")
        rule = origin.clone / RULE
        rule.write_text(rule.read_text(encoding="utf-8").replace("unit: site\n", "unit: site_blue\n"), encoding="utf-8")
        self.commit = origin.push("restart the blue site")
        self._require_live(system.wait_for_revision(self.commit), self.commit)
        self.story.say(f"revision {self.commit[:12]} is live")
        status, answer = self._post(client, self.payload)
        self.story.say(f"the old body again, under a new delivery id: refused with {status} {answer.get('code', '')}")
        if status != 409:
            raise ProgramFailed("a replayed body was not refused")
        payload: JsonObject = json.loads(self.payload)
        payload["after"] = secrets.token_hex(20)
        ended = self._watch(client, self._deliver(client, json.dumps(payload).encode()))
        restarted = next(found for found in ended if found.action == "deploy.restart")
        if not (isinstance(restarted.result, dict) and restarted.result["unit"] == "site_blue"):
            raise ProgramFailed(f"the changed rule is not what ran: {restarted.result}")

    def _broken_push(self, system: LocalSystem, origin: Origin) -> None:
        self.story.step("a push with a mistake changes nothing, and the status says where it is")
        rule = origin.clone / RULE
        rule.write_text(rule.read_text(encoding="utf-8").replace("event.data.after", "event.data.aftr"), encoding="utf-8")
        status = system.wait_for_revision(origin.push("a typing mistake"))
        if status.sync.active_revision != self.commit or not status.sync.problems:
            raise ProgramFailed("a broken revision went live")
        for problem in status.sync.problems:
            self.story.say(problem_line(problem), style="yellow")
        self.story.say(f"still live: {self.commit[:12]}")

    def _require_live(self, status: StatusView, commit: str) -> None:
        if status.sync.active_revision != commit:
            sync = status.sync
            raise ProgramFailed(f"{commit[:12]} did not go live: {sync.step} {sync.code} {sync.message}", hint="see the controller's log")

    def _post(self, client: Client, body: bytes) -> tuple[int, JsonObject]:
        signature = hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "content-type": "application/json",
            "x-github-event": "push",
            "x-github-delivery": str(uuid.uuid4()),
            "x-hub-signature-256": f"sha256={signature}",
        }
        return client.post_bytes("/hooks/github", body, headers)

    def _deliver(self, client: Client, body: bytes) -> int:
        status, answer = self._post(client, body)
        position = answer.get("position")
        if status not in (200, 202) or not isinstance(position, int):
            raise ProgramFailed(f"the webhook was answered {status}: {compact(answer)}")
        self.story.say(f"POST /hooks/github, {len(body)} bytes, HMAC-SHA256: accepted as event {position}")
        return position

    def _watch(self, client: Client, position: int) -> Sequence[ExecutionView]:
        ended: list[ExecutionView] = []
        for execution in executions_of(client, position):
            *_, last = states_of(client, execution)
            ended.append(last)
        self.story.picture(f"event {position} github.push", [_branch(found) for found in ended])
        wrong = [found for found in ended if found.outcome is not Outcome.SUCCEEDED]
        if wrong or len(ended) != 2 + self.node:
            detail = "; ".join(f"{found.action}: {found.outcome} {found.reason} {found.detail}" for found in wrong)
            raise ProgramFailed(f"{len(ended)} executions; {detail}", hint="the programs' logs are in the directory named above")
        return ended


def _branch(found: ExecutionView) -> Branch:
    seconds = 0.0
    if found.started_at and found.settled_at:
        seconds = (datetime.fromisoformat(found.settled_at) - datetime.fromisoformat(found.started_at)).total_seconds()
    return Branch(
        agent=found.agent,
        action=found.action,
        outcome=found.outcome.value if found.outcome else "",
        seconds=seconds,
        result=compact(found.result),
    )


def _log(client: Client, execution: str) -> str:
    window = client.get(f"/v1/executions/{execution}/logs", LogView, {"stream": "stdout", "offset": 0, "limit": 4096})
    return base64.b64decode(window.content).decode("utf-8", "replace")
