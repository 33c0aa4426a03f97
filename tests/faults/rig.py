"""A whole system that is to be broken: what it runs, who sends until answered, who dies and is started again, and what came of it all.

Used by every test of this folder and by `python -m tests.faults.kill`. The judge is the witness that the actions write, beside what the
sender was promised: an event that was acknowledged has its executions, each starts at most once per attempt, in order, and ends.
"""

import json
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from attune_agent.executor.processes import descendants, process
from attune_cli.client import Client
from attune_cli.errors import ControllerUnreachable, ProgramFailed, RequestFailed
from attune_cli.local.origin import Origin
from attune_cli.local.program import Program
from attune_cli.local.system import LocalAgent, LocalSystem, network_settings
from attune_core.failpoints import FAILPOINTS, NAMES, SWITCH
from attune_core.states import Outcome
from attune_core.values import JsonObject, JsonValue
from attune_core.wire.api import Accepted, AgentView, ExecutionView, Page, StatusView
from attune_core.wire.cloudevents_http import STRUCTURED
from tests.checker import Line, read_witness, violations
from tests.running import action_document, open_for_attempts, pack
from tests.waiting import wait_until

#: How many of a lane may run at once, by the first word of its name.
LIMITS = {"one": 1, "three": 3, "built": 1, "noisy": 1, "fan": 1}
SLOTS = 8
#: Executions of one event of type crash.fan.
FAN = 20

#: What an action does; each tenth step of a lane fails at its first attempt.
STEP = """\
printf 'S %s %s %s\\n' "$LANE" "$INDEX" "$ATTUNE_ATTEMPT" >> {witness}
[ -z "$NOISE" ] || head -c "$NOISE" /dev/zero
[ "$PAUSE" = 0 ] || sleep "$PAUSE"
printf 'E %s %s %s\\n' "$LANE" "$INDEX" "$ATTUNE_ATTEMPT" >> {witness}
[ "$ATTUNE_ATTEMPT" != 1 ] || [ $((INDEX % 10)) != 7 ]
"""
PARAMETERS: JsonObject = {"lane": {"type": "string"}, "index": {"type": "integer"}, "pause": {"type": "string"}}


def repository(witness: Path) -> dict[str, str]:
    """Return a pack whose actions write down when they start and end; a lane is a queue."""
    data: JsonValue = {"type": "object", "required": [*PARAMETERS], "additionalProperties": False, "properties": PARAMETERS}
    files = {"actions/step.sh": STEP.format(witness=witness)}
    for kind in ("step", "fan"):
        files[f"triggers/{kind}.yaml"] = json.dumps({"description": "A step", "data": data})
    for kind, limit in LIMITS.items():
        files[f"actions/{kind}.yaml"] = _action(kind, limit)
        files[f"rules/{kind}.yaml"] = _rule("step", kind, "event.data.lane")
    del files["rules/fan.yaml"]
    for number in range(FAN):
        files[f"rules/fan{number}.yaml"] = _rule("fan", "fan", f'event.data.lane + "_{number}"')
    found = pack("crash", files)
    found["packs/crash/pack.yaml"] += "environments: {plain: {ecosystem: python, lock: requirements.lock}}\n"
    found["packs/crash/requirements.lock"] = ""
    return found


def _action(kind: str, limit: int) -> str:
    more: JsonObject = {"environment": "plain"} if kind == "built" else {}
    return action_document(
        "step.sh",
        parameters=PARAMETERS,
        env={
            "LANE": "${{ parameters.lane }}",
            "INDEX": "${{ string(parameters.index) }}",
            "PAUSE": "${{ parameters.pause }}",
            "NOISE": str(3 << 20) if kind == "noisy" else "",
        },
        concurrency={"limit": limit, "key": "${{ parameters.lane }}"},
        retry={"maximum_attempts": 2, "after": ["failed"], "initial_interval": "20ms"},
        logs={"segment": "256KiB", "segments": 2},
        **more,
    )


def _rule(trigger: str, kind: str, lane: str) -> str:
    rule: JsonObject = {
        "description": "Take it",
        "trigger": f"crash.{trigger}",
        "when": f'event.data.lane.startsWith("{kind}_")',
        "action": f"crash.{kind}",
        "input": {"lane": f"${{{{ {lane} }}}}", "index": "${{ event.data.index }}", "pause": "${{ event.data.pause }}"},
        "agents": {"match": {"role": "test"}},
    }
    return json.dumps(rule)


