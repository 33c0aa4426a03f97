"""docs/contract/action.md, "As another user, within limits, in a sandbox": what the host grants, on a running system."""

import json
import os
import pwd
from collections.abc import Iterator
from pathlib import Path

import pytest

from attune_agent.executor.cgroups import find_groups
from attune_core.states import Outcome, Reason
from attune_core.values import JsonObject
from tests.contracts.contract_pack import ContractPack
from tests.running import Running

pytestmark = [pytest.mark.flow, pytest.mark.root]
sentence = pytest.mark.sentence

PACK = ContractPack()
USER = "games"
HOST: JsonObject = {
    "users": {USER: {"actions": ["contract.as_user"]}},
    "limits": {"memory": "256MiB", "processes": 40, "time": "3s"},
}
WHO = 'id -u; id -G; echo "$HOME"'
AS_USER = PACK.shell("as_user", WHO, user=USER)
NOT_GRANTED = PACK.shell("not_granted", f"touch /tmp/ran; {WHO}", user=USER)
NOT_GRANTED_ROOT = PACK.shell("as_root", WHO, user="root")
FORKS = "import os, signal\nfor n in range(200):\n    os.fork() or signal.pause()\n"
FORK_BOMB = PACK.python("fork_bomb", FORKS, limits={"processes": 20})
WISHFUL = PACK.python("wishful", FORKS, limits={"processes": 150})
MEMORY_BOMB = PACK.python("memory_bomb", "kept = []\nwhile True: kept.append(bytearray(1 << 20))", limits={"memory": "64MiB"})
NO_HARM = PACK.python(
    "no_harm",
    f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {FORKS!r}], stderr=subprocess.DEVNULL)",
    limits={"processes": 20},
)
SLOW = PACK.shell("slow", "sleep 60", timeout="30s")
INSIDE = PACK.python(
    "inside",
    """
import json, os, sys
def touched(path):
    try:
        open(path, "x").close()
    except OSError:
        return False
    return True
given = json.load(sys.stdin)
seen = {
    "given": given,
    "touched": [path for path in ("/x", "/etc/x", os.environ["ATTUNE_PACK"] + "/x", "/tmp/x", os.environ["HOME"] + "/x") if touched(path)],
    "run": os.listdir("/run"),
    "state": sorted(os.listdir(given["state"])),
    "processes": len([name for name in os.listdir("/proc") if name.isdigit()]),
}
json.dump(seen, open(os.environ["ATTUNE_RESULT"], "w"))
""",
    sandbox="strict",
    parameters={"state": {"type": "string"}},
    result={"from": "file"},
)
COUNT = "print(open('/proc/net/dev').read().count(':'))"
NETWORK = {
    declared: PACK.python(f"network_{declared}", COUNT, sandbox="strict", network=declared == "declared")
    for declared in ("declared", "undeclared")
}
UNSANDBOXED = PACK.python("unsandboxed", COUNT)
SIGNALLED = PACK.shell("signalled", "kill -TERM $$", sandbox="strict")
NO_PROGRAM = PACK.executable("no_program", "#!/no/such/interpreter\n", sandbox="strict")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with PACK.running(tmp_path_factory.mktemp("confined")) as found:
        change_host(found, HOST)
        yield found


def change_host(running: Running, changes: JsonObject) -> None:
    """Change agent.yaml and start both programs again, as the host's administrator does."""
    agent = running.agent
    settings = agent.state / "agent.yaml"
    document: JsonObject = json.loads(settings.read_text())
    settings.write_text(json.dumps({**document, **changes}))
    assert agent.agent is not None
    assert agent.executor is not None
    agent.agent.stop()
    agent.executor.stop()
    running.system.start_executor(agent)
    running.system.start_agent(agent)


@sentence("A32")
def test_a_granted_user_is_what_the_action_runs_as(running: Running) -> None:
    found = running.run(AS_USER)
    assert found.outcome is Outcome.SUCCEEDED, found
    user = pwd.getpwnam(USER)
    uid, groups, home = running.printed(found.id).decode().splitlines()
    assert (uid, groups) == (str(user.pw_uid), " ".join(map(str, os.getgrouplist(USER, user.pw_gid))))
    assert home != user.pw_dir


