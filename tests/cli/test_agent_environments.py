"""`attune agent environments` on a real host: the commands of a person beside the agent's own builds."""

import asyncio
import fcntl
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from attune_agent.executor_link import ExecutorLink
from attune_agent.host import StartRequest
from tests.agent.environments.hosts import NOBODY, RealHost, plain_python, real_host
from tests.agent.environments.private_registry import PASSWORD, PYTHON_LOCK, Registry, network, private_registry
from tests.cli.terminal import drawn

ROOT = Path(__file__).resolve().parents[2]
ME = os.geteuid()
PACK_YAML = """\
name: web
version: 1.0.0
description: for tests
environments:
  python: {ecosystem: python, lock: requirements.lock}
  none: {ecosystem: shell}
"""


@pytest.fixture(scope="module")
def host() -> Iterator[RealHost]:
    """A host whose agent is not root, where there can be one."""
    with real_host(uids=ME == 0, agent=NOBODY if ME == 0 else ME, memory=True) as it:
        os.chown(it.environments, it.agent, -1)
        yield it


@pytest.fixture(scope="module")
def registry(host: RealHost) -> Iterator[Registry]:
    secrets = host.place / "secrets"
    secrets.mkdir(mode=0o700)
    (secrets / "packages").write_text(PASSWORD)
    (secrets / "packages").chmod(0o600)
    for path in (secrets, secrets / "packages"):
        os.chown(path, host.agent, -1)
    with private_registry(host.place, PASSWORD) as it:
        settings = {"network": json.loads(network(it)), "secrets": str(secrets)}
        (host.place / "agent.yaml").write_text(json.dumps(settings))
        (host.place / "agent.yaml").chmod(0o644)
        host.network = network(it)
        yield it


@pytest.fixture(scope="module")
def pack(host: RealHost) -> Path:
    folder = host.place / "web"
    folder.mkdir()
    (folder / "pack.yaml").write_text(PACK_YAML)
    (folder / "requirements.lock").write_bytes(PYTHON_LOCK)
    return folder


def attune(host: RealHost, *words: str, cwd: Path = Path("/")) -> "subprocess.CompletedProcess[str]":
    argv, env = command_of(host, *words)
    return subprocess.run(argv, cwd=cwd, env=env, capture_output=True, text=True, timeout=60, check=False)


def command_of(host: RealHost, *words: str) -> tuple[list[str], Mapping[str, str]]:
    where = ("--state", str(host.place), "--run", str(host.place / "run"), "--config", str(host.place / "agent.yaml"))
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{ROOT}:{packages}", "PYTHONDONTWRITEBYTECODE": "1"}
    return [plain_python(), "-m", "attune_cli.main", "agent", "environments", *words, *where], env


@contextmanager
def running_without_agent(host: RealHost, key: str) -> Iterator[None]:
    """An attempt in that environment, whose agent is dead."""
    env = {"PATH": "/usr/bin:/bin"}
    request = StartRequest(execution="orphan", attempt=1, argv=("sleep", "100"), env=env, cwd="/", timeout=200, uses=key)

    async def start() -> None:
        async with ExecutorLink(host.place / "run") as link:
            await link.start(request)

    async def stop() -> None:
        async with ExecutorLink(host.place / "run") as link:
            await link.stop("orphan", 1, grace=0.0)
            await link.wait("orphan", 1)

    asyncio.run(start())
    yield
    asyncio.run(stop())


def answered(host: RealHost, *words: str) -> Sequence[Mapping[str, object]]:
    done = attune(host, *words, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, list)
    return found