@dataclass
class Rig:
    """The system, its only host, and what the sender was promised."""

    system: LocalSystem
    host: LocalAgent
    origin: Origin
    client: Client
    witness: Path
    #: The newest revision.
    commit: str
    #: Position of each acknowledged step.
    acknowledged: dict[tuple[str, int], int] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)

    @property
    def switch(self) -> Path:
        """The file that names the armed failpoint."""
        return Path(self.system.environment[SWITCH])

    def send(self, lane: str, *, pause: str = "0", trigger: str = "crash.step", as_line: bool = False) -> None:
        """Send the next step of a lane, again and again under the same id, until it is acknowledged.

        `as_line`: as many are sent, so that it is stored before it is planned.
        """
        index = self.sent[lane] = self.sent.get(lane, -1) + 1
        data: JsonObject = {"lane": lane, "index": index, "pause": pause}
        event: JsonValue = {"specversion": "1.0", "id": f"{lane}-{index}", "source": "test:it", "type": trigger, "data": data}
        accepted: list[int] = []

        def answered() -> bool:
            with suppress(ControllerUnreachable, RequestFailed):
                if as_line:
                    accepted.extend(one.position for one in self.client.post_lines("/events", json.dumps(event).encode()).events)
                else:
                    accepted.append(self.client.post("/events", event, Accepted, content_type=STRUCTURED).position)
            return bool(accepted)

        wait_until(answered, timeout=60, what=f"the acknowledgement of {lane} {index}")
        self.acknowledged[lane, index] = accepted[0]

    def lines(self, lane: str) -> list[Line]:
        """Return what a lane has written."""
        return [line for line in read_witness(self.witness) if line.queue == lane]

    def await_start(self, lane: str, index: int) -> None:
        """Wait until the action has written its first line."""
        wait_until(lambda: any(line.index == index and line.start for line in self.lines(lane)), what=f"the start of {lane} {index}")

    def arm(self, name: str, times: int = 1) -> None:
        """Have the next program that reaches a failpoint (so many times) killed there."""
        new = self.switch.with_suffix(".new")
        new.write_text(f"{name}:{times}", encoding="ascii")
        new.replace(self.switch)

    def revive(self, name: str) -> None:
        """Wait until an armed failpoint has fired, and start again what it killed; a keeper's successor is the executor's affair."""
        wait_until(lambda: not self.switch.exists(), what=f"failpoint {name}")
        program = FAILPOINTS[name].partition(":")[0]
        if program == "controller":
            alive(self.system.controller).wait()
            self.system.start_controller()
        elif program == "agent":
            alive(self.host.agent).wait()
            self.system.start_agent(self.host)
        elif program == "executor":
            alive(self.host.executor).wait()
            self.system.start_executor(self.host)

    def kill_host(self) -> None:
        """Kill agent, executor, keepers and actions at once."""
        kill_at_once([alive(self.host.executor), alive(self.host.agent)])

    def kill_everything(self, meanwhile: Callable[[], None]) -> None:
        """Do the same to the controller, too; `meanwhile` happens at the moment of the crash."""
        kill_at_once([alive(self.host.executor), alive(self.host.agent), alive(self.system.controller)], meanwhile)

    def start_host(self) -> None:
        """Start both programs of the host."""
        self.system.start_executor(self.host)
        self.system.start_agent(self.host)

    def settle(self, *, timeout: float = 60.0) -> None:
        """Wait until nothing waits and nothing runs any more."""

        def over() -> bool:
            with suppress(ControllerUnreachable):
                status = self.client.get("/v1/status", StatusView)
                return status.events_waiting == 0 and status.executions_unsettled == 0
            return False

        wait_until(over, timeout=timeout, what="the end of everything")

    def is_connected(self) -> bool:
        """Whether the controller believes that the agent is there."""
        return self.client.get("/v1/agents/one", AgentView).state == "connected"

    def executions(self) -> list[ExecutionView]:
        """Return all of them."""
        return list(self.client.pages("/v1/executions", Page[ExecutionView], {}, most=1_000_000))

    def lost(self, lane: str) -> set[str]:
        """Return the executions of a lane, or of the lanes that one event of it fans out to, that are said to be lost."""
        return {
            one.id
            for one in self.executions()
            if one.outcome is Outcome.LOST and (json.loads(one.queue_key) == lane or one.queue_key.startswith(f'"{lane}_'))
        }

    def verdict(self) -> "Verdict":
        """Judge everything that was sent, once all of it is settled."""
        return judge(self.acknowledged, self.executions(), read_witness(self.witness))


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What must be empty, and beside it what was honestly said to be lost: attempts that ran, or may have, when their host died."""

    acknowledged_lost: list[str]
    order_broken: list[str]
    ends_invented: list[str]
    lost: frozenset[tuple[str, int]]

    @property
    def problems(self) -> list[str]:
        """Return the first of each kind."""
        return [*self.acknowledged_lost[:5], *self.order_broken[:5], *self.ends_invented[:5]]


def judge(acknowledged: Mapping[tuple[str, int], int], executions: list[ExecutionView], lines: list[Line]) -> Verdict:
    """Compare what was promised, what Attune says and what the actions wrote."""
    places = {position: place for place, position in acknowledged.items()}
    by_place: dict[tuple[str, int], list[ExecutionView]] = {}
    missing = [f"G3: {one.id} stands for event {one.event}, which nobody sent" for one in executions if one.event not in places]
    for one in executions:
        if one.event in places:
            lane = str(json.loads(one.queue_key))
            by_place.setdefault((lane, places[one.event][1]), []).append(one)
    expected: dict[str, int] = {}
    for lane, index in acknowledged:
        for name in [f"{lane}_{number}" for number in range(FAN)] if lane.startswith("fan_") else [lane]:
            expected[name] = max(expected.get(name, 0), index + 1)
            found = len(by_place.get((name, index), []))
            if found != 1:
                missing.append(f"G1: {name} {index} has {found} executions")
    lost = frozenset(place for place, found in by_place.items() if any(one.outcome is Outcome.LOST for one in found))
    limits = {lane: LIMITS[lane.partition("_")[0]] for lane in expected}
    ended = {(line.queue, line.index, line.attempt) for line in lines if not line.start}
    invented = [
        f"{place} is said to be {one.outcome}, and has not ended"
        for place, found in by_place.items()
        for one in found
        if one.outcome is not Outcome.LOST and (one.outcome is not Outcome.SUCCEEDED or (*place, one.attempt) not in ended)
    ]
    return Verdict(
        acknowledged_lost=missing, order_broken=violations(lines, limits, expected, lost), ends_invented=invented, lost=frozenset(lost)
    )


def kill_at_once(programs: Sequence[Program], meanwhile: Callable[[], None] = lambda: None) -> None:
    """Freeze them and all their children, and only then kill them: none sees another one die; return when none holds a file any more."""
    frozen: set[int] = set()
    while found := {pid for program in programs for pid in (program.pid, *(one.pid for one in descendants(program.pid)))} - frozen:
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        frozen |= found
    meanwhile()
    for pid in frozen:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for program in programs:
        program.wait()
    wait_until(lambda: all(is_over(pid) for pid in frozen), what="the end of all that were killed")


def is_over(pid: int) -> bool:
    """Whether a process is gone, or a zombie whose files are closed."""
    found = process(pid)
    return found is None or found.ended


def alive(program: Program | None) -> Program:
    """Return a program that was started."""
    assert program is not None
    return program


@contextmanager
def rig(place: Path, *, ping: str = "500ms", state: Path | None = None, born: str = "", agents: JsonObject | None = None) -> Iterator[Rig]:
    """Start everything below `place`, the programs' state below `state` if that is another, with failpoints off but at hand.

    At `born`, a failpoint, the controller dies when it is started for the first time. `agents` are more of its settings about agents.
    """
    open_for_attempts(place)
    witness = place / "witness"
    witness.touch()
    witness.chmod(0o666)
    switches = place / "failpoints"
    switches.mkdir()
    switches.chmod(0o777)
    origin = Origin(place / "git")
    origin.write(repository(witness))
    commit = origin.push()
    system = LocalSystem(
        root=(state or place) / "system",
        repository=str(origin.bare),
        poll="200ms",
        network=network_settings(),
        environment={NAMES: "*", SWITCH: str(switches / "switch")},
        agent_settings={"ping": ping, **(agents or {})},
    )
    with system:
        if born:
            (switches / "switch").write_text(born, encoding="ascii")
            with pytest.raises(ProgramFailed):
                system.start_controller()
        system.start_controller()
        assert system.wait_for_revision(commit).sync.active_revision == commit
        host = system.add_agent("one", {"role": "test"}, slots=SLOTS)
        system.wait_for_agents()
        with system.client() as client:
            yield Rig(system, host, origin, client, witness, commit)
