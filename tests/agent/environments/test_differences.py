from pathlib import Path

from attune_agent.environments.differences import Difference, differences, parts_of
from attune_core.values import JsonObject
from tests.agent.environments.places import MemoryPack, Place
from tests.agent.environments.private_registry import PYTHON_LOCK

PACK = MemoryPack({"environments": {"own": {"ecosystem": "python", "lock": "requirements.lock"}}}, {"requirements.lock": PYTHON_LOCK})


def interpreter(folder: Path, version: str) -> None:
    """A `python3` that says that it is of this version."""
    folder.mkdir(exist_ok=True)
    program = folder / "python3"
    program.write_text(f"""#!/bin/sh\necho '["{program}", "{version}", "cpython", "cpython-311-x86_64-linux-gnu", false]'\n""")
    program.chmod(0o755)


async def test_an_upgraded_interpreter_on_the_path_makes_another_key_and_the_difference_is_named(tmp_path: Path) -> None:
    interpreter(tmp_path / "bin", "3.11.98")
    place = Place(tmp_path, path=(str(tmp_path / "bin"), "/usr/bin", "/bin"))
    before = (await place.environments.resolve(PACK, "own")).key
    again = (await place.environments.resolve(PACK, "own")).key
    interpreter(tmp_path / "bin", "3.11.99-upgraded")
    after = (await place.environments.resolve(PACK, "own")).key
    assert before is not None
    assert after is not None
    assert before == again != after
    assert differences(after.parts, before.parts) == [Difference(part="version python", now="3.11.99-upgraded", then="3.11.98")]


def test_parts_are_named_for_people_and_what_came_or_went_is_told() -> None:
    old: JsonObject = {"ecosystem": "go", "files": {"go.sum": "0123456789abcdef", "old.go": "f" * 64}, "settings": {"recipe": "1"}}
    new: JsonObject = {"ecosystem": "go", "files": {"go.sum": "0123456789abcdef", "new.go": "e" * 64}, "settings": {"recipe": "1"}}
    assert parts_of(old) == {
        "ecosystem": "go",
        "file go.sum": "sha256:0123456789ab",
        "file old.go": "sha256:ffffffffffff",
        "setting recipe": "1",
    }
    assert [(each.part, each.now, each.then) for each in differences(new, old)] == [
        ("file new.go", "sha256:eeeeeeeeeeee", None),
        ("file old.go", None, "sha256:ffffffffffff"),
    ]
