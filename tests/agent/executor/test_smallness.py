"""The executor is of the standard library and, of the rest of Attune, only failpoints and readiness: upgrades never touch it otherwise."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from attune_agent.executor import main
from attune_core.failpoints import __name__ as failpoints
from attune_core.readiness import __name__ as readiness

_FOLDER = Path(main.__file__).parent


def test_every_import_is_of_the_standard_library_or_the_executor_itself() -> None:
    foreign = set[str]()
    for path in _FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            foreign.update(
                name for name in names if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith("attune_agent.executor")
            )
    assert foreign == {failpoints, readiness}, "both import nothing of Attune themselves"


def test_the_program_loads_nothing_that_is_large() -> None:
    code = "import attune_agent.executor.main, sys; print(*sys.modules)"
    loaded = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    assert {name for name in loaded if name.startswith("attune_core")} == {"attune_core", failpoints, readiness}
    assert not loaded & {"asyncio", "pydantic", "yaml", "ssl", "logging", "shutil", "http", "email", "typer"}


@pytest.mark.parametrize(
    "wrong", [("--slots", "0"), ("--slots", "x"), ("--slots", "257"), ("--uids", "7"), ("--agent-uid", "me"), ("--slot", "1", "--x")]
)
def test_bad_arguments_are_exit_code_two_and_touch_nothing(tmp_path: Path, wrong: tuple[str, ...]) -> None:
    names = ("state", "run", "logs", "environments")
    places = [part for name in names for part in (f"--{name}", str(tmp_path / name))]
    argv = [sys.executable, "-m", "attune_agent.executor.main", "run", *places, *wrong]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "error: " in done.stderr
    assert list(tmp_path.iterdir()) == []
