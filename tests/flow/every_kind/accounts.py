"""The accounts of a run: what was sent, what the controller's log has, and what actions wrote, each source -> ids in their order.

Made by the test of every kind of event when all is over, and compared there.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from attune_cli.client import Client
from attune_core.wire.api import EventView, Page
from tests.flow.every_kind.repository import ENDS, JOINED

Account = Mapping[str, Sequence[str]]
#: What is answered in time, and the answers: no rule fires for them.
_SILENT = {"urn:answered", "urn:answers"}
#: Keys of one source, whose groups end in an order of their own.
UNORDERED = {"urn:settling", "urn:unanswered"}


@dataclass(frozen=True)
class Log:
    """The events of the controller, oldest first."""

    events: Sequence[EventView]

    def account(self) -> Account:
        """Return those that a rule is to fire for."""
        found: dict[str, list[str]] = defaultdict(list)
        for event in self.events:
            if event.type == "note.write.completed":
                if isinstance(event.data, dict) and event.data["rule"] == "note.github":
                    found[ENDS].append(event.id)
            elif event.type == "core.agent_joined":
                found[JOINED].append(event.id)
            elif event.source not in _SILENT and not event.type.startswith("core."):
                found[event.source].append(event.id)
        return found

    def numbers(self, source: str) -> list[object]:
        """Return what the events of a sensor say of themselves."""
        return [event.data["n"] for event in self.events if event.source == source and isinstance(event.data, dict)]


def read_log(client: Client) -> Log:
    """Read all of it."""
    return Log([*client.pages("/v1/recorded_events", Page[EventView], {}, most=1_000_000)])


def written(lines: Iterable[str]) -> Account:
    """Return what the witness says."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        source, _, event = line.partition(" ")
        found[source].append(event)
    return found


def counts(account: Account) -> dict[str, int]:
    """Return how many events each source has."""
    return {source: len(ids) for source, ids in sorted(account.items())}


def in_order(account: Account) -> Account:
    """Return it with those sorted whose order is nobody's promise."""
    return {source: sorted(ids) if source in UNORDERED else ids for source, ids in account.items()}
