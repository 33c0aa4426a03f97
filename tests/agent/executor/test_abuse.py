"""What actions may try (reliability.md rows 67-76): each ends as the table says, its neighbour starts meanwhile, and nothing of it is left.

The table is tests/cases/abuse; what needs more than a program and an ending is below it, or in test_trees, test_results and test_outputs.
"""

import asyncio
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from attune_agent.executor.processes import descendants, process, send_signal, uids_in_use, wait_gone
from attune_agent.executor_link import ExecutorLink
from attune_agent.host import How, Limit
from attune_agent.results import ResultRules, judge
from tests.agent.executor.abuses import Abuse, abuses
from tests.agent.executor.hosted import SLOTS, Hosted, hosted, lines, log_of, request, run, shell
from tests.waiting import eventually

_names = (f"abuse-{number}" for number in count())
_table = {needs: [abuse for abuse in abuses() if abuse.needs == needs] for needs in ("", "uids", "groups")}


@pytest.fixture(scope="module")
def executor(mode: str) -> Iterator[Hosted]:
    with hosted(mode) as it:
        yield it


def _id(abuse: Abuse) -> str:
    return f"{abuse.row}-{abuse.name.replace(' ', '_')}"


@pytest.mark.parametrize("abuse", _table[""], ids=_id)
async def test_it_ends_as_the_table_says_and_leaves_nothing(link: ExecutorLink, executor: Hosted, abuse: Abuse) -> None:
    await _assert_harmless(link, executor, abuse)


@pytest.mark.root
@pytest.mark.parametrize("mode", ["uids"], indirect=True)
@pytest.mark.parametrize("abuse", _table["uids"], ids=_id)
async def test_what_only_a_uid_of_its_own_can_bound_is_bounded(link: ExecutorLink, executor: Hosted, abuse: Abuse) -> None:
    await _assert_harmless(link, executor, abuse)


@pytest.mark.root
@pytest.mark.parametrize("mode", ["uids"], indirect=True)
@pytest.mark.parametrize("abuse", _table["groups"], ids=_id)
async def test_what_a_group_bounds_is_told_as_that(link: ExecutorLink, executor: Hosted, abuse: Abuse) -> None:
    if not {Limit.MEMORY, Limit.PROCESSES} <= {*(await link.greeting()).limits}:
        pytest.skip("needs cgroup controllers for memory and pids that can be written")
    await _assert_harmless(link, executor, abuse)


async def _assert_harmless(link: ExecutorLink, executor: Hosted, abuse: Abuse) -> None:
    what = abuse.request(next(_names))
    await link.start(what)
    assert (await run(link, shell("exit 6"))).exit_code == 6, "the neighbour starts meanwhile"
    ended = await link.wait(what.execution, 1)
    ending = judge(ended, ResultRules(required=abuse.result_required), cancel=None)
    assert (ended.how, ending.outcome, ending.reason) == (abuse.how, abuse.outcome, abuse.reason), ended
    assert ended.detail == ""
    await _assert_clean(executor)
    after = await asyncio.gather(*(run(link, shell(f"sleep 0.1; exit {code}")) for code in range(SLOTS)))
    assert [one.exit_code for one in after] == list(range(SLOTS)), "every slot goes on"


async def _assert_clean(executor: Hosted) -> None:
    """No process but keepers, and no file in any private directory; what the executor does aside may take a moment."""
    keepers = set(executor.keepers())
    await eventually(lambda: {found.pid for found in descendants(executor.pid)} <= keepers, what="an empty tree")
    if executor.mode == "uids":
        uids = {keeper: int(Path(f"/proc/{keeper}/status").read_text().split("Uid:\t")[1].split()[0]) for keeper in keepers}
        assert [uid for keeper, uid in uids.items() if uids_in_use(uid, uid, but=keeper)] == []
    await eventually(lambda: [path for slot in (executor.run / "work").iterdir() for path in slot.iterdir()] == [], what="an empty slot")


@pytest.mark.root
@pytest.mark.parametrize("mode", ["uids"], indirect=True)
async def test_every_exit_code_is_told_as_it_is(link: ExecutorLink) -> None:
    """Row 71."""
    codes = iter(range(256))

    async def lane() -> list[tuple[int, How, int | None]]:
        found = []
        for code in codes:
            ended = await run(link, shell(f"exit {code}"))
            found.append((code, ended.how, ended.exit_code))
        return found

    told = [one for lane_told in await asyncio.gather(*(lane() for _ in range(SLOTS))) for one in lane_told]
    assert sorted(told) == [(code, How.EXITED, code) for code in range(256)]


async def test_every_deadly_signal_is_told_and_none_leaves_a_core(link: ExecutorLink, executor: Hosted) -> None:
    """Row 71."""
    deadly = sorted({*signal.valid_signals()} - {17, 18, 19, 20, 21, 22, 23, 28} - {32, 33})
    for number in deadly:
        ended = await run(link, shell(f'cd "$HOME"; ulimit -c unlimited 2>/dev/null; kill -{number} $$; sleep 1000', timeout=5.0))
        assert (ended.how, ended.signal, ended.exit_code) == (How.SIGNALLED, number, None)
        assert ended.detail == ""
    await _assert_clean(executor)


