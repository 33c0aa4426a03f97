"""docs/contract/action.md, "How it ends": timeout, cancel, what is left behind, what cannot start, retries, starts that are unknown."""

from datetime import datetime
from pathlib import Path

import pytest

from attune_core.states import Outcome, Reason, State
from attune_core.values import JsonValue
from attune_core.wire.api import ExecutionView
from tests.contracts.contract_pack import ContractPack
from tests.running import Running, shared_directory
from tests.waiting import wait_until

pytestmark = pytest.mark.flow
sentence = pytest.mark.sentence

PACK = ContractPack()
WITNESS: dict[str, JsonValue] = {
    "parameters": {"witness": {"type": "string"}},
    "env": {"WITNESS": "${{ parameters.witness }}"},
}


@pytest.fixture
def witness(place: Path, request: pytest.FixtureRequest) -> Path:
    return new_witness(place, request.node.name)


def new_witness(place: Path, name: str) -> Path:
    """Make a file that actions append to, whatever their uid."""
    found = shared_directory(place, name.translate(str.maketrans("[]/ ", "____"))) / "witness"
    found.touch()
    found.chmod(0o666)
    return found


def lines(witness: Path) -> list[str]:
    return witness.read_text().splitlines()


def alive(pid: int) -> bool:
    """Tell whether a process is there and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


#: Forks twice and leaves its session, deaf to SIGTERM; writes its pid, then keeps the output open or not.
DAEMON = """\
import os, signal, sys, time
def daemon():
    if os.fork():
        return os.wait()
    os.setsid()
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGTERM, lambda *_: write("term daemon"))
    write(f"daemon {os.getpid()}")
    while True:
        time.sleep(60)
def write(text):
    with open(os.environ["WITNESS"], "a") as file:
        file.write(text + "\\n")
