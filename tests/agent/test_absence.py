"""How long the controller was not heard is known across restarts of the agent, suspends and boots of its host."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from attune_agent.absence import Absence
from attune_agent.contact import Contact


@dataclass
class Clocks:
    """A host's two clocks, each as somebody sets it."""

    wall: float = 1_000_000.0
    boot: float = 500.0

    def now(self) -> float:
        return self.wall

    def monotonic(self) -> float:
        return self.boot

    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError  # counting an absence never waits


def test_the_count_goes_on_after_a_restart_and_a_suspend(tmp_path: Path) -> None:
    Absence(tmp_path / "absence.json", "boot", Clocks()).note(60.0)
    later = Clocks(boot=500.0 + 3600.0)  # boot time counts suspends
    silence = Absence(tmp_path / "absence.json", "boot", later).silence()
    assert silence == 3660.0
    assert "offline_limit" in Contact(later, offline_limit=3600.0, silence=silence).closed()
    assert Contact(later, offline_limit=7200.0, silence=silence).closed() == ""


@pytest.mark.parametrize("wall", [1.0, 1_000_000.0 - 315_360_000.0, 1_000_000.0 + 315_360_000.0])
def test_a_wall_clock_that_is_set_changes_nothing_within_one_boot(tmp_path: Path, wall: float) -> None:
    Absence(tmp_path / "absence.json", "boot", Clocks()).note(0.0)
    assert Absence(tmp_path / "absence.json", "boot", Clocks(wall=wall, boot=510.0)).silence() == 10.0


@pytest.mark.parametrize(("wall", "silence"), [(1_086_400.0, 86_400.0), (5.0, 0.0)])
def test_across_a_boot_the_wall_clock_is_a_hint_and_never_less_than_nothing(tmp_path: Path, wall: float, silence: float) -> None:
    Absence(tmp_path / "absence.json", "boot", Clocks()).note(0.0)
    assert Absence(tmp_path / "absence.json", "another boot", Clocks(wall=wall, boot=3.0)).silence() == silence


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"boot": "boot"}', '{"boot": "boot", "heard": null, "wall": 1}'])
def test_without_a_note_the_count_begins_anew(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "absence.json").write_text(content)
    assert Absence(tmp_path / "absence.json", "boot", Clocks()).silence() == 0.0
