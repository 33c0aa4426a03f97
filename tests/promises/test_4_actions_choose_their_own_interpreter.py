"""Lesson 4: agent and actions share no interpreter, no packages, no PATH, no environment; the agent's own can be replaced at any time.

The agent's programs run in an activated virtual environment of the tests' CPython, with Attune installed in it, actions on the system's
python3. Where those two are one CPython (a checkout made with the system's own), everything but the version still differs.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from uv import find_uv_bin

from attune_cli.local.origin import Origin
from attune_cli.local.system import LocalSystem, network_settings
from attune_core.states import Outcome, Reason
from attune_core.values import JsonValue
from tests.running import Running, open_for_attempts, pack, shared_directory
from tests.waiting import wait_until

pytestmark = [pytest.mark.flow, pytest.mark.registry]

ROOT = Path(__file__).resolve().parents[2]
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
SYSTEM_PYTHON = "/usr/bin/python3"

WHERE = """\
import json, os, sys
from importlib.util import find_spec
def target(descriptor):
    try:
        return os.readlink("/proc/self/fd/" + descriptor)
    except FileNotFoundError:
        return None  # the listing's own
seen = {
    "version": sys.version, "executable": sys.executable, "prefix": sys.prefix, "base": sys.base_prefix, "path": sys.path,
    "environ": dict(os.environ), "open": {name: target(name) for name in os.listdir("/proc/self/fd") if target(name)},
    "mapped": sorted({line.split()[-1] for line in open("/proc/self/maps") if "/" in line}),
    "found": {name: getattr(find_spec(name), "origin", None) for name in ("attune_core", "attune_agent", "structlog", "tomlkit")},
}
json.dump(seen, open(os.environ["ATTUNE_RESULT"], "w"))
"""
FILES = pack(
    "own",
    {
        "pack.yaml": json.dumps(
            {"name": "own", "version": "1.0.0", "description": "For tests"}
            | {"environments": {"python": {"ecosystem": "python", "interpreter": ">=3.9", "lock": "requirements.lock"}}}
        ),
        "requirements.lock": (ROOT / "examples/deploy/packs/deploy/requirements.lock").read_text(),
        "actions/where.yaml": json.dumps({"description": "Where am I", "run": ["python", "where.py"], "environment": "python"}),
        "actions/where.py": WHERE,
        "actions/python.yaml": json.dumps(
            {"description": "Without an environment", "run": ["python", "-c", "import sys; print(sys.executable, sys.prefix)"]}
        ),
        "actions/gated.yaml": json.dumps(
            {"description": "Wait", "run": ["python", "gated.py"], "environment": "python", "env": {"GATE": "${{ parameters.gate }}"}}
            | {"parameters": {"gate": {"type": "string"}}}
        ),
        "actions/gated.py": """\
import os, pathlib, time
gate = pathlib.Path(os.environ["GATE"])
gate.with_name("waiting").touch()
while not gate.exists():
    time.sleep(0.02)
import tomlkit  # only now: what it needs must still be there
print(tomlkit.dumps({"ended": True}), end="")
""",
    },
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("own")
    open_for_attempts(found)
    return found


@pytest.fixture(scope="module")
def home(place: Path) -> Path:
    """Return the virtual environment that the agent lives in."""
    install_attune(place / "home")
    return place / "home"


@pytest.fixture(scope="module")
def running(place: Path, home: Path) -> Iterator[Running]:
    origin = Origin(place / "git")
    origin.write(FILES)
    commit = origin.push()
    with LocalSystem(root=place / "system", repository=str(origin.bare), network=network_settings()) as system:
        system.start_controller()
        assert system.wait_for_revision(commit).sync.active_revision == commit
        with pytest.MonkeyPatch.context() as activate:  # what `. bin/activate` does, and a PYTHONPATH that somebody left there
            activate.setenv("VIRTUAL_ENV", str(home))
            activate.setenv("PATH", f"{home}/bin:{os.environ['PATH']}")
            activate.setenv("PYTHONPATH", str(packages_of(home)))
            system.add_agent("one", {"role": "test"}, python=str(home / "bin" / "python"))
            system.wait_for_agents()
            with system.client() as client:
                yield Running(system, origin, client)


def install_attune(home: Path) -> None:
    """Make a virtual environment on the tests' own CPython, with Attune and what it needs, as its installation does."""
    uv = find_uv_bin()
    base = str(Path(sys.executable).resolve())
    for argv in (
        ["venv", "--quiet", "--no-project", "--python", base, str(home)],
        [
            "pip",
            "sync",
            "--quiet",
            "--require-hashes",
            "--python",
            str(home / "bin" / "python"),
            str(ROOT / "requirements" / "runtime.txt"),
        ],
    ):
        subprocess.run([uv, *argv], check=True, timeout=120)
    for package in ("attune_core", "attune_agent"):
        shutil.copytree(ROOT / package, packages_of(home) / package, ignore=shutil.ignore_patterns("__pycache__"))