"""
STUBBORN = PACK.python(
    "stubborn",
    DAEMON + "daemon()\nsignal.signal(signal.SIGTERM, lambda *_: write('term main'))\nwhile True:\n    time.sleep(60)\n",
    timeout="2s",
    **WITNESS,
)
POLITE_SCRIPT = """\
trap 'echo "term main" >> "$WITNESS"; exit 0' TERM
(trap 'echo "term child" >> "$WITNESS"; exit 0' TERM; echo child >> "$WITNESS"; while :; do sleep 0.05; done) &
while :; do sleep 0.05; done
"""
IN_TIME = PACK.shell("in_time", POLITE_SCRIPT, timeout="2s", **WITNESS)
POLITE = PACK.shell("polite", POLITE_SCRIPT, **WITNESS)


@pytest.fixture(scope="module")
def stubborn(running: Running, place: Path) -> tuple[str, Path]:
    """Start at once what takes the whole grace to end; the test that waits for it stands last but one."""
    witness = new_witness(place, "stubborn")
    return running.start(STUBBORN, {"witness": str(witness)}), witness


@sentence("A19")
def test_a_timeout_asks_every_process_to_end(running: Running, stubborn: tuple[str, Path], witness: Path) -> None:
    found = running.run(IN_TIME, {"witness": str(witness)})
    assert (found.outcome, found.reason, found.result) == (Outcome.TIMED_OUT, None, None)
    assert sorted(lines(witness)) == ["child", "term child", "term main"]
    assert found.exit_code == 0, "whatever code it then ends with, it was not in time"


@sentence("A20")
def test_a_cancel_asks_every_process_to_end(running: Running, witness: Path) -> None:
    execution = running.start(POLITE, {"witness": str(witness)})
    wait_until(lambda: lines(witness) == ["child"])
    running.cancel(execution)
    found = running.settled(execution)
    assert (found.outcome, found.reason) == (Outcome.CANCELLED, Reason.OPERATOR)
    assert sorted(lines(witness)) == ["child", "term child", "term main"]


#: Ends only once its daemon has written: what is killed before that would leave no line to judge by.
DONE = "while not os.path.getsize(os.environ['WITNESS']):\n    time.sleep(0.005)\nprint('done')\n"
LEAVES_DAEMON = PACK.python("leaves_daemon", DAEMON + "daemon()\n" + DONE, **WITNESS)
LEAVES_SILENT = PACK.python(
    "leaves_silent",
    DAEMON + "if not os.fork():\n    os.closerange(0, 3)\n    daemon()\n    os._exit(0)\nos.wait()\n" + DONE,
    **WITNESS,
)


@sentence("A21")
@pytest.mark.parametrize("action", [LEAVES_DAEMON, LEAVES_SILENT])
def test_what_is_left_in_the_background_is_ended(running: Running, witness: Path, action: str) -> None:
    found = running.run(action, {"witness": str(witness)})
    assert (found.outcome, running.printed(found.id)) == (Outcome.SUCCEEDED, b"done\n")
    (line,) = lines(witness)
    assert not alive(int(line.removeprefix("daemon ")))


TRACE = 'echo ran >> "$WITNESS"\n'
CANNOT_START = {
    PACK.action("no_mode", ["/etc/passwd"], WITNESS): "EACCES",
    PACK.executable("no_format", TRACE, **WITNESS): "ENOEXEC",
    PACK.executable("no_interpreter", f"#!/no/such/shell\n{TRACE}", **WITNESS): (
        "the interpreter of ./no_interpreter.program (#!/no/such/shell) does not exist"
    ),
    PACK.action("no_program", ["no_such_program"], WITNESS): "'no_such_program' is in no directory of PATH",
    PACK.action("no_file", ["/no/such/file"], WITNESS): "ENOENT",
    PACK.action("no_folder", ["/usr"], WITNESS): "EACCES",
    PACK.action("no_command_line", ["/bin/sh -c true"], WITNESS): "ENOENT",
}


@sentence("A22")
@pytest.mark.parametrize("action", CANNOT_START)
def test_what_cannot_be_started_says_why_and_is_not_given_to_a_shell(running: Running, witness: Path, action: str) -> None:
    found = running.run(action, {"witness": str(witness)})
    assert (found.outcome, found.reason, found.exit_code) == (Outcome.FAILED, Reason.NOT_EXECUTABLE, None)
    assert CANNOT_START[action] in found.detail
    assert lines(witness) == []
    assert running.printed(found.id, "stderr") == b""


STEP = """\
echo "$NAME $ATTUNE_ATTEMPT" >> "$WITNESS"
[ "$NAME" = sound ] || [ "$ATTUNE_ATTEMPT" = 3 ]
"""
STEP_KEYS: dict[str, JsonValue] = {
    "parameters": {"witness": {"type": "string"}, "name": {"type": "string"}},
    "env": {"WITNESS": "${{ parameters.witness }}", "NAME": "${{ parameters.name }}"},
}
ONCE = PACK.shell("once", STEP, **STEP_KEYS)
AGAIN = PACK.shell("again", STEP, retry={"maximum_attempts": 3, "initial_interval": "200ms"}, **STEP_KEYS)
FEWER = PACK.shell("fewer", STEP, retry={"maximum_attempts": 2, "initial_interval": "10ms"}, **STEP_KEYS)
LATE_ONLY = PACK.shell("late_only", STEP, retry={"maximum_attempts": 3, "after": ["timed_out"], "initial_interval": "10ms"}, **STEP_KEYS)


@sentence("A23")
@pytest.mark.parametrize(("action", "attempts"), [(ONCE, 1), (LATE_ONLY, 1), (FEWER, 2)])
def test_a_failed_attempt_is_made_again_only_as_retry_says(running: Running, witness: Path, action: str, attempts: int) -> None:
    found = running.run(action, {"witness": str(witness), "name": "broken"})
    assert (found.outcome, found.reason, found.attempt) == (Outcome.FAILED, Reason.EXIT_CODE, attempts)
    assert lines(witness) == [f"broken {attempt}" for attempt in range(1, attempts + 1)]


@sentence("A23")
def test_a_retry_keeps_its_place_before_those_that_came_later(running: Running, witness: Path) -> None:
    executions = [running.start(AGAIN, {"witness": str(witness), "name": name}) for name in ("broken", "sound")]
    assert {running.settled(execution).outcome for execution in executions} == {Outcome.SUCCEEDED}
    assert lines(witness) == ["broken 1", "broken 2", "broken 3", "sound 1"]


@sentence("A19")
def test_who_ignores_sigterm_is_killed_after_the_grace_with_all_it_left(running: Running, stubborn: tuple[str, Path]) -> None:
    execution, witness = stubborn
    found = running.settled(execution)
    assert found.outcome is Outcome.TIMED_OUT
    daemon, *signals = lines(witness)
    assert sorted(signals) == ["term daemon", "term main"]
    assert not alive(int(daemon.removeprefix("daemon ")))
    assert 11.9 <= seconds(found) < 40, "2 s of timeout and 10 s of grace"


def seconds(found: ExecutionView) -> float:
    began, ended = (datetime.fromisoformat(text) for text in (found.started_at, found.settled_at))
    return (ended - began).total_seconds()


LOST = PACK.python("lost", DAEMON + "daemon()\nwrite('main')\ntime.sleep(60)\n", retry={"maximum_attempts": 3}, **WITNESS)
LOST_AGAIN = PACK.shell(
    "lost_again",
    'echo "$ATTUNE_ATTEMPT" >> "$WITNESS"\n[ "$ATTUNE_ATTEMPT" = 2 ] || sleep 60',
    retry={"maximum_attempts": 2, "after": ["lost"], "initial_interval": "10ms"},
    **WITNESS,
)


@sentence("A24")
def test_what_nobody_saw_the_end_of_is_lost_and_not_started_again(running: Running, place: Path) -> None:
    """Kills the executor, so it stands last: nothing else may be under way."""
    first, second = new_witness(place, "lost"), new_witness(place, "lost_again")
    never, again = running.start(LOST, {"witness": str(first)}), running.start(LOST_AGAIN, {"witness": str(second)})
    wait_until(lambda: len(lines(first)) == 2 and lines(second) == ["1"], what="two attempts under way")
    wait_until(lambda: running.execution(again).state is State.STARTED)
    assert running.agent.executor is not None
    running.agent.executor.kill()
    running.system.start_executor(running.agent)
    found = running.settled(never)
    assert (found.outcome, found.reason, found.attempt) == (Outcome.LOST, Reason.EXECUTOR_DIED, 1)
    daemon = next(line for line in lines(first) if line.startswith("daemon"))
    assert not alive(int(daemon.removeprefix("daemon ")))
    assert len(lines(first)) == 2, "no second start"
    repeated = running.settled(again)
    assert (repeated.outcome, repeated.attempt) == (Outcome.SUCCEEDED, 2), "only because its retry names `lost`, as another attempt"
    assert lines(second) == ["1", "2"]
