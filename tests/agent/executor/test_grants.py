"""Attempts of granted users: only by the executor's own flags, ended by their tree alone, with no more privileges than the grant gives."""

import os
import pwd
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from attune_agent.executor_errors import GrantMissing, StartRefused
from attune_agent.executor_link import ExecutorLink
from attune_agent.host import How, Sandbox, StartRequest
from tests.agent.executor.hosted import FIRST_UID, SLOTS, Hosted, Peer, alive, hosted, lines, log_of, run, shell, traced
from tests.waiting import eventually, wait_until

pytestmark = pytest.mark.root

USER, SUDOER, ACTION = "games", "daemon", "web.restart"
#: The keepers that are always there: one for each slot, and one for builds.
OWN = SLOTS + 1
GRANTS = (f"--grant={USER}={ACTION},db.*", f"--grant={SUDOER}={ACTION}", f"--privileged={SUDOER}", f"--grant=root={ACTION}")


@pytest.fixture(scope="module")
def executor() -> Iterator[Hosted]:
    with hosted("uids", start=False) as it:
        it.start(more=GRANTS)
        yield it


def granted(script: str, user: str = USER, action: str = ACTION, **changes: object) -> StartRequest:
    return replace(shell(script, **changes), user=user, action=action)


async def test_an_action_runs_as_the_user_it_was_granted_with_its_groups(link: ExecutorLink) -> None:
    for user in (USER, "root"):
        found = pwd.getpwnam(user)
        ended = await run(link, granted('id -u; id -g; id -G; umask; touch "$HOME/x" && stat -c %u "$HOME/x"', user))
        groups = " ".join(map(str, os.getgrouplist(user, found.pw_gid)))
        assert ended.exit_code == 0
        assert log_of(ended.log_directory).decode().split("\n")[:5] == [
            str(found.pw_uid),
            str(found.pw_gid),
            groups,
            "0077",
            str(found.pw_uid),
        ]


@pytest.mark.parametrize(("user", "action"), [(USER, "web.stop"), (SUDOER, "db.backup"), ("nobody", ACTION), ("root", "db.backup")])
async def test_what_was_not_granted_is_refused_and_leaves_nothing(link: ExecutorLink, executor: Hosted, user: str, action: str) -> None:
    what = granted("true", user, action)
    with pytest.raises(GrantMissing, match=f"--grant {user}={action}"):
        await link.start(what)
    assert what.execution not in {one.execution for one in await link.listed()}
    assert not list((executor.run / "work").glob("*/*"))


async def test_an_agent_that_names_no_action_gets_no_user(executor: Hosted) -> None:
    with closing(Peer(executor)) as peer:
        for user, action in ((USER, ""), ("root", "db.*"), ("0", ACTION), ("../root", ACTION)):
            message = _plain_start() | {"user": user, "action": action}
            assert peer.ask(message)["refused"] in {"not_granted", "bad_request"}, (user, action)


async def test_only_a_grant_with_privileges_lets_setuid_programs_work(link: ExecutorLink, executor: Hosted) -> None:
    program = executor.open / "id"
    program.write_bytes(Path("/usr/bin/id").read_bytes())
    program.chmod(0o4755)
    shown = {user: log_of((await run(link, granted(f"{program} -u", user))).log_directory).decode().strip() for user in (USER, SUDOER)}
    assert shown == {USER: str(pwd.getpwnam(USER).pw_uid), SUDOER: "0"}


async def test_other_processes_of_the_user_are_spared_and_its_own_tree_is_not(link: ExecutorLink, executor: Hosted) -> None:
    witness = executor.open / "tree"
    escape = (
        f"(setsid sh -c 'trap \"\" TERM; echo $$ >> {witness}; exec >/dev/null 2>&1 </dev/null; while :; do sleep 1; done' &) ; sleep 100"
    )
    with subprocess.Popen(["sleep", "100"], user=USER) as bystander:  # noqa: ASYNC220 - at once
        for how in (How.TIMED_OUT, How.CANCELLED):
            what = granted(escape, timeout=0.5 if how is How.TIMED_OUT else 60.0, grace=0.1)
            count = len(lines(witness))
            await link.start(what)
            if how is How.CANCELLED:
                await eventually(lambda count=count: len(lines(witness)) > count)  # type: ignore[misc]  # a default binds it now
                await link.stop(what.execution, 1, grace=0.1)
            assert (await link.wait(what.execution, 1)).how is how
        assert [pid for pid in lines(witness) if alive(int(pid))] == []
        assert len(lines(witness)) == 2
        assert bystander.poll() is None
        bystander.kill()


async def test_a_keeper_that_its_action_kills_costs_the_attempt_and_nothing_of_it_stays(link: ExecutorLink, executor: Hosted) -> None:
    witness = executor.open / "killer"
    script = f"(setsid sh -c 'echo $$ >> {witness}; exec sleep 100' &); sleep 0.3; kill -9 $PPID; sleep 100"
    ended = await run(link, granted(script))
    assert (ended.how, ended.detail) == (How.LOST, "keeper_died")
    assert not alive(int(lines(witness)[0]))
    assert (await run(link, granted("exit 3"))).exit_code == 3
    wait_until(lambda: len(executor.keepers()) == OWN, what="the end of the keeper that had found the killed one's uid empty")


