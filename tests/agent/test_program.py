"""The agent program with a real executor: what an action gets, how its end is told, and every process killed in the middle."""

import json
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from attune_core.states import Outcome
from attune_core.wire.assignment import Policy, Retry
from tests.agent.executor.hosted import Hosted, hosted, lines
from tests.agent.living import Living, living
from tests.waiting import eventually, wait_until

CANARY = "canary-5521-canary"


BOTH = pytest.mark.parametrize("executor", [pytest.param("uids", marks=pytest.mark.root), "unprivileged"], indirect=True)


@pytest.fixture
def executor(request: pytest.FixtureRequest) -> Iterator[Hosted]:
    """An executor with uids where there are any; the tests of both modes say so."""
    with hosted(getattr(request, "param", "uids" if os.geteuid() == 0 else "unprivileged")) as it:
        it.open.chmod(0o777)
        yield it


@pytest.fixture
async def host(executor: Hosted) -> AsyncIterator[Living]:
    async with living(executor) as it:
        it.witness.touch()
        it.witness.chmod(0o666)
        yield it


@BOTH
async def test_an_action_gets_its_input_and_gives_its_result_and_its_logs(host: Living) -> None:
    host.serve_script('read -r document; echo "$document" > "$ATTUNE_RESULT"; echo out; echo err >&2', result={"from": "file"})
    host.send("e-1", values={"unit": "nginx", "many": [1, 2]})
    report = await host.settled("e-1")
    assert report["outcome"] == "succeeded", report
    assert report["result"] == {"text": "", "unit": "nginx", "many": [1, 2]}
    assert host.moves("e-1") == ["started", "settled"] or host.moves("e-1") == ["preparing", "started", "settled"]
    assert await host.read_log("e-1") == b"out\n"
    assert await host.read_log("e-1", "stderr") == b"err\n"


async def test_the_environment_is_the_contract_s_and_nothing_else(host: Living) -> None:
    host.serve_script(
        """
        pwd
        echo "$GREETING $ATTUNE_ACTION $ATTUNE_ATTEMPT $ATTUNE_EXECUTION_ID"
        echo "$ATTUNE_PACK"
        printf '{"names": "%s"}' "$(env -0 | tr '\\0' '\\n' | cut -d= -f1 | sort | tr '\\n' ' ')" > "$ATTUNE_RESULT"
        """,
        parameters={"text": {"type": "string"}},
        env={"GREETING": "hello ${{ parameters.text }}"},
    )
    host.send("e-1", text="world")
    report = await host.settled("e-1")
    assert report["outcome"] == "succeeded", report
    result = report["result"]
    assert isinstance(result, dict)
    names = set(str(result["names"]).split())
    contract = {"PATH", "HOME", "TMPDIR", "LANG", "ATTUNE_EXECUTION_ID", "ATTUNE_ATTEMPT", "ATTUNE_ACTION", "ATTUNE_PACK", "ATTUNE_RESULT"}
    assert names - {"PWD", "_", "SHLVL", "OLDPWD"} == contract | {"GREETING"}
    cwd, said, root = (await host.read_log("e-1")).decode().splitlines()
    assert said == "hello world web.act 1 e-1"
    assert cwd == f"{root}/actions"
    assert Path(root).is_relative_to(host.layout.packs)


@BOTH
async def test_a_secret_arrives_on_stdin_and_leaves_masked(host: Living) -> None:
    host.put_secret("web_token", CANARY)
    host.serve_script(
        """
        cat > "$ATTUNE_RESULT"
        cat "$ATTUNE_RESULT"
        sed -e 's/.*"token":"//' -e 's/".*//' "$ATTUNE_RESULT" | tr -d '\\n' | wc -c
        printf %s canary-5521-canary | base64
        """,
        parameters={"text": {"type": "string"}, "token": {"type": "string", "secret": True}},
    )
    host.send("e-1", secrets={"token": "web_token"})
    report = await host.settled("e-1")
    assert report["outcome"] == "succeeded", report
    log = await host.read_log("e-1")
    assert f"{len(CANARY)}\n".encode() in log, "the action had the value"
    assert CANARY.encode() not in log
    assert b"***" in log
    assert report["result"] == {"text": "", "token": "***"}
    for path in host.layout.agent.glob("agent.sqlite*"):
        assert CANARY.encode() not in path.read_bytes()
    assert CANARY not in host.log.read_text()


