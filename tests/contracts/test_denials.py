"""What an action can and cannot reach, tried by an action: with uids of its own, unprivileged, and in a sandbox; each row in each.

The table is tests/cases/denials.yaml, and docs/guarantees.md shows it. An unprivileged executor denies little by itself, and says so.
"""

import json
import os
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import yaml

from attune_agent.executor_link import ExecutorLink
from attune_agent.host import InputVia, Sandbox
from attune_agent.layout import Layout
from attune_core.values import JsonValue
from tests.agent.executor.hosted import PLAIN_UID, SYSTEM_PYTHON, Hosted, hosted, log_of, request, shell
from tests.waiting import eventually

HERE = Path(__file__).resolve().parent
Row = Mapping[str, str]
ROWS: Sequence[Row] = yaml.safe_load((HERE.parent / "cases" / "denials.yaml").read_text(encoding="utf-8"))
PAGE = HERE.parents[1] / "docs" / "guarantees.md"
#: As the agent protects itself at its start.
AGENT = "import ctypes, time; ctypes.CDLL(None).prctl(4, 0, 0, 0, 0); print(flush=True); time.sleep(600)"


@pytest.fixture(params=[pytest.param("uids", marks=pytest.mark.root), "unprivileged"])
def executor(request: pytest.FixtureRequest) -> Iterator[Hosted]:
    mode = str(request.param)
    with hosted(mode, start=False) as it:
        it.start(more=("--agent-uid", str(PLAIN_UID)) if mode == "uids" else ())
        yield it


@pytest.mark.parametrize("strict", [False, True], ids=["open", "strict"])
async def test_each_row_of_the_table_is_true(executor: Hosted, strict: bool) -> None:  # noqa: FBT001 - a parameter of the test
    async with ExecutorLink(executor.run) as link:
        other = shell('echo "$ATTUNE_INPUT"; echo $$; echo "$HOME"; sleep 600', input=b"given", input_via=InputVia.FILE)
        log = (await link.start(other)).log_directory
        await eventually(lambda: log_of(log).count(b"\n") == 3)
        with targets(executor, log) as found, closing(socket.create_server(("127.0.0.1", 0))) as server:
            given = json.dumps({"rows": ROWS, "targets": {**found, "port": server.getsockname()[1]}}).encode()
            program = (HERE / "denials.py").read_text()
            hidden = (str(executor.place / "agent"),)
            sandbox = Sandbox(hide=hidden) if strict else None
            device = str(Path("/tmp").stat().st_dev)
            what = request(SYSTEM_PYTHON, "-c", program, device, input=given, sandbox=sandbox)
            await link.start(what)
            ended = await link.wait(what.execution, 1)
        await link.stop(other.execution, 1, grace=0.0)
        await link.wait(other.execution, 1)
    assert ended.exit_code == 0, log_of(ended.log_directory, "stderr")
    could: dict[str, bool] = json.loads(ended.result.body)
    shown = {tries: "possible" if possible else "denied" for tries, possible in could.items()}
    assert shown == {row["tries"]: row["strict" if strict else executor.mode] for row in ROWS}


@contextmanager
def targets(executor: Hosted, log: str) -> Iterator[dict[str, JsonValue]]:
    """What the rows name: an agent's files and process, the executor's, another attempt's, an environment, a setuid program."""
    agent = PLAIN_UID if os.geteuid() == 0 else os.geteuid()
    layout = Layout(state=executor.place / "agent")
    layout.prepare()
    for path in (layout.key, layout.database, layout.secrets / "token"):
        path.touch(mode=0o600)
    tree = executor.place / "environments" / "key" / "tree"
    tree.mkdir(parents=True)
    (tree / "module.py").touch()
    for path in (layout.state, *layout.state.rglob("*"), tree, *tree.iterdir()):
        if os.geteuid() == 0:
            os.chown(path, agent, agent)
    setuid = executor.open / "id"
    setuid.write_bytes(Path("/usr/bin/id").read_bytes())
    setuid.chmod(0o4755 if os.geteuid() == 0 else 0o755)
    given, pid, home = log_of(log).decode().splitlines()
    with subprocess.Popen([SYSTEM_PYTHON, "-c", AGENT], user=agent if os.geteuid() == 0 else None, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        keepers: list[JsonValue] = [*executor.keepers()]
        yield {
            "other": int(pid),
            "other_input": given,
            "other_home": str(Path(home).parent),
            "other_log": f"{log}/stdout.head",
            "logs": str(executor.place / "logs"),
            "agent": process.pid,
            "agent_key": str(layout.key),
            "agent_store": str(layout.database),
            "agent_secret": str(layout.secrets / "token"),
            "journal": str(executor.state / "journal"),
            "socket": str(executor.run / "executor.sock"),
            "executor": executor.pid,
            "keepers": keepers,
            "environment": str(tree),
            "environment_file": str(tree / "module.py"),
            "setuid_program": str(setuid),
        }
        process.kill()


def test_the_page_shows_the_table_as_it_is() -> None:
    lines = [f"| {row['tries']} | {row['uids']} | {row['unprivileged']} | {row['strict']} |" for row in ROWS]
    assert "\n".join(lines) in PAGE.read_text(encoding="utf-8")