def test_what_is_built_is_listed_explained_kept_while_in_use_and_removed(host: RealHost, registry: Registry, pack: Path) -> None:
    assert attune(host, "list").stdout == "no environment was built on this host yet\n"
    done = attune(host, "build", str(pack))
    assert done.returncode == 0, done.stderr
    assert "web python: ready after" in done.stderr
    asked = len(registry.asked)

    (one,) = answered(host, "list")
    key = str(one["key"])
    assert one["built"]["pack"] == "web"  # type: ignore[index]  # a JSON object
    assert one["in_use"] is False
    shown = attune(host, "list").stdout
    assert key in shown
    assert "web python" in shown
    assert "KiB" in shown or "MiB" in shown
    assert {path.stat().st_uid for path in (host.environments / key).iterdir() if path.name != "tree"} == {host.agent}

    agent = host.prepare(
        {"environments": {"own": {"ecosystem": "python", "lock": "requirements.lock"}}}, {"requirements.lock": PYTHON_LOCK}
    )
    assert agent.key == key
    assert len(registry.asked) == asked, "the agent uses what was built"

    (why, nothing) = answered(host, "why", str(pack))
    assert (why["key"], why["ready"], why["others"]) == (key, True, [])
    assert nothing["key"] is None
    (pack / "requirements.lock").write_bytes(PYTHON_LOCK + b"# changed\n")
    text = attune(host, "why", str(pack), "python").stdout
    assert f"not {key}" in text
    assert "not built yet" in text
    assert "file requirements.lock" in text

    with (host.environments / key / "used").open() as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        refused = attune(host, "remove", key)
        assert refused.returncode == 3
        assert "ATT317" in refused.stderr
        assert answered(host, "remove", "--unused") == []
    with running_without_agent(host, key):
        refused = attune(host, "remove", key)
        assert (refused.returncode, "ATT317" in refused.stderr) == (3, True), refused.stderr
        assert (host.environments / key / "READY").is_file()
    assert attune(host, "remove", key[:5]).stdout == f"removed {key}\n"
    assert not (host.environments / key).exists()


def test_on_a_terminal_a_build_shows_which_of_how_many_and_leaves_only_what_a_pipe_gets(
    host: RealHost, registry: Registry, tmp_path: Path
) -> None:
    assert registry
    pack = host.place / "plain"
    pack.mkdir()
    environments = {"one": {"ecosystem": "shell"}, "two": {"ecosystem": "shell"}}
    (pack / "pack.yaml").write_text(json.dumps({"name": "plain", "version": "1.0.0", "description": "x", "environments": environments}))
    argv, env = command_of(host, "build", str(pack))
    shown, piped = drawn(cwd=tmp_path, argv=argv, env=env), attune(host, "build", str(pack))
    assert shown.says("plain one", "0/2", "plain two", "1/2")
    assert (shown.code, shown.stdout) == (0, piped.stdout)
    assert re.sub(r"[0-9.]+ s", "", shown.left) == re.sub(r"[0-9.]+ s", "", piped.stderr.rstrip())
    argv, env = command_of(host, "build", str(pack), "--json")
    assert "\x1b" not in drawn(cwd=tmp_path, argv=argv, env=env).stderr


def test_a_build_that_fails_shows_the_end_of_its_log(host: RealHost, registry: Registry, pack: Path) -> None:
    assert registry
    (pack / "requirements.lock").write_bytes(re.sub(rb"sha256:[0-9a-f]{64}", b"sha256:" + b"0" * 64, PYTHON_LOCK))
    done = attune(host, "build", str(pack), "python")
    assert done.returncode == 3
    assert "Hash mismatch" in done.stderr
    assert "ATT316" in done.stderr
    assert PASSWORD not in done.stderr
    swept = answered(host, "list")
    assert [entry["whole"] for entry in swept] == [False]
    assert len(answered(host, "remove", "--unused")) == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("build", "nowhere"), "ATT342"),
        (("why", "/etc"), "ATT342"),
        (("remove", "0123"), "ATT341"),
        (("remove",), "--unused"),
    ],
)
def test_mistakes_are_explained(host: RealHost, registry: Registry, words: Sequence[str], code: str) -> None:
    assert registry
    done = attune(host, *words)
    assert done.returncode == 2, done.stderr
    assert code in done.stderr
    assert "Traceback" not in done.stderr


def test_an_environment_that_a_pack_does_not_declare_is_named(host: RealHost, registry: Registry, pack: Path) -> None:
    assert registry
    done = attune(host, "why", str(pack), "ruby")
    assert "declares no environment 'ruby', but python, none" in done.stderr


def test_without_an_executor_the_list_still_serves_and_a_removal_says_what_is_missing(host: RealHost, registry: Registry) -> None:
    assert registry
    host.stop()
    try:
        assert attune(host, "list", "--json").returncode == 0
        done = attune(host, "remove", "--unused")
        assert done.returncode == 3
        assert "executor" in done.stderr
    finally:
        host.start_executor()


@pytest.mark.root
def test_another_user_than_the_agents_is_told_whom_to_be(host: RealHost, registry: Registry) -> None:
    assert registry
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{ROOT}:{packages}", "PYTHONDONTWRITEBYTECODE": "1"}
    argv = [plain_python(), "-m", "attune_cli.main", "agent", "environments", "list", "--state", str(host.place)]
    done = subprocess.run(argv, cwd="/", env=env, user=1, group=1, extra_groups=[], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "belongs to nobody" in done.stderr
    assert "sudo" in done.stderr