async def test_a_missing_secret_and_an_exposed_one_fail_without_a_start(host: Living) -> None:
    host.serve_script("echo started >> WITNESS", parameters={"token": {"type": "string", "secret": True}})
    host.put_secret("open", CANARY)
    (host.layout.secrets / "open").chmod(0o644)
    host.send("e-1", secrets={"token": "nothing"})
    host.send("e-2", secrets={"token": "open"})
    for execution in ("e-1", "e-2"):
        report = await host.settled(execution)
        assert (report["outcome"], report["reason"]) == ("failed", "secret_missing")
        assert CANARY not in json.dumps(report)
    assert lines(host.witness) == []


@pytest.mark.parametrize(
    ("script", "outcome", "reason"),
    [
        ("exit 3", "failed", "exit_code"),
        ("kill -SEGV $$", "failed", "signal"),
        ("echo '{' > \"$ATTUNE_RESULT\"", "failed", "result_invalid"),
        ('mkfifo "$ATTUNE_RESULT"', "failed", "result_invalid"),
        ('ln -s /etc/passwd "$ATTUNE_RESULT"', "failed", "result_invalid"),
        ("head -c 3000000 /dev/zero | tr '\\0' 1 > \"$ATTUNE_RESULT\"", "failed", "result_too_large"),
    ],
    ids=["exit 3", "signal", "half a result", "a fifo", "a link", "a huge one"],
)
async def test_ends_and_bad_results_are_told_apart(host: Living, script: str, outcome: str, reason: str) -> None:
    host.serve_script(script)
    host.send("e-1")
    report = await host.settled("e-1")
    assert (report["outcome"], report["reason"]) == (outcome, reason), report
    if reason == "exit_code":
        assert report["exit_code"] == 3
    assert "root:" not in json.dumps(report)


async def test_a_program_that_is_not_there_is_not_executable(host: Living) -> None:
    host.serve_pack({"act": {"run": ["no_such_program_here"]}}, {})
    host.send("e-1")
    assert (await host.settled("e-1"))["reason"] == "not_executable"


async def test_a_pack_with_another_digest_is_refused(host: Living) -> None:
    host.serve_script("echo started >> WITNESS")
    served = host.stub.answers[f"/agent/v1/packs/{host.digest}"]
    host.stub.answers[f"/agent/v1/packs/{'e' * 64}"] = served
    host.send("e-1", digest="e" * 64)
    report = await host.settled("e-1")
    assert (report["outcome"], report["reason"]) == ("rejected", "pack_mismatch")
    assert lines(host.witness) == []


async def test_an_action_the_host_does_not_allow_is_rejected(executor: Hosted) -> None:
    async with living(executor, settings={"allow": {"packs": ["db"]}}) as host:
        host.serve_script("exit 0")
        host.send("e-1")
        report = await host.settled("e-1")
        assert (report["outcome"], report["reason"]) == ("rejected", "policy_denied")


@BOTH
async def test_a_timeout_ends_the_whole_tree(host: Living) -> None:
    host.serve_script("(trap '' TERM; setsid sleep 77.7) & echo $! >> WITNESS; sleep 77.7")
    host.send("e-1", policy=Policy(timeout=0.5, grace=0.2))
    assert (await host.settled("e-1"))["outcome"] == "timed_out"
    assert not _anybody_runs("sleep\x0077.7")


