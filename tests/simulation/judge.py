"""Judges a simulation that has come to rest: the project's own checker over history and witness, and the accounts that only a god can keep.

Called by `world`; each finding begins with the promise that is broken.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from attune_controller.store.memory.tables import Tables
from attune_controller.store.records.events import Event, EventStatus
from attune_controller.store.records.executions import Execution, QueueKey, Step
from attune_core.rules.throttling import ThrottleKey
from attune_core.states import Outcome, Reason, State
from attune_core.verification.history import Entry, HistoryJudge
from attune_core.verification.observed import View, judge_seen
from attune_core.verification.records import Records
from tests.simulation.controller_disk import ControllerDisk
from tests.simulation.processes import Witness
from tests.simulation.repository import ATTEMPTS, FOLLOWED, LIMITS, RATE, START_WITHIN, WAITING, revisions
from tests.simulation.workload import SOURCE

_COMPLETIONS = "attune:executions"
_WAITING_RULES = frozenset(f"sim.{name}" for name in WAITING)
FOLLOWED_BY = frozenset(f"sim.{name}.completed" for name in FOLLOWED)
#: A program is stopped no longer than this, seconds (`faults`).
LONGEST_STOP = 330.0


def judge(disk: ControllerDisk, witness: Witness, acknowledged: Mapping[str, int], unreliable: Collection[str]) -> list[str]:
    """Return everything that is broken; `unreliable` are agents whose clock has jumped, or whose state was lost."""
    tables = disk.tables
    return [
        *_checked(tables, witness),
        *_events(tables, acknowledged),
        *_fan_out(tables, disk),
        *_groups(tables, disk.ends),
        *_completions(tables),
        *_attempts(tables, witness),
        *_trees(tables, witness, disk.step_times),
        *_rates(tables, witness, unreliable),
        *_expired(tables, witness, disk.step_times),
    ]


def _checked(tables: Tables, witness: Witness) -> Iterator[str]:
    history, records = HistoryJudge(_limit_of), Records(_limit_of)
    for step in tables.steps:
        entry = _entry(step)
        records.take(entry)
        yield from map(str, history.take(entry))
    # What a forgotten agent still does is beyond anybody's promise.
    given_up = {one.new.id for one in tables.executions.values() if one.reason is Reason.AGENT_FORGOTTEN}
    seen = [line for line in witness.lines if line.execution not in given_up]
    view = View(journal="witness", exact=True, unseen=records.unseen(seen))
    yield from map(str, judge_seen(seen, records.standing, view))
    yield from map(str, records.contradictions(seen, "witness", complete=True))


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


def _fan_out(tables: Tables, disk: ControllerDisk) -> Iterator[str]:
    """G3: each event has all of the executions that its plan had; G1: and a plan that follows its revision's rules."""
    intended = disk.intended
    made: Counter[int] = Counter(one.new.event for one in tables.executions.values() if one.new.rule not in _WAITING_RULES)
    for event in tables.events.values():
        if event.status is not EventStatus.PLANNED:
            continue
        wanted = intended.get(event.position, 0)
        if made[event.position] != wanted:
            yield f"G3: event {event.position} ({event.new.type}) has {made[event.position]} executions, its plan had {wanted}"
        if wanted == 0 and _matches(event) and _kind(event) not in WAITING:
            yield f"G1: event {event.position} ({event.new.type}) was planned with nothing under revision {event.revision[-2:]}"


def _groups(tables: Tables, intended: Mapping[tuple[ThrottleKey, int], int]) -> Iterator[str]:
    """G3: every event that a throttle let wait was in one group, and each group has ended once, with all that was planned of it."""
    for key in tables.groups:
        yield f"G1: {key} still waits"
    ends = [end for by_last in tables.group_ends.values() for end in by_last.values()]
    made: Counter[tuple[str, int]] = Counter((one.new.rule, one.new.event) for one in tables.executions.values())
    wanted = {(end.key[0], end.members[-1]): intended.get((end.key, end.members[-1]), 0) for end in ends}
    for (rule, last), count in wanted.items():
        if made[rule, last] != count:
            yield f"G3: the group of {rule} that stands for event {last} has {made[rule, last]} executions, its end had {count}"
    for rule, position in made.keys() - wanted.keys():
        if rule in _WAITING_RULES:
            yield f"G3: {rule} fired for event {position}, which no group stands for"
    waited: Counter[int] = Counter(position for end in ends for position in end.members)
    for event in tables.events.values():
        expected = int(event.status is EventStatus.PLANNED and _kind(event) in WAITING)
        if waited[event.position] != expected:
            yield f"G1: event {event.position} ({_kind(event)}) was in {waited[event.position]} groups, not in {expected}"
    for end in ends:
        if end.count != len(end.members) or (end.outcome == "fired") != (intended.get((end.key, end.members[-1]), 0) == 1):
            yield f"G3: the group of {end.key} that stands for event {end.members[-1]} counted {end.count} and is {end.outcome}"


def _kind(event: Event) -> str:
    data = event.new.data
    return str(data.get("kind")) if event.new.type == "sim.tick" and isinstance(data, dict) else ""


def _matches(event: Event) -> bool:
    kind = _kind(event)
    catalog = next((one for one in revisions() if one.revision == event.revision), None)
    if catalog is None:
        return False
    return (event.new.type == "sim.tick" and f"sim.{kind}" in catalog.actions) or event.new.type in FOLLOWED_BY


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
        if tables.by_id(step.execution).reason is Reason.AGENT_FORGOTTEN:
            continue
        if step.state is State.SETTLED and any(start <= at < end for start, end in spans.get(step.execution, ())):
            yield f"G10: execution {step.number} was settled while a process of it ran"
    for execution, attempt in begun:
        yield f"G10: attempt {attempt} of {execution} still runs"


def _rates(tables: Tables, witness: Witness, unreliable: Collection[str]) -> Iterator[str]:
    """Policy: two starts may come closer together than the rate when the first one was late, but never three."""
    starts: dict[QueueKey, list[float]] = {}
    for line, at in zip(witness.lines, witness.times, strict=True):
        execution = tables.by_id(line.execution)
        if line.start and execution.new.action == "sim.rated" and execution.agent not in unreliable:
            starts.setdefault(execution.queue, []).append(at)
    for queue, times in starts.items():
        for first, third in zip(times, times[2 * RATE[0] :], strict=False):
            if third - first < RATE[1] * 0.99:
                yield f"rate: {queue.place} {queue.key}: {2 * RATE[0] + 1} starts from {first:.1f} to {third:.1f} s"


def _expired(tables: Tables, witness: Witness, step_times: Sequence[float]) -> Iterator[str]:
    """Policy: nothing starts long after it has expired; a program that stood still meanwhile may be late by that."""
    placed: dict[str, float] = {}
    for step, at in zip(tables.steps, step_times, strict=True):
        placed.setdefault(step.execution, at)
    for line, at in zip(witness.lines, witness.times, strict=True):
        late = at - placed[line.execution] - START_WITHIN
        if line.start and line.attempt == 1 and late > LONGEST_STOP and tables.by_id(line.execution).new.action == "sim.expiring":
            yield f"expired: {line.execution} started {late:.1f} s too late"


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
        late=step.late,
    )


def _text(queue: QueueKey | None) -> str:
    return json.dumps([queue.place, queue.action, queue.key]) if queue else ""