async def test_keepers_that_their_actions_kill_cost_no_slot(link: ExecutorLink) -> None:
    for _ in range(SLOTS + 1):
        assert (await run(link, granted("kill -9 $PPID; sleep 100"))).how is How.LOST
    assert (await run(link, granted("exit 3"))).exit_code == 3


async def test_attempts_of_users_count_like_the_others(link: ExecutorLink) -> None:
    waiting = [granted("sleep 100", user) for user in (USER, SUDOER)] + [shell("sleep 100") for _ in range(SLOTS - 2)]
    for what in waiting:
        await link.start(what)
    for one_more in (granted("true"), shell("true")):
        with pytest.raises(StartRefused, match="no_slot"):
            await link.start(one_more)
    for what in waiting:
        await link.stop(what.execution, 1, grace=0.0)
        assert (await link.wait(what.execution, 1)).how is How.CANCELLED


async def test_a_guest_keeper_ends_with_its_attempt(link: ExecutorLink, executor: Hosted) -> None:
    def settled() -> bool:
        return len(executor.keepers()) == OWN

    wait_until(settled, what="the end of the keepers of earlier attempts")
    own = set(executor.keepers())
    await run(link, granted("true"))
    wait_until(settled, what="the end of the keeper")
    assert set(executor.keepers()) == own


async def test_after_a_crash_of_the_executor_nothing_of_a_users_attempt_stays_and_it_is_lost() -> None:
    with hosted("uids", start=False, first_uid=FIRST_UID + 10) as it:
        it.start(more=GRANTS)
        witness = it.open / "crash"
        async with ExecutorLink(it.run) as link:
            what = granted(f"setsid sh -c 'echo $$ >> {witness}; exec sleep 100' & sleep 100")
            await link.start(what)
            await eventually(lambda: len(lines(witness)) == 1)
            keeper = int(Path(f"/proc/{lines(witness)[0]}/status").read_text().split("PPid:\t")[1].split()[0])
            for pid in {keeper, *it.keepers()}:
                os.kill(pid, signal.SIGSTOP)
            it.kill()
            it.start(more=GRANTS)
            ended = await link.wait(what.execution, 1)
            assert (ended.how, ended.detail) == (How.LOST, "executor_died")
            assert not alive(int(lines(witness)[0]))
            assert not list((it.run / "work").glob("*/*")), "the input of an attempt may be a file"


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--grant=nobody-of-this-name=web.restart",), "there is no such user"),
        (("--privileged=games",), "that user has no --grant"),
        (("--grant=games=web",), "pack.name"),
        (("--grant=games=web.restart", "--agent-uid=5"), "the agent's own user"),
    ],
)
def test_grants_that_cannot_be_meant_stop_the_executor_at_its_start(flags: tuple[str, ...], said: str) -> None:
    with hosted("uids", start=False, first_uid=FIRST_UID + 10) as it:
        it.start(more=flags, ready=False)
        assert it.process is not None
        assert it.process.wait(timeout=30) in {2, 3}
        assert said in it.log()


def test_an_executor_without_privileges_takes_no_grants() -> None:
    with hosted("unprivileged", start=False) as it:
        it.start(more=GRANTS, ready=False)
        assert it.process is not None
        assert it.process.wait(timeout=30) == 3
        assert "only an executor that runs as root" in it.log()


def _plain_start() -> dict[str, object]:
    return {
        "type": "start",
        "execution": "forged",
        "attempt": 1,
        "kind": "attempt",
        "argv": ["true"],
        "env": {"PATH": "/usr/bin:/bin"},
        "cwd": "/",
        "input_via": "stdin",
        "timeout": 5,
        "grace": 1,
        "logs": {"head": 4096, "segment": 4096, "segments": 1},
        "result_from": "none",
        "result_limit": 0,
        "mask_b64": [],
        "limits": {},
    }


async def test_roots_own_sandbox_is_one(link: ExecutorLink, executor: Hosted) -> None:
    script = (
        f"id -u; grep CapEff /proc/self/status | grep -qv 0000000000000000 && echo capable; ls {executor.state}; touch {executor.open}/root"
    )
    ended = await run(link, replace(granted(script, "root"), sandbox=Sandbox()))
    assert log_of(ended.log_directory) == b"0\n"
    assert not (executor.open / "root").exists()


async def test_a_keeper_that_cannot_be_made_says_that_nothing_was_started(link: ExecutorLink, executor: Hosted) -> None:
    what = granted("true")
    with traced(executor.pid, executor.place / "trace", "clone,fork,vfork", "inject=clone,fork,vfork:error=EAGAIN"):
        await link.start(what)
        ended = await link.wait(what.execution, 1)
    assert ended.how is How.NOT_STARTED
    assert (await run(link, granted("true"))).exit_code == 0
