"""Bad input on the running system: each gets a clear answer where its owner looks, and nothing of the rest is lost.

The parts have their own tests of these cases; here it is the whole way, from the real listener to what the command line shows.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from attune_cli.profiles import save_profile
from attune_core.states import Outcome, Reason, State
from attune_core.values import JsonObject, JsonValue
from tests.cli.commands import attune
from tests.running import Running, action_document, open_for_attempts, pack, running_system, shared_directory
from tests.waiting import wait_until

pytestmark = pytest.mark.flow

HOOK_SECRET = b"of the webhook"
ENVIRONMENTS: JsonValue = {
    "python": {"ecosystem": "python", "interpreter": ">=3.99", "lock": "requirements.lock"},
    "altered": {"ecosystem": "python", "lock": "altered.lock"},
}
FILES = {
    **pack(
        "odd",
        {
            "pack.yaml": json.dumps({"name": "odd", "version": "1.0.0", "description": "For tests", "environments": ENVIRONMENTS}),
            "requirements.lock": "",
            "altered.lock": f"six==1.16.0 --hash=sha256:{'0' * 64}\n",
            "triggers/push.yaml": json.dumps(
                {
                    "description": "A push",
                    "data": {"type": "object", "required": ["ref"], "properties": {"ref": {"type": "string"}, "size": {"type": "integer"}}},
                }
            ),
            "triggers/ping.yaml": json.dumps(
                {"description": "A ping", "data": {"type": "object", "required": ["zen"], "properties": {"zen": {"type": "string"}}}}
            ),
            "rules/push.yaml": json.dumps(
                {
                    "description": "Greet who pushes",
                    "trigger": "odd.push",
                    "action": "odd.fine",
                    "agents": {"match": {"role": "test"}},
                }
            ),
            "actions/fine.yaml": action_document("fine.sh"),
            "actions/fine.sh": "echo fine\n",
            "actions/future.yaml": json.dumps({"description": "Needs a python to come", "run": ["python", "-V"], "environment": "python"}),
            "actions/altered.yaml": json.dumps(
                {
                    "description": "Would run on what is installed wrongly, or on the host's own python",
                    "run": ["python3", "-c", "print('ran')"],
                    "environment": "altered",
                    "retry": {"maximum_attempts": 3, "initial_interval": "1s", "after": ["failed"]},
                }
            ),
            "actions/secret.yaml": action_document("fine.sh", parameters={"token": {"type": "string", "secret": True}}),
            "actions/gated.yaml": action_document(
                "gated.sh", parameters={"gate": {"type": "string"}}, env={"GATE": "${{ parameters.gate }}"}
            ),
            "actions/gated.sh": 'echo "$ATTUNE_EXECUTION_ID" >> "$GATE.ran"\nwhile [ ! -e "$GATE" ]; do sleep 0.02; done\n',
        },
    ),
    "webhooks/github.yaml": json.dumps(
        {
            "description": "For tests",
            "verify": "github",
            "secret": "${{ controller.secrets.hook }}",
            "trigger": 'odd.${{ headers["x-github-event"] }}',
            "allow": ["push", "ping"],
        }
    ),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("odd")
    open_for_attempts(found)
    return found


@pytest.fixture(scope="module")
def running(place: Path) -> Iterator[Running]:
    with running_system(place, FILES) as found:
        found.system.put_controller_secret("hook", HOOK_SECRET.decode())
        yield found


def test_a_pack_that_is_not_what_its_digest_says_is_rejected_and_run_once_it_is_right(running: Running) -> None:
    packs = running.system.controller_state / "packs"
    (archive,) = (place for place in packs.glob("*.tar") if b"echo fine" in place.read_bytes())
    right = archive.read_bytes()
    archive.write_bytes(right.replace(b"echo fine", b"echo evil"))
    found = running.run("odd.fine")
    assert (found.outcome, found.reason) == (Outcome.REJECTED, Reason.PACK_MISMATCH)
    assert archive.stem[:16] in found.detail
    assert running.log(found.id).total == 0
    archive.write_bytes(right)
    again = running.run("odd.fine")
    assert again.outcome is Outcome.SUCCEEDED, again
    assert base64.b64decode(running.log(again.id).content) == b"fine\n"


def test_a_missing_interpreter_is_said_with_what_is_there_instead(running: Running) -> None:
    found = running.run("odd.future")
    assert (found.outcome, found.reason, found.attempt) == (Outcome.FAILED, Reason.ENVIRONMENT_FAILED, 1)
    assert "no python >=3.99" in found.detail
    assert "/usr/bin/python3" in found.detail


@pytest.mark.registry
def test_a_build_that_fails_is_the_end_and_its_log_says_why(running: Running) -> None:
    found = running.run("odd.altered")
    assert (found.outcome, found.reason, found.attempt) == (Outcome.FAILED, Reason.ENVIRONMENT_FAILED, 1)
    assert "hash" in found.detail
    assert running.printed(found.id) == b"", "nothing ran instead"
    assert b"Hash mismatch" in running.printed(found.id, "build")


def test_a_missing_secret_is_named_and_read_anew_by_the_next_execution(running: Running) -> None:
    found = running.run("odd.secret", secrets={"token": "odd_token"})
    assert (found.outcome, found.reason) == (Outcome.FAILED, Reason.SECRET_MISSING)
    assert "odd_token" in found.detail
    running.system.put_agent_secret(running.agent, "odd_token", "there now")
    assert running.run("odd.secret", secrets={"token": "odd_token"}).outcome is Outcome.SUCCEEDED


def test_a_running_and_a_waiting_execution_are_cancelled_and_the_next_one_runs(running: Running, place: Path) -> None:
    gate = shared_directory(place, "gate") / "open"
    ran = gate.with_name("open.ran")
    under_way, waiting, last = (running.start("odd.gated", {"gate": str(gate)}) for _ in range(3))
    wait_until(ran.exists, what="the first one under way")
    running.cancel(waiting)
    found = running.settled(waiting)
    assert (found.outcome, found.reason, found.started_at) == (Outcome.CANCELLED, Reason.OPERATOR, "")
    assert running.execution(under_way).state is State.STARTED, "the other one is not touched"
    running.cancel(under_way)
    found = running.settled(under_way)
    assert (found.outcome, found.reason, found.attempt) == (Outcome.CANCELLED, Reason.OPERATOR, 1)
    gate.touch()
    assert running.settled(last).outcome is Outcome.SUCCEEDED
    assert ran.read_text().split() == [under_way, last], "what was cancelled while it waited never ran"


def deliver(
    running: Running, payload: JsonValue, delivery: str, *, event: str = "push", secret: bytes | None = HOOK_SECRET
) -> tuple[int, JsonObject]:
    """Send what GitHub would; without a secret it is not signed at all."""
    body = json.dumps(payload).encode()
    headers = {"content-type": "application/json", "x-github-event": event, "x-github-delivery": delivery}
    if secret is not None:
        headers["x-hub-signature-256"] = f"sha256={hmac.new(secret, body, hashlib.sha256).hexdigest()}"
    return running.client.post_bytes("/hooks/github", body, headers)


def test_a_webhook_counts_once_and_only_if_its_sender_has_the_secret(running: Running) -> None:
    payload: JsonValue = {"ref": "refs/heads/main"}
    status, answer = deliver(running, payload, "d-1", secret=None)
    assert (status, answer["code"]) == (401, "ATT421")
    status, answer = deliver(running, payload, "d-1", secret=b"of somebody else")
    assert (status, answer["code"]) == (401, "ATT421")

    status, first = deliver(running, payload, "d-1")
    assert status == 202
    assert isinstance(first["position"], int)
    (execution,) = running.executions_of(first["position"])

    status, answer = deliver(running, payload, "d-1")
    assert (status, answer["position"]) == (200, first["position"]), "a repeated delivery is the same event"
    status, answer = deliver(running, payload, "d-2")
    assert (status, answer["code"]) == (409, "ATT609"), "the same body under another id is a replay"
    status, answer = deliver(running, {"ref": "refs/heads/other"}, "d-3", event="release")
    assert (status, answer["code"]) == (403, "ATT424"), "the unsigned header selects only among what is allowed"

    assert running.settled(execution).outcome is Outcome.SUCCEEDED
    assert running.event(first["position"]).executions == [execution]


def test_a_payload_that_does_not_fit_its_trigger_is_a_dead_letter_that_the_command_line_shows(
    running: Running, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a delivery whose unsigned header was changed to another allowed event: the payload's schema decides."""
    status, relabelled = deliver(running, {"ref": "refs/heads/main", "size": 2}, "d-4", event="ping")
    assert status == 202
    accepted = running.send("odd.push", {"ref": "refs/heads/main", "size": "\x1b[31mlarge"}, event_id="unfit")
    for position in (relabelled["position"], accepted.position):
        assert isinstance(position, int)
        event = running.event(position)
        assert (event.status, event.executions) == ("dead_letter", [])

    monkeypatch.setenv("XDG_CONFIG_HOME", str(place / "config"))
    save_profile("default", running.system.profile)
    shown = attune("event", "list", "--status", "dead_letter", cwd=place, env={"XDG_CONFIG_HOME": str(place / "config")})
    assert shown.returncode == 0, shown.stderr
    lines = [line for line in shown.stdout.splitlines() if "dead_letter" in line]
    assert len(lines) == 2
    assert [line.split()[:2] for line in lines] == [[str(accepted.position), "odd.push"], [str(relabelled["position"]), "odd.ping"]]
    assert "size" in lines[0]
    assert "zen" in lines[1]
    assert "\x1b" not in shown.stdout

    as_json = attune("event", "list", "--json", "--status", "dead_letter", cwd=place, env={"XDG_CONFIG_HOME": str(place / "config")})
    assert [event["position"] for event in json.loads(as_json.stdout)] == [accepted.position, relabelled["position"]]
