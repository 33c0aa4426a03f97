"""Lesson 1: an action is any executable; run by hand, without Attune anywhere, it gives the Result that it gives through Attune.

The example's three actions run on a live system first, from one event; then the same Inputs are given to the same argv by plain
`subprocess`, with the variables that docs/contract/action.md names and nothing else.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from uv import find_uv_bin

from attune_core.catalog.documents import read_document
from attune_core.states import Outcome
from attune_core.values import JsonObject, JsonValue
from tests.running import Running, open_for_attempts, running_system
from tests.unprivileged import NOBODY

pytestmark = [pytest.mark.flow, pytest.mark.registry]

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PACK = EXAMPLES / "deploy" / "packs" / "deploy"
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
SECRET = "a-token-of-the-unit"
NODE = shutil.which("node", path=SYSTEM_PATH)


@dataclass(frozen=True)
class Run:
    """One run of an action: what it was given, what it gave."""

    given: JsonObject
    result: JsonValue
    out: bytes


@pytest.fixture(scope="module")
def through_attune(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Run]:
    """Let one push event run all three, on the hosts that its rules name."""
    files = {str(path.relative_to(EXAMPLES / "deploy")): path.read_text() for path in (EXAMPLES / "deploy").rglob("*") if path.is_file()}
    payload = json.loads((EXAMPLES / "payloads" / "github_push.json").read_text())
    if NODE is None:
        del files["packs/deploy/rules/announce_on_push.yaml"]
    with running_system(tmp_path_factory.mktemp("attune"), files, labels={"role": "web"}) as running:
        running.system.put_agent_secret(running.agent, "deploy_token", SECRET)
        running.system.add_agent("db1", {"role": "db"})
        running.system.wait_for_agents()
        executions = running.executions_of(running.send("github.push", payload, event_id="promise-1").position)
        return dict(run_of(running, execution) for execution in executions)


def run_of(running: Running, execution: str) -> tuple[str, Run]:
    found = running.settled(execution, timeout=120)
    assert found.outcome is Outcome.SUCCEEDED, found
    given = {**found.input, **dict.fromkeys(found.secrets, SECRET)}
    return found.action.removeprefix("deploy."), Run(given, found.result, running.printed(found.id))


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Copy the pack to a place of its own, and install what it needs with the languages' own installers."""
    place = tmp_path_factory.mktemp("hand")
    open_for_attempts(place)
    pack, environment = place / "deploy", place / "environment"
    shutil.copytree(PACK, pack)
    uv = find_uv_bin()
    install(uv, "venv", "--quiet", "--no-project", "--python", "/usr/bin/python3", str(environment))
    lock = ("--require-hashes", "--link-mode", "copy", "--python", str(environment / "bin" / "python"), str(PACK / "requirements.lock"))
    install(uv, "pip", "sync", "--quiet", *lock)
    if NODE is not None:
        install("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(pack))
    yield place
    shutil.rmtree(place)


def install(*argv: str) -> None:
    authorities = os.environ.get("SSL_CERT_FILE")
    trust = {"npm_config_cafile": authorities} if authorities else {}
    subprocess.run(argv, env={**os.environ, **trust}, check=True, stdin=subprocess.DEVNULL, timeout=120)


def run_by_hand(place: Path, name: str, given: JsonObject) -> Run:
    """Do what the contract's page shows: a document on standard input, a file in ATTUNE_RESULT, and the document's own argv."""
    document, problems = read_document(f"{name}.yaml", (PACK / "actions" / f"{name}.yaml").read_bytes())
    assert document is not None, problems
    assert isinstance(document.value, dict)
    run = document.value["run"]
    assert isinstance(run, list)
    private = place / f"private-{name}"
    private.mkdir()
    private.chmod(0o777)
    user = NOBODY if os.geteuid() == 0 else None
    done = subprocess.run(
        ["env", "-i", f"PATH={place}/environment/bin:{SYSTEM_PATH}", f"ATTUNE_RESULT={private}/result", *map(str, run)],
        cwd=place / "deploy" / "actions",
        input=json.dumps(given).encode(),
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return Run(given, json.loads((private / "result").read_bytes()), done.stdout)


@pytest.mark.parametrize(
    "name", ["restart", "record_release", pytest.param("announce", marks=pytest.mark.skipif(NODE is None, reason="no node"))]
)
def test_an_action_gives_the_same_by_hand_as_through_attune(through_attune: Mapping[str, Run], by_hand: Path, name: str) -> None:
    assert run_by_hand(by_hand, name, through_attune[name].given) == through_attune[name]


def test_nothing_of_attune_can_be_reached_by_hand(by_hand: Path) -> None:
    path = f"{by_hand}/environment/bin:{SYSTEM_PATH}"
    assert [name for name in ("attune", "attune-agent", "attune-executor") if shutil.which(name, path=path)] == []
    tried = subprocess.run(
        [f"{by_hand}/environment/bin/python", "-c", "import attune_core"], env={}, cwd=by_hand, capture_output=True, text=True, check=False
    )
    assert "No module named 'attune_core'" in tried.stderr
    code = [path for path in PACK.rglob("*") if path.suffix in {".py", ".js", ".sh"}]
    assert len(code) == 3
    for program in code:
        assert "attune" not in program.read_text().replace("ATTUNE_RESULT", ""), "the only word of ours is the variable's name"
