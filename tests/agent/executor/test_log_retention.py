"""All logs of a host together are bounded: the oldest go, those of running attempts stay."""

import contextlib
import os
from pathlib import Path

from attune_agent.executor.log_retention import PART, prune
from attune_agent.executor_link import ExecutorLink
from attune_agent.host import LogBounds
from tests.agent.executor.hosted import Hosted, hosted, run, shell
from tests.waiting import wait_until

_KIB = 1024
_MIB = 1 << 20


def _attempt(logs: Path, name: str, *, age: int, size: int = 40 * _KIB) -> Path:
    directory = logs / name
    directory.mkdir(parents=True)
    for stream in ("stdout.head", "stdout.0", "stdout.index"):
        (directory / stream).write_bytes(b"x" * (size // 2 if stream != "stdout.index" else 10))
        os.utime(directory / stream, (10_000 - age, 10_000 - age))
    os.utime(directory, (10_000 - age, 10_000 - age))
    return directory


def test_the_least_lately_written_go_until_the_bound_holds(tmp_path: Path) -> None:
    old, middle, new = (_attempt(tmp_path, name, age=age) for name, age in (("2026-09/a/1", 3), ("2026-10/b/1", 2), ("2026-10/b/2", 1)))
    prune(tmp_path, 250 * _KIB, set())
    assert all(directory.exists() for directory in (old, middle, new))
    prune(tmp_path, 110 * _KIB, set())
    assert not (tmp_path / "2026-09").exists()
    assert middle.exists()
    prune(tmp_path, 60 * _KIB, set())
    assert not middle.exists()
    assert new.exists()


def test_a_running_attempts_log_is_spared_and_strange_names_do_no_harm(tmp_path: Path) -> None:
    running = _attempt(tmp_path, "2026-09/run/1", age=9)
    ended = _attempt(tmp_path, "2026-09/end/1", age=1)
    (tmp_path / "stray").write_text("x")
    (tmp_path / "2026-09" / "stray").write_text("x")
    prune(tmp_path, 0, {str(running)})
    assert running.exists()
    assert not ended.exists()
    assert (tmp_path / "stray").exists()


def test_the_executor_prunes_at_its_start(mode: str) -> None:
    with hosted(mode, start=False) as it:
        old = _attempt(it.place / "logs", "2026-01/old/1", age=9)
        for path in (old, old.parent, old.parent.parent, *old.iterdir()):
            it.own(path)
        it.start(more=("--logs-limit", "1000"))
        wait_until(lambda: not (it.place / "logs" / "2026-01").exists())
        assert _serves(it)


def _serves(executor: Hosted) -> bool:
    return executor.process is not None and executor.process.poll() is None


def test_attempts_without_a_word_do_not_pile_up_for_ever(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"2026-09/e{number}/1").mkdir(parents=True)
        os.utime(tmp_path / f"2026-09/e{number}/1", (number, number))
    prune(tmp_path, 80 * _KIB, set())
    assert sorted(path.name for path in (tmp_path / "2026-09").iterdir()) == sorted(f"e{number}" for number in range(10, 20))


async def test_loud_attempts_are_pruned_when_they_have_written_a_part_of_the_bound(mode: str) -> None:
    with hosted(mode, start=False) as it:
        it.start(more=("--logs-limit", str(4 * _MIB)))
        async with ExecutorLink(it.run) as link:
            for _ in range(12):
                await run(link, shell("head -c 2000000 /dev/zero", logs=LogBounds()))
            for _ in range(1000):
                if _kept(it) <= 4 * _MIB + 4 * _MIB // PART:
                    break
                await run(link, shell("true"))
            assert _MIB < _kept(it) <= 4 * _MIB + 4 * _MIB // PART


def _kept(executor: Hosted) -> int:
    """Bytes of all logs that are there now; they may be going away."""
    kept = 0
    for folder, _, names in os.walk(executor.place / "logs"):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                kept += Path(folder, name).stat().st_size
    return kept