def packages_of(home: Path) -> Path:
    (found,) = home.glob("lib/python3.*/site-packages")
    return found


def test_the_agent_does_live_in_that_environment(running: Running, home: Path) -> None:
    """Otherwise the other tests would prove nothing."""
    for program in (running.agent.agent, running.agent.executor):
        assert program is not None
        assert Path(f"/proc/{program.pid}/cmdline").read_bytes().startswith(f"{home}/bin/python\0".encode())


def test_an_action_sees_nothing_of_the_agents_interpreter(running: Running, home: Path) -> None:
    found = running.run("own.where", timeout=100)
    assert found.outcome is Outcome.SUCCEEDED, found
    seen = found.result
    assert isinstance(seen, dict)
    ask = [SYSTEM_PYTHON, "-I", "-c", "import sys; print(sys.version, end='')"]
    assert seen["version"] == subprocess.run(ask, check=True, capture_output=True, text=True).stdout
    if Path(sys.executable).resolve() != Path(SYSTEM_PYTHON).resolve():
        assert seen["version"] != sys.version
    environments = str(running.agent.state / "environments")
    assert str(seen["prefix"]).startswith(environments)
    assert_names_nothing(seen, home)
    opened, modules = seen["open"], seen["found"]
    assert isinstance(opened, dict)
    assert isinstance(modules, dict)
    assert sorted(opened) == ["0", "1", "2"]
    assert all(str(target).startswith("pipe:") for target in opened.values())
    assert str(modules.pop("tomlkit")).startswith(environments)
    assert set(modules.values()) == {None}, "neither Attune nor what it needs can be imported"


def assert_names_nothing(seen: JsonValue, home: Path) -> None:
    """No text of what the action saw leads to the agent's environment, to this checkout or to the interpreter behind them."""
    text = json.dumps(seen)
    own = {str(home), str(ROOT), sys.prefix, sys.base_prefix} - {"/usr", "/usr/local"}
    assert [path for path in sorted(own) if path in text] == []
    assert "VIRTUAL_ENV" not in text
    assert "PYTHONPATH" not in text


def test_an_action_without_environment_does_not_get_the_agents_python(running: Running, home: Path) -> None:
    assert (home / "bin" / "python").exists(), "it stands first on the agent's PATH"
    found = running.run("own.python")
    if shutil.which("python", path=SYSTEM_PATH) is None:  # as on Debian, which has only python3
        assert (found.outcome, found.reason) == (Outcome.FAILED, Reason.NOT_EXECUTABLE)
        assert f"'python' is in no directory of PATH ({SYSTEM_PATH}" in found.detail
        assert_names_nothing(found.detail, home)
    else:
        assert found.outcome is Outcome.SUCCEEDED
        assert_names_nothing(running.printed(found.id).decode(), home)


def test_the_agents_environment_is_replaced_while_an_action_runs(running: Running, place: Path, home: Path) -> None:
    gate = shared_directory(place, "gate") / "open"
    execution = running.start("own.gated", {"gate": str(gate)})
    wait_until(gate.with_name("waiting").exists, timeout=60, what="the action under way")
    agent = running.agent
    assert agent.agent is not None
    assert agent.executor is not None
    executor = agent.executor.pid
    agent.agent.stop()
    shutil.rmtree(home)
    gate.touch()  # the action ends while there is neither an agent nor its environment
    install_attune(home)
    running.system.start_agent(agent)
    found = running.settled(execution)
    assert (found.outcome, found.attempt) == (Outcome.SUCCEEDED, 1)
    assert running.printed(found.id) == b"ended = true\n"
    assert agent.executor.running
    assert agent.executor.pid == executor, "the executor, whose files were deleted under it, needed no restart"
    assert running.run("own.where").outcome is Outcome.SUCCEEDED