async def test_what_the_kernel_refuses_to_execute_is_said_with_its_word(link: ExecutorLink, executor: Hosted) -> None:
    """Row 71, beside the cases of test_attempts."""
    place = executor.owned("refused")
    for name, content in (("itself", f"#!{place}/itself\n"), ("binary", "\x7fELF garbage"), ("empty_interpreter", "#!\n")):
        (place / name).write_text(content)
        (place / name).chmod(0o755)
    (place / "closed").mkdir(mode=0o000)
    cases = {
        "ELOOP": request(f"{place}/itself"),
        "ENOEXEC": request(f"{place}/binary"),
        "E2BIG": request("true", "x" * 200_000),
        "ENOTDIR": request(f"{place}/itself/program"),
        "ENAMETOOLONG": request(f"{place}/{'x' * 300}"),
    }
    for word, what in cases.items():
        ended = await run(link, what)
        assert (ended.how, ended.detail.split(":")[0]) == (How.NOT_EXECUTABLE, word)
    if executor.uid != 0:
        ended = await run(link, request("true", cwd=str(place / "closed")))
        assert (ended.how, ended.detail) == (How.NOT_EXECUTABLE, f"EACCES: Permission denied: the folder {place}/closed")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\0" * 3000, id="NUL"),
        pytest.param(b"\xff\xfe\xc0\xaf\xed\xa0\x80" * 400, id="invalid_UTF-8"),
        pytest.param(b"\x1b[2J\x1b]0;owned\x07\x1b[31m\x9b1A\r\x08" * 100, id="ANSI_and_OSC"),
        pytest.param("\u202e\u2066zyxw\u200b\U000e0041".encode() * 100, id="bidirectional_and_invisible"),
        pytest.param(b"x" * 3000, id="no_newline"),
        pytest.param(b"\r\n\n\r\x0b\x0c\x85" * 300, id="line_ends_of_all_kinds"),
    ],
)
async def test_both_streams_are_kept_byte_for_byte(link: ExecutorLink, content: bytes) -> None:
    """Row 69."""
    script = "import os, sys; data = sys.stdin.buffer.read(); os.write(1, data); os.write(2, data)"
    ended = await run(link, request("/usr/bin/python3", "-c", script, input=content))
    assert (log_of(ended.log_directory), log_of(ended.log_directory, "stderr")) == (content, content)
    assert (ended.stdout_bytes, ended.stderr_bytes) == (len(content), len(content))


_DEAF = "trap '' TERM; echo here > {witness}; while :; do sleep 0.02; done"
#: Says so only when the main process has ended and was seen to.
_LEFT = "(while kill -0 $$ 2>/dev/null; do sleep 0.01; done; echo here > {witness}; exec sleep 1000) & exit 5"


@pytest.mark.parametrize(("state", "script"), [("running", _DEAF), ("terminating", _DEAF), ("draining", _LEFT), ("ended", "exit 5")])
async def test_a_cancel_in_each_state_leaves_one_end(link: ExecutorLink, executor: Hosted, state: str, script: str) -> None:
    """Row 75; cancelled while it starts: test_trees, while it is prepared: tests/agent/test_attempt.py."""
    witness = executor.open / f"cancel-{state}"
    what = shell(script.format(witness=witness))
    await link.start(what)
    if state == "ended":
        await link.wait(what.execution, 1)
    else:
        await eventually(lambda: lines(witness) == ["here"])
    if state == "terminating":
        await link.stop(what.execution, 1, grace=30.0)
    for _ in range(2):
        await link.stop(what.execution, 1, grace=0.2)
    ended = await link.wait(what.execution, 1)
    if state in ("running", "terminating"):
        assert (ended.how, ended.signal) == (How.CANCELLED, signal.SIGKILL)
    else:
        assert (ended.how, ended.exit_code) == (How.EXITED, 5), "an end that was seen stays what it was"
    assert ended.duration < 10
    assert await link.wait(what.execution, 1) == ended
    await _assert_clean(executor)


@pytest.mark.soak
@pytest.mark.timeout(1800)
async def test_a_million_files_are_removed(link: ExecutorLink, executor: Hosted) -> None:
    """Row 73."""
    folders = "for n in $(seq 1000); do mkdir $n; (cd $n && seq 1000 | xargs touch); done"
    ended = await run(link, shell(f'cd "$TMPDIR" && {folders}', timeout=900.0))
    assert (ended.how, ended.exit_code, ended.detail) == (How.EXITED, 0, "")
    await _assert_clean(executor)


async def test_a_time_limit_of_nothing_still_ends_once(link: ExecutorLink, executor: Hosted) -> None:
    """Row 75."""
    for number in range(5):
        what = replace(request("sleep", "1000", execution="no-time", attempt=number + 1), timeout=0.0, grace=0.0)
        assert (await run(link, what)).how is How.TIMED_OUT
    await _assert_clean(executor)


def test_a_signal_is_for_a_process_and_not_for_who_got_its_pid_since() -> None:
    """Row 74: a process is its pid and its start."""
    with subprocess.Popen(["sleep", "1000"]) as child:
        found = process(child.pid)
        assert found is not None
        another = replace(found, ticks=found.ticks - 1)
        assert not send_signal(another, signal.SIGKILL)
        assert wait_gone(another, 0.0)
        assert child.poll() is None
        assert not wait_gone(found, 0.0)
        assert send_signal(found, signal.SIGKILL)
        child.wait()
        assert not send_signal(found, signal.SIGKILL)
