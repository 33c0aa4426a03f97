"""What the executor knows of attempts: the journal's records, applied in order, and the questions asked of them. In memory, no I/O.

`main` fills it from the journal at the start, `commit` tells it what it has written. Its records: life, keeper, start, pid, end, forget.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from attune_agent.executor import fields as read
from attune_agent.executor.fields import Fields
from attune_agent.executor.protocol import AttemptState, Kind, ListedMessage, OutcomeMessage
from attune_agent.executor.start_command import parse_key

Key = tuple[str, int]
_KINDS: tuple[Kind, ...] = ("attempt", "build", "sensor")

#: Bounds of what is not forgotten; at them no start is accepted until the agent collects outcomes.
MOST_ATTEMPTS = 10_000
MOST_OUTCOME_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Started:
    """A process of an earlier life that may still be there (unprivileged mode has no uid to find its tree by)."""

    pid: int
    ticks: int


@dataclass(frozen=True, slots=True)
class Keeper(Started):
    """A keeper and the uid it has for its own, if it has."""

    uid: int | None


@dataclass(slots=True)
class Held:
    """One attempt that is not forgotten."""

    execution: str
    attempt: int
    kind: Kind
    slot: int
    log_directory: str
    uses: str = ""
    state: AttemptState = "accepted"
    condition: str = ""
    process: Started | None = None
    outcome: Fields | None = None
    outcome_bytes: int = 0

    def listed(self) -> ListedMessage:
        """Return what `list` says of it."""
        return {
            "execution": self.execution,
            "attempt": self.attempt,
            "kind": self.kind,
            "state": self.state,
            "condition": self.condition,
            "log_directory": self.log_directory,
            "uses": self.uses,
        }


class Ledger:
    """Everything that is not forgotten."""

    def __init__(self) -> None:
        self._held: dict[Key, Held] = {}
        self._keepers: dict[int, Keeper] = {}
        self._outcome_bytes = 0
        self.life = self.boot = ""

    def apply(self, record: Fields) -> None:
        """Take in one record; restated ones change nothing."""
        match record.get("t"):
            case "life":
                self.life, self.boot = read.text(record, "life"), read.text(record, "boot")
                self._keepers.clear()
            case "keeper":
                started = _started(record)
                keeper = Keeper(started.pid, started.ticks, read.optional_whole(record, "uid", 1, 1 << 32))
                self._keepers[read.whole(record, "slot", 0, 1 << 16)] = keeper
            case "start":
                key = parse_key(record)
                kind = read.one_of(record, "kind", _KINDS) if "kind" in record else "attempt"
                slot = read.whole(record, "slot", 0, 1 << 16)
                self.started(Held(*key, kind, slot, read.text(record, "log_directory"), read.text(record, "uses", "")))
            case "pid":
                self._set_process(parse_key(record), record)
            case "end":
                outcome = read.nested(record, "outcome")
                self._set_ended(parse_key(outcome), outcome, read.text(read.nested(outcome, "result"), "body_b64", ""))
            case "forget":
                self._forget(parse_key(record))
            case unknown:
                raise read.FieldWrong(f"a record of the unknown kind {unknown!r}")

    def started(self, held: Held) -> None:
        """Take in a start that is on the disk."""
        self._held.setdefault((held.execution, held.attempt), held)

    def ended(self, outcome: OutcomeMessage) -> None:
        """Take in an end that is on the disk."""
        self._set_ended((outcome["execution"], outcome["attempt"]), outcome, outcome["result"]["body_b64"])

    def restated(self) -> Iterator[Fields]:
        """Return the records that stand for all of it."""
        yield {"t": "life", "life": self.life, "boot": self.boot}
        for slot, keeper in self._keepers.items():
            yield keeper_record(slot, keeper)
        for held in self._held.values():
            yield start_record(held)
            if held.process is not None:
                yield pid_record(held, held.process)
            if held.outcome is not None:
                yield end_record(held.outcome)

    def get(self, key: Key) -> Held | None:
        """Return what is known of an attempt."""
        return self._held.get(key)

    def unended(self) -> list[Held]:
        """Return the attempts whose end is not durable."""
        return [held for held in self._held.values() if held.outcome is None]

    def keepers(self) -> list[Keeper]:
        """Return the keepers of the latest life."""
        return list(self._keepers.values())

    def all(self) -> Iterator[Held]:
        """Return every attempt, oldest first."""
        return iter(self._held.values())

    @property
    def full(self) -> bool:
        """Whether no more can be held."""
        return len(self._held) >= MOST_ATTEMPTS or self._outcome_bytes >= MOST_OUTCOME_BYTES

    def _set_process(self, key: Key, record: Fields) -> None:
        held = self._held.get(key)
        if held is not None and held.outcome is None:
            held.process = _started(record)

    def _set_ended(self, key: Key, outcome: Mapping[str, object], body: str) -> None:
        held = self._held.get(key)
        if held is not None and held.outcome is None:
            held.state, held.condition, held.outcome, held.process = "ended", "", outcome, None
            held.outcome_bytes = len(body) + 1024
            self._outcome_bytes += held.outcome_bytes

    def _forget(self, key: Key) -> None:
        held = self._held.pop(key, None)
        if held is not None:
            self._outcome_bytes -= held.outcome_bytes


def start_record(held: Held) -> Fields:
    """Return the record that is durable before the attempt's process starts."""
    return {
        "t": "start",
        "execution": held.execution,
        "attempt": held.attempt,
        "kind": held.kind,
        "slot": held.slot,
        "log_directory": held.log_directory,
        "uses": held.uses,
    }


def pid_record(held: Held, process: Started) -> Fields:
    """Return the record of the main process."""
    return {"t": "pid", "execution": held.execution, "attempt": held.attempt, "pid": process.pid, "ticks": process.ticks}


def keeper_record(slot: int, keeper: Keeper) -> Fields:
    """Return the record of a slot's keeper."""
    return {"t": "keeper", "slot": slot, "pid": keeper.pid, "ticks": keeper.ticks, "uid": keeper.uid}


def end_record(outcome: Mapping[str, object]) -> Fields:
    """Return the record that is durable before anybody hears of the end."""
    return {"t": "end", "outcome": outcome}


def forget_record(key: Key) -> Fields:
    """Return the record that the agent holds the outcome itself."""
    return {"t": "forget", "execution": key[0], "attempt": key[1]}


def _started(record: Fields) -> Started:
    return Started(read.whole(record, "pid", 1, 1 << 22), read.whole(record, "ticks", 0, 1 << 62))