@BOTH
async def test_a_cancellation_ends_the_whole_tree_before_the_next_starts(host: Living) -> None:
    host.serve_script("echo start >> WITNESS; trap '' TERM; (setsid sleep 78.8) & sleep 78.8; sleep 78.8")
    host.send("e-1", policy=Policy(grace=0.2))
    host.send("e-2", policy=Policy(grace=0.2))
    await host.wrote(1)
    host.cancel("e-1")
    report = await host.settled("e-1")
    assert (report["outcome"], report["reason"]) == ("cancelled", "operator")
    await host.wrote(2)
    host.cancel("e-2")
    assert (await host.settled("e-2"))["outcome"] == "cancelled"
    assert not _anybody_runs("sleep\x0078.8")


async def test_a_failed_attempt_is_followed_by_another_at_its_place(host: Living) -> None:
    host.serve_script('echo "$ATTUNE_EXECUTION_ID $ATTUNE_ATTEMPT" >> WITNESS; [ "$ATTUNE_ATTEMPT" = 2 ]')
    policy = Policy(retry=Retry(maximum_attempts=3, after=(Outcome.FAILED,), initial_interval=0.1))
    host.send("e-1", policy=policy)
    host.send("e-2", policy=policy)
    assert (await host.settled("e-2"))["outcome"] == "succeeded"
    assert lines(host.witness) == ["e-1 1", "e-1 2", "e-2 1", "e-2 2"]


@BOTH
async def test_a_killed_agent_comes_back_to_the_running_action(host: Living) -> None:
    host.serve_script('echo "$ATTUNE_EXECUTION_ID" >> WITNESS; while [ ! -e WITNESS.go ]; do sleep 0.05; done; echo done; exit 7')
    host.send("e-1")
    host.send("e-2")
    await host.wrote(1)
    await eventually(lambda: any(ack["last"] == 2 for ack in host.stub.said("ack")), what="both on disk")
    host.kill()
    host.start()
    await host.connected()
    Path(f"{host.witness}.go").touch()
    report = await host.settled("e-1")
    assert (report["reason"], report["exit_code"]) == ("exit_code", 7)
    assert (await host.settled("e-2"))["exit_code"] == 7
    assert lines(host.witness) == ["e-1", "e-2"]
    assert await host.read_log("e-1") == b"done\n"


async def test_an_end_while_the_agent_was_dead_is_told_once(host: Living) -> None:
    host.serve_script('echo "$ATTUNE_EXECUTION_ID" >> WITNESS; while [ ! -e WITNESS.go ]; do sleep 0.05; done; exit 7')
    host.send("e-1")
    await host.wrote(1)
    host.kill()
    Path(f"{host.witness}.go").touch()
    wait_until(lambda: not _anybody_runs("act.sh"), what="the end of the action")
    host.start()
    await host.connected()
    assert (await host.settled("e-1"))["exit_code"] == 7
    assert lines(host.witness) == ["e-1"]


async def test_a_stopped_agent_ends_in_order_and_leaves_actions_running(host: Living) -> None:
    host.serve_script("echo $$ >> WITNESS; while [ ! -e WITNESS.go ]; do sleep 0.05; done")
    host.send("e-1")
    await host.wrote(1)
    assert host.stop() == 0
    assert _anybody_runs("act.sh")
    assert not host.layout.ready.exists()
    host.start()
    await host.connected()
    Path(f"{host.witness}.go").touch()
    assert (await host.settled("e-1"))["outcome"] == "succeeded"


@BOTH
async def test_a_killed_executor_means_lost_and_the_queue_goes_on(host: Living) -> None:
    host.serve_script('echo "$ATTUNE_EXECUTION_ID" >> WITNESS; [ "$ATTUNE_EXECUTION_ID" = e-2 ] || sleep 79.9')
    host.send("e-1")
    host.send("e-2")
    await host.wrote(1)
    host.executor.kill()
    host.executor.start()
    report = await host.settled("e-1")
    assert (report["outcome"], report["reason"]) == ("lost", "executor_died")
    assert (await host.settled("e-2"))["outcome"] == "succeeded"
    assert lines(host.witness) == ["e-1", "e-2"]
    assert not _anybody_runs("sleep\x0079.9")


