"""How attempts end and what they leave: exit codes, signals, what cannot be executed, input, environment, private directory."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from attune_agent.executor_errors import RequestMalformed
from attune_agent.executor_link import ExecutorLink
from attune_agent.host import AttemptState, How, InputVia, ProcessLimits, ResultState
from attune_core.input_documents.writing import LIMIT
from tests.agent.executor.hosted import FIRST_UID, Hosted, hosted, log_of, request, run, shell


@pytest.fixture(scope="module")
def executor(mode: str) -> Iterator[Hosted]:
    with hosted(mode) as it:
        yield it


@pytest.mark.parametrize("code", [0, 1, 3, 127, 255])
async def test_an_exit_code_is_told_as_it_is(link: ExecutorLink, code: int) -> None:
    ended = await run(link, shell(f"exit {code}"))
    assert (ended.how, ended.exit_code, ended.signal) == (How.EXITED, code, None)
    assert ended.started_at is not None
    assert ended.duration >= 0


async def test_a_death_by_signal_is_no_exit_code(link: ExecutorLink) -> None:
    ended = await run(link, shell("kill -SEGV $$"))
    assert (ended.how, ended.exit_code, ended.signal) == (How.SIGNALLED, None, 11)


async def test_what_is_not_executable_says_why_and_nothing_runs(link: ExecutorLink, executor: Hosted) -> None:
    place = executor.owned("programs")
    for name, content, mode in (
        ("plain", "echo ran > ../ran\n", 0o644),
        ("nowhere", "#!/no/such/interpreter\n", 0o755),
        ("format", "echo ran > ../ran\n", 0o755),
    ):
        (place / name).write_text(content)
        (place / name).chmod(mode)
    cases = {
        "no_such_program": ("ENOENT", "PATH"),
        "./missing": ("ENOENT", "missing"),
        "./plain": ("EACCES", "plain"),
        "./nowhere": ("ENOENT", "interpreter of ./nowhere (#!/no/such/interpreter)"),
        "./format": ("ENOEXEC", "format"),
        "/": ("EACCES", "/"),
    }
    for number, (program, expected) in enumerate(cases.items(), start=1):
        ended = await run(link, request(program, attempt=number, cwd=str(place)))
        assert ended.how is How.NOT_EXECUTABLE, program
        assert all(part in ended.detail for part in expected), ended.detail
    assert not (executor.open / "ran").exists()


async def test_a_folder_that_is_missing_is_named(link: ExecutorLink) -> None:
    ended = await run(link, request("true", cwd="/no/such/folder"))
    assert ended.how is How.NOT_EXECUTABLE
    assert "the folder /no/such/folder" in ended.detail


async def test_the_path_is_the_requests_alone(link: ExecutorLink, executor: Hosted) -> None:
    place = executor.owned("bin")
    (place / "tool").write_text("#!/bin/sh\necho own tool\n")
    (place / "tool").chmod(0o755)
    ended = await run(link, request("tool", env={"PATH": f"/nonexistent:{place}"}))
    assert log_of(ended.log_directory) == b"own tool\n"
    for number, path in enumerate(({}, {"PATH": ""}, {"PATH": "."}), start=2):
        refused = await run(link, request("tool", attempt=number, env=path, cwd=str(place)))
        assert refused.how is How.NOT_EXECUTABLE


async def test_a_program_by_a_relative_path_is_found_from_its_folder(link: ExecutorLink, executor: Hosted) -> None:
    place = executor.owned("action")
    (place / "here").write_text("#!/bin/sh\npwd\n")
    (place / "here").chmod(0o755)
    ended = await run(link, request("./here", cwd=str(place)))
    assert log_of(ended.log_directory) == f"{place}\n".encode()


async def test_the_environment_is_the_requests_and_three_variables_more(link: ExecutorLink) -> None:
    ended = await run(link, request("/usr/bin/env", env={"LANG": "C", "GREETING": "a=b\nc"}))
    shown = log_of(ended.log_directory).decode()
    names = {line.partition("=")[0] for line in shown.replace("a=b\nc", "").splitlines()}
    assert names == {"LANG", "GREETING", "HOME", "TMPDIR", "ATTUNE_RESULT"}
    assert "GREETING=a=b\nc\n" in shown


async def test_home_and_tmpdir_are_private_empty_and_gone_afterwards(link: ExecutorLink, executor: Hosted) -> None:
    script = 'stat -c %a "$HOME" "$TMPDIR" "$HOME/.."; ls -A "$HOME" "$TMPDIR" | grep -v :; echo $HOME; touch "$HOME/a" "$TMPDIR/b"; umask'
    ended = await run(link, shell(script))
    shown = log_of(ended.log_directory).decode().split()
    assert shown[:3] == ["700", "700", "700"]
    assert shown[-1] == "0077"
    assert not Path(shown[-2]).exists()
    assert not any((executor.run / "work").glob("*/*"))


async def test_the_input_arrives_whole_and_ends(link: ExecutorLink) -> None:
    document = json.dumps({"text": "x" * 1_000_000}).encode()
    ended = await run(link, shell("wc -c", input=document))
    assert log_of(ended.log_directory).split() == [str(len(document)).encode()]
    nothing = await run(link, shell("wc -c", attempt=2))
    assert log_of(nothing.log_directory).split() == [b"0"]


async def test_the_largest_document_that_is_written_is_taken(link: ExecutorLink) -> None:
    ended = await run(link, shell("wc -c", input=b"y" * LIMIT))
    assert log_of(ended.log_directory).split() == [str(LIMIT).encode()]
    with pytest.raises(RequestMalformed):
        await run(link, shell("wc -c", attempt=2, input=b"y" * (LIMIT + 1)))


@pytest.mark.parametrize("script", ["exit 0", "exec 0<&-; echo closed", "head -c 10 >/dev/null"])
async def test_an_action_that_does_not_read_a_megabyte_of_input_hangs_nothing(link: ExecutorLink, script: str) -> None:
    ended = await run(link, shell(script, input=b"y" * 2_000_000))
    assert (ended.how, ended.exit_code) == (How.EXITED, 0)


@pytest.mark.parametrize(
    "script", ["sleep 0.4; wc -c", "while dd bs=100000 count=1 2>/dev/null | grep -q .; do sleep 0.02; done; echo 2000000"]
)
async def test_an_input_beyond_the_pipe_waits_for_a_late_or_slow_reader(link: ExecutorLink, script: str) -> None:
    ended = await run(link, shell(script, input=b"y" * 2_000_000))
    assert (ended.how, ended.exit_code) == (How.EXITED, 0)
    assert log_of(ended.log_directory).split() == [b"2000000"]


async def test_a_reader_in_the_background_gets_the_input_as_long_as_the_attempt_lives(link: ExecutorLink) -> None:
    script = 'exec 3<&0; (wc -c <&3; echo read > "$TMPDIR/read") & exec 3<&- 0<&-; while [ ! -e "$TMPDIR/read" ]; do sleep 0.02; done'
    ended = await run(link, shell(script, input=b"y" * 2_000_000))
    assert log_of(ended.log_directory).split() == [b"2000000"]


async def test_a_held_input_of_an_action_that_has_ended_holds_nothing_up(link: ExecutorLink) -> None:
    ended = await run(link, shell("exec 3<&0; sleep 100 <&3 & exit 5", input=b"y" * 2_000_000))
    assert (ended.how, ended.exit_code) == (How.EXITED, 5)
    assert (await run(link, shell("wc -c", input=b"next"))).exit_code == 0


async def test_an_action_that_never_reads_is_ended_by_its_timeout(link: ExecutorLink) -> None:
    ended = await run(link, request("sleep", "100", input=b"y" * 2_000_000, timeout=0.3))
    assert ended.how is How.TIMED_OUT


async def test_the_input_can_come_in_a_file_that_only_the_action_may_read(link: ExecutorLink) -> None:
    what = shell(
        'stat -c %a "$ATTUNE_INPUT"; cat "$ATTUNE_INPUT"; cat; echo "$ATTUNE_INPUT"', input=b"in a file\n", input_via=InputVia.FILE
    )
    ended = await run(link, what)
    first, second, path = log_of(ended.log_directory).decode().splitlines()
    assert (first, second) == ("600", "in a file")
    assert not Path(path).exists()


async def test_streams_are_kept_apart_and_counted(link: ExecutorLink) -> None:
    ended = await run(link, shell("printf out; printf error >&2"))
    assert (log_of(ended.log_directory), log_of(ended.log_directory, "stderr")) == (b"out", b"error")
    assert (ended.stdout_bytes, ended.stderr_bytes) == (3, 5)


async def test_limits_hold_and_cannot_be_raised(link: ExecutorLink) -> None:
    what = shell("ulimit -n; ulimit -Hn; ulimit -n 200 2>/dev/null || echo no", limits=ProcessLimits(open_files=100))
    assert log_of((await run(link, what)).log_directory).split() == [b"100", b"100", b"no"]
    after = await run(link, shell("ulimit -n", attempt=2))
    assert int(log_of(after.log_directory)) > 100


@pytest.mark.root
@pytest.mark.parametrize("mode", ["uids"], indirect=True)
async def test_a_fork_bomb_meets_its_limit_and_leaves_nothing(link: ExecutorLink) -> None:
    what = shell("f() { f | f & }; f 2>/dev/null; sleep 1; echo over", limits=ProcessLimits(processes=40), timeout=5.0)
    ended = await run(link, what)
    assert ended.how in (How.EXITED, How.TIMED_OUT)
    assert (await run(link, shell("true", attempt=2))).exit_code == 0


async def test_the_result_is_the_files_bytes(link: ExecutorLink) -> None:
    ended = await run(link, shell("""printf '{"ok": true}' > "$ATTUNE_RESULT"; exit 4"""))
    assert (ended.result.state, ended.result.body, ended.exit_code) == (ResultState.OK, b'{"ok": true}', 4)


async def test_the_uid_is_the_slots_own_and_has_no_privileges(link: ExecutorLink, executor: Hosted) -> None:
    ended = await run(link, shell("id -u; id -G; grep -E 'CapEff|NoNewPrivs' /proc/self/status; ulimit -c; ps -o sid= -p $$; echo $$"))
    uid, groups, *privileges, core, session, pid = log_of(ended.log_directory).decode().split("\n")[:-1]
    assert privileges == ["CapEff:\t0000000000000000", "NoNewPrivs:\t1"]
    assert core == "0"
    assert session.strip() == pid
    if executor.mode == "uids":
        assert (uid, groups) == (str(FIRST_UID + 1), str(FIRST_UID + 1))


async def test_a_start_that_is_asked_twice_happens_once(link: ExecutorLink, executor: Hosted) -> None:
    witness = executor.open / "witness"
    what = shell(f"echo started >> {witness}; sleep 0.3")
    first = await link.start(what)
    again = await link.start(what)
    ended = await link.wait(what.execution, 1)
    after = await link.start(what)
    assert (first.state, after.state) == (AttemptState.ACCEPTED, AttemptState.ENDED)
    assert again.state in (AttemptState.ACCEPTED, AttemptState.RUNNING)
    assert first.log_directory == again.log_directory == after.log_directory == ended.log_directory
    assert witness.read_text() == "started\n"
