"""Judges a simulation that has come to rest: the project's own checker over history and witness, and the accounts that only a god can keep.

Called by `world`; each finding begins with the promise that is broken.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from attune_controller.store.memory.tables import Tables
from attune_controller.store.records import Event, EventStatus, Execution, QueueKey, Step
from attune_core.states import Outcome, State
from attune_core.verification.history import Entry, HistoryJudge
from attune_core.verification.observed import View, judge_seen
from attune_core.verification.records import Records
from tests.simulation.processes import Witness
from tests.simulation.repository import ATTEMPTS, EVERYWHERE, FOLLOWED, LIMITS
from tests.simulation.workload import SOURCE

_COMPLETIONS = "attune:executions"


def judge(tables: Tables, witness: Witness, step_times: Sequence[float], acknowledged: Mapping[str, int], agents: int) -> list[str]:
    """Return everything that is broken."""
    return [
        *_checked(tables, witness),
        *_events(tables, acknowledged),
        *_fan_out(tables, agents),
        *_completions(tables),
        *_attempts(tables, witness),
        *_trees(tables, witness, step_times),
    ]


def _checked(tables: Tables, witness: Witness) -> Iterator[str]:
    history, records = HistoryJudge(_limit_of), Records(_limit_of)
    for step in tables.steps:
        entry = _entry(step)
        records.take(entry)
        yield from map(str, history.take(entry))
    view = View(journal="witness", exact=True, unseen=records.unseen(witness.lines))
    yield from map(str, judge_seen(witness.lines, records.standing, view))
    yield from map(str, records.contradictions(witness.lines, "witness", complete=True))


def _events(tables: Tables, acknowledged: Mapping[str, int]) -> Iterator[str]:
    """G1, G2: what was acknowledged is there, once, and was planned."""
    stored: dict[tuple[str, str], Event] = {}
    for event in tables.events.values():
        key = (event.new.source, event.new.id)
        if key in stored:
            yield f"G2: event {key} is stored at {stored[key].position} and {event.position}"
        stored[key] = event
        if event.status is EventStatus.ACCEPTED:
            yield f"G1: event {event.position} was never planned"
    for name, position in acknowledged.items():
        if (SOURCE, name) not in stored:
            yield f"G1: event {name} was acknowledged at {position} and is not there"
        elif stored[SOURCE, name].position != position:
            yield f"G2: event {name} was acknowledged at {position} and is at {stored[SOURCE, name].position}"


def _fan_out(tables: Tables, agents: int) -> Iterator[str]:
    """G3: each event has all of its executions, once."""
    made: Counter[int] = Counter(execution.new.event for execution in tables.executions.values())
    for event in tables.events.values():
        expected = _expected(event, agents)
        if expected is not None and event.status is EventStatus.PLANNED and made[event.position] != expected:
            yield f"G3: event {event.position} ({event.new.type}) has {made[event.position]} executions instead of {expected}"


def _expected(event: Event, agents: int) -> int | None:
    data = event.new.data
    kind = str(data.get("kind")) if isinstance(data, dict) else ""
    if event.new.type == "sim.tick":
        if kind in EVERYWHERE:
            return None if "cordoned" in event.reason else agents
        return 1
    return 1 if event.new.type in {f"sim.{name}.completed" for name in FOLLOWED} else 0


def _completions(tables: Tables) -> Iterator[str]:
    """G1: every execution has ended, and its end is an event."""
    for execution in tables.executions.values():
        if execution.state is not State.SETTLED:
            yield f"G1: execution {execution.number} of {execution.new.action} is still {execution.state.value} on {execution.agent}"
        elif _COMPLETIONS not in tables.positions_by_id.get(execution.new.id, {}):
            yield f"G1: the end of execution {execution.number} is no event"


def _attempts(tables: Tables, witness: Witness) -> Iterator[str]:
    """G9, G12: no more attempts than the policy has; success is only what ended with exit code 0."""
    starts = Counter(one.execution for one in witness.lines if one.start)
    for execution in tables.executions.values():
        allowed = ATTEMPTS.get(execution.new.action, 1)
        if starts[execution.new.id] > allowed:
            yield f"G9: execution {execution.number} of {execution.new.action} was started {starts[execution.new.id]} times, not {allowed}"
        yield from _truth(execution, witness)


def _truth(execution: Execution, witness: Witness) -> Iterator[str]:
    code = witness.exits.get((execution.new.id, execution.attempt))
    if execution.outcome is Outcome.SUCCEEDED and code != 0:
        yield f"G12: execution {execution.number} succeeded, and its attempt {execution.attempt} ended with {code}"
    if execution.outcome is Outcome.FAILED and code == 0:
        yield f"G12: execution {execution.number} failed, and its attempt {execution.attempt} ended with {code}"


def _trees(tables: Tables, witness: Witness, step_times: Sequence[float]) -> Iterator[str]:
    """G10: when an end is recorded, no process of the execution is left."""
    spans: dict[str, list[tuple[float, float]]] = {}
    begun: dict[tuple[str, int], float] = {}
    for line, at in zip(witness.lines, witness.times, strict=True):
        key = (line.execution, line.attempt)
        if line.start:
            begun[key] = at
        else:
            spans.setdefault(line.execution, []).append((begun.pop(key, at), at))
    for step, at in zip(tables.steps, step_times, strict=True):
        if step.state is State.SETTLED and any(start <= at < end for start, end in spans.get(step.execution, ())):
            yield f"G10: execution {step.number} was settled while a process of it ran"
    for execution, attempt in begun:
        yield f"G10: attempt {attempt} of {execution} still runs"


def _limit_of(action: str) -> int | None:
    return LIMITS.get(action, 1)


def _entry(step: Step) -> Entry:
    return Entry(
        n=step.n,
        number=step.number,
        execution=step.execution,
        event=step.event,
        action=step.queue.action if step.queue else "",
        queue=_text(step.queue),
        position=(step.epoch, step.sequence),
        state=step.state,
        attempt=step.attempt,
        outcome=step.outcome,
    )


def _text(queue: QueueKey | None) -> str:
    return json.dumps([queue.place, queue.action, queue.key]) if queue else ""
