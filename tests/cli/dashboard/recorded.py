"""A controller as recorded documents, for tests of the dashboard: its answer to each path, what was posted, and whether it is there."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import BaseModel

from attune_cli.client import Parameters
from attune_cli.errors import ControllerUnreachable, RequestFailed
from attune_core.moments import parse_rfc3339
from attune_core.values import JsonObject, JsonValue

Answer = TypeVar("Answer", bound=BaseModel)

#: The moment at which everything was recorded.
NOW = "2026-03-04T12:00:00.000000Z"
CLOCK = parse_rfc3339(NOW)


def at(seconds: float) -> str:
    """Return a moment so many seconds before."""
    from attune_core.ports import rfc3339

    return rfc3339(CLOCK - seconds)


@dataclass
class Recorded:
    """Answers by path; a callable one would be too clever, tests change `answers` instead."""

    answers: dict[str, JsonValue]
    there: bool = True
    #: The answer to a POST does not arrive, though what it asks for is done.
    deaf: bool = False
    posted: list[tuple[str, JsonValue]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    def get(self, path: str, kind: type[Answer], parameters: Parameters | None = None) -> Answer:
        """Answer from what was recorded; lists are cut into pages as the controller does it."""
        given = {name: str(value) for name, value in (parameters or {}).items() if value is not None}
        self.asked.append((path, given))
        self._require_there()
        if path not in self.answers:
            raise RequestFailed(f"there is no {path}", hint="ask for something else")
        found = self.answers[path]
        if isinstance(found, list):
            found = _page(found, given)
        elif path.endswith("/logs"):
            found = _window(str(found), int(given["offset"]) if given.get("stream") == "stdout" else 1 << 30)
        return kind.model_validate(found)

    def post(self, path: str, body: JsonValue, kind: type[Answer], *, key: str = "") -> Answer:
        """Remember what was sent."""
        self._require_there()
        self.posted.append((path, body))
        self.keys.append(key)
        if self.deaf:
            raise ControllerUnreachable("https://127.0.0.1:7443: the connection was broken off")
        return kind.model_validate({})

    def _require_there(self) -> None:
        if not self.there:
            raise ControllerUnreachable("https://127.0.0.1:7443: connection refused")


def _page(rows: list[JsonValue], given: Mapping[str, str]) -> JsonObject:
    """Return a page as the controller does: by numbers where there are some, in either order, else by the place in the list."""
    places = [_place(row, number) for number, row in enumerate(rows, 1)]
    order = list(zip(places, rows, strict=True))[:: -1 if given.get("order") == "oldest" else 1]
    begin = next((number for number, (place, _) in enumerate(order, 1) if place == given.get("after")), 0)
    page = order[begin : begin + int(given["limit"])]
    return {"items": [row for _, row in page], "next": page[-1][0] if begin + len(page) < len(order) else ""}


def _place(row: JsonValue, number: int) -> str:
    known = (row.get("number") or row.get("position")) if isinstance(row, dict) else None
    return str(known or number)


def execution(number: int, **fields: JsonValue) -> JsonObject:
    """Return an execution; it succeeded unless something else is said."""
    document: JsonObject = {
        "id": f"0190f0c0-0000-7000-8000-{number:012d}",
        "number": number,
        "action": "web.restart",
        "rule": "web.restart_on_alert",
        "event": 400 + number,
        "agent": "web1",
        "queue_key": '"web_1"',
        "epoch": 1,
        "sequence": number,
        "revision": "a1b2c3d4e5f60718293a4b5c6d7e8f9001122334",
        "state": "settled",
        "outcome": "succeeded",
        "attempt": 1,
        "accepted_at": at(60 + number),
        "started_at": at(59.5 + number),
        "settled_at": at(58 + number),
    }
    return {**document, **fields}


def failed(number: int, action: str, agent: str, **fields: JsonValue) -> JsonObject:
    """Return one that failed."""
    return {**execution(number, action=action, agent=agent, outcome="failed", reason="exit_code", exit_code=3), **fields}


def agent(name: str, **fields: JsonValue) -> JsonObject:
    """Return an agent that is there and has something to do."""
    document: JsonObject = {
        "name": name,
        "labels": {"role": "web", "zone": "eu-1"},
        "state": "connected",
        "version": "0.1.0",
        "slots": 4,
        "busy": 2,
        "in_hand": 7,
        "waiting": 0,
        "enrolled_at": at(86_400 * 3),
        "last_seen_at": at(2),
    }
    return {**document, **fields}


def queue(action: str, place: str, **fields: JsonValue) -> JsonObject:
    """Return a queue in which something waits."""
    document: JsonObject = {
        "place": place,
        "action": action,
        "key": "null",
        "epoch": 1,
        "waiting": 12,
        "in_hand": 4,
        "running": 1,
        "returning": 0,
        "head": 21,
        "oldest_at": at(185),
        "waiting_for": "",
    }
    return {**document, **fields}


def event(position: int, **fields: JsonValue) -> JsonObject:
    """Return an event that was planned."""
    document: JsonObject = {
        "position": position,
        "id": f"evt-{position}",
        "source": "alertmanager",
        "type": "web.alert",
        "subject": "unit web_1",
        "time": at(position),
        "received_at": at(position),
        "status": "planned",
        "revision": "a1b2c3d4e5f60718293a4b5c6d7e8f9001122334",
        "executions": ["0190f0c0-0000-7000-8000-000000000001"],
        "data": {"severity": "high", "unit": "web_1"},
    }
    return {**document, **fields}


def rule(ref: str, **fields: JsonValue) -> JsonObject:
    """Return a live rule."""
    document: JsonObject = {
        "ref": ref,
        "trigger": "web.alert",
        "action": "web.restart",
        "when": 'event.data.severity in ["critical", "high"]',
        "description": "A failing unit is restarted on the host that reported it",
        "path": f"packs/{ref.replace('.', '/rules/')}.yaml",
        "line": 1,
    }
    return {**document, **fields}


def _window(text: str, offset: int) -> JsonObject:
    """Return what a log of an execution that runs has from an offset on; stderr is empty."""
    content = text.encode()[offset:]
    total = len(text.encode())
    return {"offset": min(offset, total), "content": base64.b64encode(content).decode(), "total": total, "ended": False, "attempt": 1}


def overview(**fields: JsonValue) -> JsonObject:
    """Return a controller with some life."""
    wave = [40, 42, 45, 50, 61, 70, 66, 52, 44, 41, 39, 38]
    outcomes: JsonObject = {
        "succeeded": [4 * one for one in wave * 5],
        "failed": [one % 3 if one > 65 else 0 for one in wave * 5],
        "timed_out": [*[0] * 58, 1, 0],
    }
    document: JsonObject = {
        "now": NOW,
        "version": "0.1.0",
        "started_at": at(3600 * 5),
        "events_per_second": 12.4,
        "events": [*wave * 5],
        "outcomes": outcomes,
        "unsettled": 134,
        "running": 6,
        "events_waiting": 0,
        "dead_letters": 2,
        "queues": [
            queue("web.restart", "web1"),
            queue("web.drain", "*", waiting=3, in_hand=0, running=0, oldest_at=at(4000), waiting_for="a free slot"),
            queue(
                "db.backup",
                "db1",
                key='"orders"',
                running=0,
                paused=[{"action": "db.backup", "key": None, "note": "release freeze", "by": "ada", "since": at(900)}],
            ),
        ],
        "agents": [
            agent("web1"),
            agent("web2", busy=4, in_hand=9),
            agent(
                "db1",
                labels={"role": "db"},
                busy=0,
                marks=[{"kind": "cordoned", "note": "disk", "by": "ada", "since": at(60), "applied": True}],
            ),
            agent("web3", state="unreachable", busy=0, last_seen_at=at(700)),
        ],
        "sync": {
            "repository": "ssh://git@git.example/infra/attune.git",
            "branch": "main",
            "active_revision": "a1b2c3d4e5f60718293a4b5c6d7e8f9001122334",
            "activated_at": at(7300),
            "observed_revision": "a1b2c3d4e5f60718293a4b5c6d7e8f9001122334",
            "observed_at": at(20),
        },
        "alarms": [],
        "failures": [
            failed(1207, "web.restart", "web1", detail="exit code 3"),
            execution(1190, action="db.backup", agent="db1", outcome="timed_out", reason=None, settled_at=at(400)),
            execution(1100, action="web.drain", agent="", outcome="rejected", reason="no_agent", settled_at=at(4000), started_at=""),
        ],
    }
    return {**document, **fields}


def everything() -> dict[str, JsonValue]:
    """Return answers for every place of the dashboard."""
    running = execution(1208, state="started", outcome=None, settled_at="", started_at=at(42))
    queued = execution(1209, state="queued", outcome=None, settled_at="", started_at="", attempt=0, waiting_for="those before it: 1")
    executions = [
        queued,
        running,
        failed(1207, "web.restart", "web1", detail="exit code 3"),
        *(execution(n) for n in range(1206, 1000, -1)),
    ]
    agents = [agent("db1"), agent("web1"), agent("web2")]
    queues = [queue("web.restart", "web1"), queue("web.drain", "*")]
    content: JsonObject = {
        "queue": queue("web.restart", "web1"),
        "items": [
            {
                "position": 1,
                "number": 1208,
                "id": "a",
                "sequence": 1,
                "state": "started",
                "attempt": 1,
                "agent": "web1",
                "accepted_at": at(43),
            },
            {"position": 2, "number": 1209, "id": "b", "sequence": 2, "state": "queued", "accepted_at": at(40)},
        ],
    }
    return {
        "/v1/overview": overview(),
        "/v1/executions": list(executions),
        "/v1/executions/1208": running,
        "/v1/executions/1207": failed(1207, "web.restart", "web1", detail="exit code 3", result={"active": False}),
        "/v1/executions/1208/logs": "stopping web_1\nstarting web_1\n",
        "/v1/events": [event(n) for n in range(30, 0, -1)],
        "/v1/events/17": event(17),
        "/v1/queues": list(queues),
        "/v1/queues/web1/web.restart": content,
        "/v1/agents": list(agents),
        "/v1/agents/web1": agent("web1"),
        "/v1/rules": [rule("web.restart_on_alert"), rule("web.drain_on_alert", enabled=False)],
        "/v1/explain/execution/1209": {
            "answer": {
                "cause": "slot_taken",
                "text": "It waits for execution 1208, which stands before it in its queue and runs on web1.",
                "remedies": [{"text": "wait, or cancel the one before it", "command": "attune execution cancel 1208"}],
            },
            "facts": {"now": NOW, "execution": queued},
        },
    }
