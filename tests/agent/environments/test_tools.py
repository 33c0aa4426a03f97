from pathlib import Path

import pytest

from attune_agent.ecosystems.table import ECOSYSTEMS
from attune_agent.environments.tools import require_tools
from attune_agent.preparation_errors import ToolMissing
from tests.agent.environments.places import MemoryPack, Place


def program(folder: Path, name: str, text: str, mode: int = 0o755) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(mode)
    return path


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, path=(str(tmp_path / "first"), str(tmp_path / "second"), "/usr/bin", "/bin"))


@pytest.mark.parametrize(
    ("says", "wanted"),
    [
        ("echo jq-1.6", ">=1.6"),
        ("echo 'This is perl 5, version 36, subversion 0 (v5.36.0)'", ">=5.36,<6"),
        ("echo 'openjdk 17.0.15 2025-04-15' >&2", "==17"),
        ('[ "$1" = version ] && echo go version go1.26.8 linux/amd64', ">=1.26"),
        ("echo 7", "==7"),
    ],
)
async def test_a_tool_is_asked_for_its_version_in_the_ways_tools_answer(place: Place, tmp_path: Path, says: str, wanted: str) -> None:
    program(tmp_path / "first", "tool", says)
    assert len(await require_tools({"tool": wanted}, place.host)) == 1


async def test_a_missing_tool_is_named_with_the_path_that_was_searched(place: Place) -> None:
    with pytest.raises(ToolMissing, match=r"no-such-tool >=1: there is none in .*/first:"):
        await require_tools({"no-such-tool": ">=1"}, place.host)


@pytest.mark.parametrize("ecosystem", ECOSYSTEMS)
async def test_a_pack_of_any_ecosystem_is_refused_for_a_missing_tool_before_anything_is_built(place: Place, ecosystem: str) -> None:
    pack = MemoryPack({"requires": {"tools": {"no-such-tool": ">=1"}}, "environments": {"own": {"ecosystem": ecosystem}}})
    with pytest.raises(ToolMissing, match="the pack requires no-such-tool >=1: there is none in "):
        await place.environments.prepare(pack, "own", execution="e")
    assert not place.commands.installs


async def test_only_the_first_of_a_name_counts_because_it_is_the_one_that_will_run(place: Place, tmp_path: Path) -> None:
    program(tmp_path / "first", "tool", "echo 1.0")
    program(tmp_path / "second", "tool", "echo 2.0")
    with pytest.raises(ToolMissing, match=r"first/tool is 1\.0"):
        await require_tools({"tool": ">=2"}, place.host)


async def test_a_tool_without_a_version_does_not_serve(place: Place, tmp_path: Path) -> None:
    program(tmp_path / "first", "tool", "exit 1")
    with pytest.raises(ToolMissing, match="does not say its version"):
        await require_tools({"tool": ">=0"}, place.host)


async def test_a_tool_is_asked_once_until_its_file_changes(place: Place, tmp_path: Path) -> None:
    path = program(tmp_path / "first", "tool", "echo 1.0")
    pack = MemoryPack({"requires": {"tools": {"tool": ">=1"}}})
    for _ in range(3):
        await place.environments.prepare(pack, None, execution="e")
    assert len(place.commands.ran) == 1
    path.write_text("#!/bin/sh\necho 0.9\n")
    with pytest.raises(ToolMissing, match=r"0\.9"):
        await place.environments.prepare(pack, None, execution="e")


async def test_a_tools_answer_cannot_write_to_a_terminal(place: Place, tmp_path: Path) -> None:
    program(tmp_path / "first\x1b[2J", "tool", "echo 1.0")
    host = Place(tmp_path, path=(str(tmp_path / "first\x1b[2J"), "/usr/bin", "/bin")).host
    with pytest.raises(ToolMissing) as missing:
        await require_tools({"tool": ">=9"}, host)
    assert "\x1b" not in str(missing.value)
