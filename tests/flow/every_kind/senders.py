"""Everybody who sends from outside: GitHub, an Alertmanager, programs with the official CloudEvents SDK, and one that sends lines in bulk.

Started by the test of every kind of event, each in a thread of its own and over the same stretch of time, so that every crash meets all
of them. Each keeps an event until it is acknowledged, sends it again under the same id until then, and only then counts it as sent.
"""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from attune_cli.client import Client
from attune_cli.errors import ControllerUnreachable
from attune_cli.profiles import Profile
from attune_core.models.webhook import WebhookDocument
from attune_core.shipped import shipped
from attune_core.values import JsonObject, JsonValue, canonical_json
from attune_core.webhooks.scheme import Sending
from attune_core.webhooks.table import SCHEMES
from attune_core.wire.cloudevents_http import BATCH, LINES, STRUCTURED
from tests.flow.every_kind.night import SECRETS

#: How much each sends; times the scale. Bulk goes in requests of 200 lines, batches have ten events, and
#: five in a row settle together.
REQUESTS = {"bulk": 22, "structured": 30, "binary": 30, "batch": 40, "github": 20, "alertmanager": 20, "settling": 40, "pairs": 10}
BULK, BATCHED, KEYED = 200, 10, 5
#: What was sent before any clock was set: old events are taken, those from a day ahead are not.
_TIME = datetime(2026, 10, 24, 20, tzinfo=UTC)
#: How long a sender tries to get rid of one request; seconds.
PATIENCE = 120.0
_PACE = threading.Event()


@dataclass
class Senders:
    """Who sends, and what was acknowledged: source -> ids. Those that a test of absence answers stand apart."""

    profile: Profile
    scale: int
    stretch: float
    sent: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def bulk(self, client: Client, n: int) -> None:
        numbers = range(n * BULK, (n + 1) * BULK)
        self._post(client, "/events", _lines("urn:bulk", "outside.line", numbers), {"content-type": LINES})
        self.sent["urn:bulk"] += map(str, numbers)

    def structured(self, client: Client, n: int) -> None:
        message = to_structured_event(_event("urn:structured", n))
        self._post(client, "/events", message.body, message.headers)
        self.sent["urn:structured"].append(str(n))

    def binary(self, client: Client, n: int) -> None:
        message = to_binary_event(_event("urn:binary", n))
        self._post(client, "/events", message.body, message.headers)
        self.sent["urn:binary"].append(str(n))

    def batch(self, client: Client, n: int) -> None:
        numbers = range(n * BATCHED, (n + 1) * BATCHED)
        body = b"[" + b",".join(JSONFormat().write(_event("urn:batch", number)) for number in numbers) + b"]"
        self._post(client, "/events", body, {"content-type": BATCH})
        self.sent["urn:batch"] += map(str, numbers)

    def github(self, client: Client, n: int) -> None:
        body = _payload("github_push", after=f"{n:040x}")
        document = WebhookDocument.model_validate(
            {"verify": "github", "trigger": "github.push", "secret": "${{ controller.secrets.github }}"}
        )
        sending = Sending(body=body, secret=SECRETS["github"].encode(), now=0.0, delivery=f"delivery-{n}")
        headers = SCHEMES["github"].sign(sending, document) | {"x-github-event": "push", "content-type": "application/json"}
        self._post(client, "/hooks/github", body, headers)
        self.sent["attune:hooks/github"].append(sending.delivery)

    def alertmanager(self, client: Client, n: int) -> None:
        body = _payload("alertmanager_notification", groupKey=f"{{}}:{{number={n}}}")
        headers = {"authorization": f"Bearer {SECRETS['alertmanager']}", "content-type": "application/json"}
        told = self._post(client, "/hooks/alertmanager", body, headers)
        self.sent["attune:hooks/alertmanager"].append(str(told["id"]))

    def settling(self, client: Client, n: int) -> None:
        body = canonical_json(_plain("urn:settling", "outside.settling", str(n), n // KEYED)).encode()
        self._post(client, "/events", body, {"content-type": STRUCTURED})
        self.sent["urn:settling"].append(str(n))

    def pairs(self, client: Client, n: int) -> None:
        """Send two beginnings, of which one is over at once, in one commit."""
        events: list[JsonValue] = [
            _plain("urn:unanswered", "outside.begun", str(n), n),
            _plain("urn:answered", "outside.begun", str(n), -1 - n),
            _plain("urn:answers", "outside.over", str(n), -1 - n),
        ]
        self._post(client, "/events", json.dumps(events).encode(), {"content-type": BATCH})
        self.sent["urn:unanswered"].append(str(n))

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Send everything meanwhile; at the end all of it is acknowledged."""
        with ThreadPoolExecutor(len(REQUESTS)) as pool:
            futures: list[Future[None]] = [pool.submit(self._send_all, name, send) for name, send in self._ways().items()]
            yield
            for future in futures:
                future.result(timeout=self.stretch + PATIENCE)

    def _ways(self) -> Mapping[str, Callable[[Client, int], None]]:
        return {
            "bulk": self.bulk,
            "structured": self.structured,
            "binary": self.binary,
            "batch": self.batch,
            "github": self.github,
            "alertmanager": self.alertmanager,
            "settling": self.settling,
            "pairs": self.pairs,
        }

    def _send_all(self, name: str, send: Callable[[Client, int], None]) -> None:
        count = REQUESTS[name] * self.scale
        # A service that calls a webhook has no token of the API.
        profile = replace(self.profile, token="") if name in SECRETS else self.profile
        began = time.monotonic()
        with Client(profile) as client:
            for n in range(count):
                send(client, n)
                _PACE.wait(max(0.0, began + self.stretch * (n + 1) / count - time.monotonic()))

    def _post(self, client: Client, path: str, body: bytes, headers: Mapping[str, str]) -> JsonObject:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with suppress(ControllerUnreachable):
                status, told = client.post_bytes(path, body, headers)
                assert status in {200, 202, 429, 503}, (status, told)
                if status < 300:
                    return told
            _PACE.wait(0.2)
        raise AssertionError(f"no request to {path} was acknowledged within {PATIENCE:g} s")


def _plain(source: str, kind: str, event: str, n: int) -> JsonObject:
    return {"specversion": "1.0", "source": source, "id": event, "type": kind, "data": {"n": n}}


def _lines(source: str, kind: str, numbers: Sequence[int]) -> bytes:
    return b"".join(canonical_json(_plain(source, kind, str(n), n)).encode() + b"\n" for n in numbers)


def _event(source: str, n: int) -> CloudEvent:
    attributes = {"id": str(n), "source": source, "type": "outside.sent", "time": _TIME, "datacontenttype": "application/json"}
    return CloudEvent(attributes, {"n": n})


def _payload(name: str, **changed: JsonValue) -> bytes:
    document = json.loads((shipped("examples") / "payloads" / f"{name}.json").read_text(encoding="utf-8"))
    return json.dumps(document | changed).encode()
