"""`sandbox: strict`: what is seen inside, what is not, and that everything that holds outside holds inside as well."""

import signal
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from attune_agent.executor_link import ExecutorLink
from attune_agent.host import How, InputVia, ResultSource, ResultState, Sandbox, StartRequest
from tests.agent.executor.hosted import Hosted, alive, hosted, lines, log_of, request, run, shell
from tests.waiting import eventually


@pytest.fixture(scope="module")
def executor(mode: str) -> Iterator[Hosted]:
    with hosted(mode) as it:
        yield it


def strict(script: str, *, network: bool = False, show: tuple[Path, ...] = (), **changes: object) -> StartRequest:
    return inside(shell(script, **changes), network=network, show=show)


def inside(what: StartRequest, *, network: bool = False, show: tuple[Path, ...] = ()) -> StartRequest:
    return replace(what, sandbox=Sandbox(network=network, show=tuple(map(str, show))))


async def test_exit_codes_streams_input_and_result_are_those_of_the_action(link: ExecutorLink) -> None:
    for via in InputVia:
        read = 'cat "$ATTUNE_INPUT"' if via is InputVia.FILE else "cat"
        what = strict(
            f'{read}; echo oops >&2; echo \'{{"a": 1}}\' > "$ATTUNE_RESULT"; exit 7', input=b"given\n", input_via=via, masks=(b"oops",)
        )
        ended = await run(link, what)
        assert (ended.how, ended.exit_code) == (How.EXITED, 7)
        assert log_of(ended.log_directory) == b"given\n"
        assert log_of(ended.log_directory, "stderr") == b"***\n"
        assert (ended.result.state, ended.result.body) == (ResultState.OK, b'{"a": 1}\n')
    printed = await run(link, strict("echo 5", result_from=ResultSource.STDOUT))
    assert (printed.exit_code, printed.result.body) == (0, b"5\n")


async def test_the_root_is_read_only_and_what_is_private_is_not(link: ExecutorLink, executor: Hosted) -> None:
    tries = f"touch /x {executor.open}/x /etc/x"
    ended = await run(link, strict(f'{tries}; touch /tmp/of-a-sandbox "$HOME/x" "$TMPDIR/x" && echo could; ls -A /tmp /run'))
    assert log_of(ended.log_directory).decode().splitlines()[0] == "could"
    assert not Path("/tmp/of-a-sandbox").exists()
    assert not list(executor.open.iterdir())
    assert b"Read-only" in log_of(ended.log_directory, "stderr")


async def test_nothing_of_attune_and_of_other_attempts_is_there(link: ExecutorLink, executor: Hosted) -> None:
    other = shell('echo "$HOME"; sleep 100')
    directory = (await link.start(other)).log_directory
    await eventually(lambda: log_of(directory) != b"")
    home = Path(log_of(directory).decode().strip())
    places = [executor.state, executor.run / "executor.sock", executor.place / "logs", executor.place / "environments", home]
    ended = await run(link, strict("; ".join(f"ls -A {path}" for path in places) + f"; ls {home.parents[1]}; ps -A -o pid= | wc -l"))
    *_, processes = log_of(ended.log_directory).decode().split()
    assert int(processes) <= 5
    shown = log_of(ended.log_directory).decode() + log_of(ended.log_directory, "stderr").decode()
    assert executor.state.name not in "".join(line for line in shown.splitlines() if "cannot access" not in line)
    assert "executor.sock" not in log_of(ended.log_directory).decode()
    await link.stop(other.execution, 1, grace=0.0)
    await link.wait(other.execution, 1)


async def test_what_is_to_be_seen_is_seen_and_not_changed(link: ExecutorLink, executor: Hosted) -> None:
    folder = executor.owned("shown")
    (folder / "program").write_text("#!/bin/sh\necho seen; touch $(dirname $0)/x\n")
    (folder / "program").chmod(0o755)
    ended = await run(link, replace(inside(request("./program"), show=(folder,)), cwd=str(folder)))
    assert log_of(ended.log_directory) == b"seen\n"
    assert [path.name for path in folder.iterdir()] == ["program"]


