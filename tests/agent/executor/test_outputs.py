"""Output is bounded on disk and in memory, kept as bytes, masked, and never fails or slows the attempt."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from attune_agent.executor.log_files import read_window
from attune_agent.executor_link import ExecutorLink
from attune_agent.host import How, LogBounds
from tests.agent.executor.hosted import Hosted, hosted, log_of, request, run, shell
from tests.waiting import eventually

_MIB = 1 << 20


@pytest.fixture(scope="module")
def executor(mode: str) -> Iterator[Hosted]:
    with hosted(mode) as it:
        yield it


def _resident(pid: int) -> int:
    """Bytes of memory that belong to this process alone or not (VmRSS)."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


def _on_disk(directory: str, stream: str) -> int:
    return sum(path.stat().st_size for path in Path(directory).glob(f"{stream}.*") if path.suffix != ".index")


async def test_two_hundred_megabytes_stay_within_the_bound_and_the_memory_flat(link: ExecutorLink, executor: Hosted) -> None:
    await run(link, shell("true"))
    processes = [executor.pid, *executor.keepers()]
    before = [_resident(pid) for pid in processes]
    ended = await run(link, shell("yes 'a line of the output that is longer than nothing' | head -c 200000000", logs=LogBounds()))
    grown = [_resident(pid) - was for pid, was in zip(processes, before, strict=True)]
    assert (ended.how, ended.exit_code, ended.stdout_bytes) == (How.EXITED, 0, 200_000_000)
    assert max(grown) < 16 * _MIB, grown
    files = {path.name: path.stat().st_size for path in Path(ended.log_directory).glob("stdout.*")}
    assert files["stdout.head"] <= _MIB
    assert sorted(files) == ["stdout.0", "stdout.1", "stdout.2", "stdout.3", "stdout.head", "stdout.index"]
    assert all(files[f"stdout.{place}"] <= 8 * _MIB for place in range(4))
    end = read_window(Path(ended.log_directory), "stdout", -104, 200)
    line = b"a line of the output that is longer than nothing\n"
    assert (end.total, end.data) == (200_000_000, (line * 4)[(200_000_000 - 104) % len(line) :][:104])
    gap = read_window(Path(ended.log_directory), "stdout", files["stdout.head"], 10)
    assert gap.gap > 150_000_000
    assert gap.data == b"a line of "


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


async def test_the_agents_group_may_read_logs_and_nobody_may_write_them(link: ExecutorLink, executor: Hosted) -> None:
    ended = await run(link, shell("echo x; head -c 9000 /dev/zero"))
    modes = {path.name: path.stat().st_mode & 0o777 for path in Path(ended.log_directory).iterdir()}
    assert set(modes) == {"stdout.head", "stdout.index", "stdout.0", "stdout.1"}
    assert set(modes.values()) == {0o640}
    assert Path(ended.log_directory).stat().st_mode & 0o777 == 0o750
    assert {path.stat().st_uid for path in Path(ended.log_directory).iterdir()} == {executor.uid}