@sentence("A32")
@pytest.mark.parametrize("action", [NOT_GRANTED, NOT_GRANTED_ROOT])
def test_a_user_that_was_not_granted_is_refused_before_anything_starts(running: Running, action: str) -> None:
    found = running.run(action)
    assert (found.outcome, found.reason) == (Outcome.REJECTED, Reason.POLICY_DENIED)
    assert "does not let" in found.detail
    assert not Path("/tmp/ran").exists()


@sentence("A32")
def test_a_grant_that_the_executor_was_not_told_is_refused_by_it(running: Running) -> None:
    """The agent believes that it is granted; the executor was started before the grant was written, and decides."""
    agent = running.agent
    settings = agent.state / "agent.yaml"
    before = settings.read_text()
    settings.write_text(json.dumps({**json.loads(before), "users": {USER: {"packs": ["contract"]}}}))
    assert agent.agent is not None
    agent.agent.stop()
    running.system.start_agent(agent)
    try:
        found = running.run(NOT_GRANTED)
        assert (found.outcome, found.reason) == (Outcome.REJECTED, Reason.POLICY_DENIED)
        assert f"--grant {USER}={NOT_GRANTED}" in found.detail
    finally:
        settings.write_text(before)
        agent.agent.stop()
        running.system.start_agent(agent)


def require_groups() -> None:
    groups = find_groups("a test of what there is")
    if groups is None or len(groups.limits) < 2:
        pytest.skip("needs cgroup controllers for memory and pids that can be written")
    groups.remove()


@sentence("A33")
@sentence("A34")
def test_a_failure_at_a_limit_names_it(running: Running) -> None:
    require_groups()
    for action, limit in ((FORK_BOMB, "processes"), (WISHFUL, "processes"), (MEMORY_BOMB, "memory")):
        found = running.run(action)
        assert (found.outcome, found.reason) == (Outcome.FAILED, Reason.RESOURCE_LIMIT), found
        assert f"limit of {limit}" in found.detail


@sentence("A34")
def test_a_limit_that_did_no_harm_is_no_failure(running: Running) -> None:
    require_groups()
    assert running.run(NO_HARM).outcome is Outcome.SUCCEEDED


@sentence("A35")
def test_the_hosts_time_bounds_the_actions(running: Running) -> None:
    found = running.run(SLOW)
    assert found.outcome is Outcome.TIMED_OUT
    assert "(3." in found.detail


@sentence("A36")
@sentence("A37")
def test_an_action_in_a_sandbox_sees_its_own_and_nothing_else_of_attune(running: Running) -> None:
    found = running.run(INSIDE, {"state": str(running.agent.state)})
    assert found.outcome is Outcome.SUCCEEDED, running.printed(found.id, "stderr")
    seen = found.result
    assert isinstance(seen, dict)
    home = Path(str(seen["touched"][-1])) if isinstance(seen["touched"], list) else Path()
    assert seen["touched"] == ["/tmp/x", str(home)]
    assert home.name == "x"
    assert not home.exists()
    assert seen["given"] == {"state": str(running.agent.state)}
    assert seen["state"] == ["packs"]
    assert isinstance(seen["processes"], int)
    assert seen["processes"] < 5


@sentence("A36")
def test_the_network_is_there_only_where_it_is_declared(running: Running) -> None:
    interfaces = {declared: int(running.printed(running.run(action).id)) for declared, action in NETWORK.items()}
    assert interfaces == {"declared": Path("/proc/net/dev").read_text().count(":"), "undeclared": 1}


@sentence("A36")
def test_a_host_can_want_the_sandbox_for_every_action(running: Running) -> None:
    change_host(running, {"sandbox": "strict"})
    try:
        found = running.run(AS_USER)
        assert found.outcome is Outcome.SUCCEEDED, running.printed(found.id, "stderr")
        assert int(running.printed(running.run(UNSANDBOXED).id)) == 1
    finally:
        change_host(running, {"sandbox": "none"})


@sentence("A37")
def test_an_end_by_a_signal_in_a_sandbox_is_an_exit_code(running: Running) -> None:
    found = running.run(SIGNALLED)
    assert (found.outcome, found.reason, found.exit_code) == (Outcome.FAILED, Reason.EXIT_CODE, 128 + 15)


@sentence("A38")
def test_what_cannot_be_started_in_a_sandbox_is_never_started_outside(running: Running) -> None:
    found = running.run(NO_PROGRAM)
    assert (found.outcome, found.reason) == (Outcome.FAILED, Reason.NOT_EXECUTABLE)
    assert "sandbox" in found.detail