async def test_an_executor_that_lost_its_state_means_lost_and_never_a_second_start(host: Living) -> None:
    host.serve_script('echo "$ATTUNE_EXECUTION_ID" >> WITNESS; [ "$ATTUNE_EXECUTION_ID" = e-2 ] || sleep 76.6')
    host.send("e-1")
    host.send("e-2")
    await host.wrote(1)
    await eventually(lambda: any(ack["last"] == 2 for ack in host.stub.said("ack")), what="both on disk")
    host.kill()
    host.executor.stop()
    host.executor.state.rename(host.executor.place / "old-state")
    host.executor.state.mkdir(mode=0o755)
    host.executor.own(host.executor.state)
    host.executor.start()
    host.start()
    await host.connected()
    report = await host.settled("e-1")
    assert (report["outcome"], report["reason"]) == ("lost", "start_unknown")
    assert (await host.settled("e-2"))["outcome"] == "succeeded"
    assert lines(host.witness) == ["e-1", "e-2"]


@BOTH
async def test_agent_and_executor_killed_at_once_start_nothing_twice(host: Living) -> None:
    host.serve_script('echo "$ATTUNE_EXECUTION_ID $ATTUNE_ATTEMPT" >> WITNESS; sleep 0.02')
    sent = [host.send(f"e-{number}") for number in range(1, 31)]
    for fifth in (5, 12, 20):
        await host.wrote(fifth)
        host.kill()
        host.executor.kill()
        host.executor.start()
        host.start()
        await host.connected()
        for assign in sent:  # the controller sends again; all of it was acknowledged, or the chain goes on
            host.send_again(assign)
    for number in range(1, 31):
        assert (await host.settled(f"e-{number}"))["outcome"] in ("succeeded", "lost")
    witness = lines(host.witness)
    assert len(witness) == len(set(witness))
    numbers = [int(line.split()[0].removeprefix("e-")) for line in witness]
    assert numbers == sorted(numbers)


async def test_the_agent_s_own_directory_is_its_own(host: Living) -> None:
    host.serve_script("exit 0")
    host.send("e-1")
    await host.settled("e-1")
    assert host.layout.agent.stat().st_mode & 0o777 == 0o700
    for path in host.layout.agent.glob("agent.sqlite*"):
        assert path.stat().st_mode & 0o077 == 0, path
    core = Path(f"/proc/{host.pid}/limits").read_text()
    assert [line.split()[4:6] for line in core.splitlines() if line.startswith("Max core file size")] == [["0", "0"]]


async def test_readiness_is_said_in_a_file(host: Living) -> None:
    await eventually(lambda: json.loads(host.layout.ready.read_text())["connected"] is True)
    assert json.loads(host.layout.ready.read_text())["pid"] == host.pid


async def test_a_second_agent_on_the_same_state_is_refused(host: Living) -> None:
    first = host.program
    host.start()
    second = host.program
    assert second is not None
    assert second.wait(timeout=20) == 3
    host.program = first
    assert "ATT373" in host.log.read_text()


async def test_the_agent_s_log_is_json_and_says_what_it_waits_for(executor: Hosted) -> None:
    executor.stop()
    async with living(executor) as host:
        await eventually(lambda: "waiting for the executor" in host.log.read_text(), timeout=30)
        for line in host.log.read_text().splitlines():
            assert {"event", "level", "timestamp"} <= json.loads(line).keys()


def _anybody_runs(words: str) -> bool:
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal() or int(process.name) == os.getpid():
            continue
        try:
            command = (process / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if words in command:
            return True
    return False
