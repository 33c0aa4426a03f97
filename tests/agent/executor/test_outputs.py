"""Output is bounded on disk and in memory, kept as bytes, masked, and never fails or slows the attempt."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from attune_agent.executor.log_files import read_window
from attune_agent.executor.log_start import start_of_tail
from attune_agent.executor_link import ExecutorLink
from attune_agent.host import How, LogBounds
from tests.agent.executor.hosted import Hosted, hosted, log_of, request, run, shell
from tests.measured import peak_of
from tests.waiting import eventually

_MIB = 1 << 20
_LINE = b"a line of the output that is longer than nothing\n"


@pytest.fixture(scope="module")
def executor(mode: str) -> Iterator[Hosted]:
    with hosted(mode) as it:
        yield it


def _on_disk(directory: str, stream: str) -> int:
    return sum(path.stat().st_size for path in Path(directory).glob(f"{stream}.*") if path.suffix not in {".index", ".waypoints"})


@pytest.mark.parametrize("size", [1 << 30, pytest.param(10 << 30, marks=[pytest.mark.soak, pytest.mark.timeout(600)])])
async def test_gibibytes_of_stderr_succeed_within_the_bounds_of_disk_and_memory(link: ExecutorLink, executor: Hosted, size: int) -> None:
    what = shell(f"yes '{_LINE.decode().strip()}' | head -c {size} >&2", logs=LogBounds(), timeout=500.0)
    ended = await run(link, what)
    assert (ended.how, ended.exit_code, ended.stdout_bytes, ended.stderr_bytes) == (How.EXITED, 0, 0, size)
    assert max(peak_of(pid) for pid in [executor.pid, *executor.keepers()]) < 64 * _MIB
    directory = Path(ended.log_directory)
    files = {path.name: path.stat().st_size for path in directory.iterdir()}
    places = ("stderr.0", "stderr.1", "stderr.2", "stderr.3")
    assert sorted(files) == [*places, "stderr.head", "stderr.index", "stderr.waypoints"]
    assert files["stderr.head"] <= _MIB
    assert all(files[place] <= 8 * _MIB for place in places)
    assert files["stderr.index"] + files["stderr.waypoints"] < 128 << 10
    end = read_window(directory, "stderr", -104, 200)
    assert (end.total, end.data) == (size, (_LINE * 4)[(size - 104) % len(_LINE) :][:104])
    gap = read_window(directory, "stderr", files["stderr.head"], 10)
    assert size - 34 * _MIB < gap.gap < size - 24 * _MIB
    assert gap.data == _LINE[:10]
    assert start_of_tail(directory, "stderr", 10_000) == size - 10_000 * len(_LINE) + len(_LINE) - size % len(_LINE)


async def test_both_streams_without_any_line_end_hold_their_bounds(link: ExecutorLink) -> None:
    script = "head -c 3000000 /dev/zero & head -c 3000000 /dev/urandom >&2; wait"
    ended = await run(link, shell(script, logs=LogBounds(head=10_000, segment=50_000, segments=3)))
    assert (ended.stdout_bytes, ended.stderr_bytes) == (3_000_000, 3_000_000)
    for stream in ("stdout", "stderr"):
        assert 110_000 <= _on_disk(ended.log_directory, stream) <= 160_000
    assert set(log_of(ended.log_directory)) == {0}


async def test_bytes_that_are_no_text_are_kept_as_they_are(link: ExecutorLink) -> None:
    content = bytes(range(256)) * 8 + b"\x1b]0;title\x07\xff\xfe\0"
    ended = await run(link, shell("cat", input=content))
    assert log_of(ended.log_directory) == content


async def test_output_can_be_read_while_the_attempt_runs(link: ExecutorLink) -> None:
    what = shell("echo first; sleep 100")
    directory = (await link.start(what)).log_directory
    await eventually(lambda: log_of(directory) == b"first\n")
    await link.stop(what.execution, 1, grace=0.0)
    await link.wait(what.execution, 1)


async def test_secrets_are_masked_in_both_streams_and_the_result_also_when_written_in_pieces(link: ExecutorLink) -> None:
    script = """
import os, sys, time
for byte in b"[hunter2-hunter2]":
    os.write(1, bytes([byte]))
    time.sleep(0.002)
os.write(2, b"x" * 65530 + b"hunter2-hunter2" + b"y" * 10)
with open(os.environ["ATTUNE_RESULT"], "w") as result:
    result.write('{"token": "hunter2-hunter2"}')
"""
    what = request("/usr/bin/python3", "-c", script, masks=(b"hunter2-hunter2",), logs=LogBounds())
    ended = await run(link, what)
    assert log_of(ended.log_directory) == b"[***]"
    assert log_of(ended.log_directory, "stderr") == b"x" * 65530 + b"***" + b"y" * 10
    assert ended.result.body == b'{"token": "***"}'


async def test_a_secret_that_only_begins_is_no_secret(link: ExecutorLink) -> None:
    ended = await run(link, shell("printf hunter", masks=(b"hunter2-hunter2",)))
    assert log_of(ended.log_directory) == b"hunter"


async def test_an_action_reaches_no_log_but_through_its_streams(mode: str, link: ExecutorLink, executor: Hosted) -> None:
    other = (await run(link, shell("echo secret of another"))).log_directory
    tries = (
        'ls "$1"',
        'ls "$2"',
        ': > "$1/x"',
        ': > "$2/x"',
        'cat "$2/stdout.head"',
        ': > "$2/stdout.head"',
        'ln -s /etc "$2/stderr.head"',
    )
    script = "; ".join(f"({one}) > /dev/null 2>&1 && echo {number}" for number, one in enumerate(tries))
    ended = await run(link, request("sh", "-c", f"{script}; true", "sh", str(executor.place / "logs"), other))
    # Without a uid of its own an attempt is the executor's user; the program says so at its start.
    assert log_of(ended.log_directory).split() == ([] if mode == "uids" else [b"%d" % number for number in range(len(tries))])


async def test_the_agents_group_may_read_logs_and_nobody_may_write_them(link: ExecutorLink, executor: Hosted) -> None:
    ended = await run(link, shell("echo x; head -c 9000 /dev/zero"))
    modes = {path.name: path.stat().st_mode & 0o777 for path in Path(ended.log_directory).iterdir()}
    assert set(modes) == {"stdout.head", "stdout.index", "stdout.0", "stdout.1"}
    assert set(modes.values()) == {0o640}
    assert Path(ended.log_directory).stat().st_mode & 0o777 == 0o750
    assert {path.stat().st_uid for path in Path(ended.log_directory).iterdir()} == {executor.uid}