async def test_there_is_a_network_only_where_it_is_declared(link: ExecutorLink) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        program = f"import socket; socket.create_connection(('127.0.0.1', {server.getsockname()[1]}), 5)"
        codes = [
            (await run(link, inside(request("/usr/bin/python3", "-c", program), network=network))).exit_code for network in (False, True)
        ]
    assert codes == [1, 0]


async def test_no_descriptor_of_ours_is_open_inside(link: ExecutorLink) -> None:
    ended = await run(link, strict("ls /proc/$$/fd"))
    assert log_of(ended.log_directory).split() == [b"0", b"1", b"2"]


@pytest.mark.parametrize("how", [How.TIMED_OUT, How.CANCELLED])
async def test_what_ignores_sigterm_inside_dies_with_its_attempt(link: ExecutorLink, executor: Hosted, how: How) -> None:
    what = strict("trap '' TERM; (setsid sleep 1000 &); echo ready; while :; do sleep 0.05; done", grace=0.2)
    what = replace(what, timeout=1.0 if how is How.TIMED_OUT else 60.0)
    directory = (await link.start(what)).log_directory
    await eventually(lambda: log_of(directory) != b"")
    if how is How.CANCELLED:
        await link.stop(what.execution, 1, grace=0.2)
    assert (await link.wait(what.execution, 1)).how is how
    assert [pid for pid in _of("sleep 1000") if alive(pid)] == []


async def test_an_action_inside_ends_in_order_on_sigterm_and_its_exit_code_is_told(link: ExecutorLink) -> None:
    what = strict("trap 'sleep 0.5; echo clean; exit 9' TERM; echo ready; while :; do sleep 0.05; done")
    directory = (await link.start(what)).log_directory
    await eventually(lambda: log_of(directory) != b"")
    await link.stop(what.execution, 1, grace=20.0)
    ended = await link.wait(what.execution, 1)
    assert (ended.how, ended.exit_code) == (How.CANCELLED, 9)
    assert log_of(directory) == b"ready\nclean\n"


async def test_an_end_by_a_signal_inside_is_the_exit_code_that_a_shell_gives_it(link: ExecutorLink) -> None:
    ended = await run(link, strict("kill -SEGV $$"))
    assert (ended.how, ended.exit_code) == (How.EXITED, 128 + signal.SIGSEGV)


async def test_what_is_left_in_the_background_inside_is_ended(link: ExecutorLink) -> None:
    ended = await run(link, strict("sleep 1001 >/dev/null 2>&1 & exit 3"))
    assert (ended.how, ended.exit_code) == (How.EXITED, 3)
    assert [pid for pid in _of("sleep 1001") if alive(pid)] == []


@pytest.mark.parametrize("argv", [("no-such-program",), ("./no-such-program",), ("/etc/passwd",)])
async def test_a_program_that_cannot_be_started_inside_is_not_executable(link: ExecutorLink, argv: tuple[str, ...]) -> None:
    assert (await run(link, inside(request(*argv)))).how is How.NOT_EXECUTABLE


async def test_a_sandbox_that_cannot_be_made_never_runs_the_action_without_one(link: ExecutorLink, executor: Hosted) -> None:
    witness = executor.open / "witness"
    what = replace(shell(f"echo ran >> {witness}"), sandbox=Sandbox(show=("/no/such/folder",)))
    ended = await run(link, what)
    assert ended.how is How.NOT_EXECUTABLE
    assert "user namespaces" in ended.detail
    assert b"/no/such/folder" in log_of(ended.log_directory, "stderr")
    assert lines(witness) == []


def _of(command: str) -> list[int]:
    """The processes with this command line."""
    wanted = command.replace(" ", "\0").encode() + b"\0"
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes() == wanted:
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found
