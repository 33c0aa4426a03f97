"""`attune validate --environments`: what could not be installed is found before the merge."""

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.environments.private_registry import PASSWORD, PYTHON_LOCK, Registry, network, private_registry
from tests.cli.commands import attune

PACK_YAML = """\
name: web
version: 1.0.0
description: for tests
environments:
  tools: {ecosystem: shell}
  python: {ecosystem: python, lock: requirements.lock}
"""


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that the build user can pass, too."""
    with tempfile.TemporaryDirectory(prefix="attune-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def registry(shared: Path) -> Iterator[Registry]:
    (shared / "secrets").mkdir(mode=0o700)
    (shared / "secrets/packages").write_text(PASSWORD)
    (shared / "secrets/packages").chmod(0o600)
    with private_registry(shared, PASSWORD) as it:
        settings = {"network": json.loads(network(it)), "secrets": str(shared / "secrets")}
        (shared / "agent.yaml").write_text(json.dumps(settings))
        yield it


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "packs/web").mkdir(parents=True)
    (folder / "attune.yaml").write_text('format: 1\nattune: ">=0.1"\n')
    (folder / "packs/web/pack.yaml").write_text(PACK_YAML)
    (folder / "packs/web/requirements.lock").write_bytes(PYTHON_LOCK)
    return folder


def test_every_environment_is_built_and_kept_where_a_state_is_named(repository: Path, shared: Path, registry: Registry) -> None:
    words = ("validate", "--environments", "--config", str(shared / "agent.yaml"), "--state", str(shared / "state"))
    done = attune(*words, cwd=repository)
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert "web python: ready after" in done.stderr
    assert "(2 of 2)" in done.stderr
    assert len(list((shared / "state/state/environments").glob("*/READY"))) == 1
    asked = len(registry.asked)
    assert attune(*words, cwd=repository).returncode == 0
    assert len(registry.asked) == asked, "what is there is not built again"


def test_what_cannot_be_built_is_a_warning_at_its_line_and_ends_with_1(repository: Path, shared: Path, registry: Registry) -> None:
    assert registry
    lock = repository / "packs/web/requirements.lock"
    lock.write_bytes(re.sub(rb"sha256:[0-9a-f]{64}", b"sha256:" + b"0" * 64, PYTHON_LOCK))
    assert attune("validate", cwd=repository).returncode == 0, "without a build nothing is wrong"
    done = attune("validate", "--environments", "--config", str(shared / "agent.yaml"), "--json", cwd=repository)
    assert done.returncode == 1, done.stderr
    assert "Hash mismatch" in done.stderr, "the end of the build log"
    (problem,) = [one for one in json.loads(done.stdout)["problems"] if one["code"] == "ATT169"]
    assert (problem["severity"], problem["path"]) == ("warning", "packs/web/pack.yaml")
    assert problem["span"]["line"] == 6
    assert "ATT316" in problem["message"]


def test_its_options_mean_nothing_without_it(repository: Path) -> None:
    done = attune("validate", "--state", "x", cwd=repository)
    assert done.returncode == 2
    assert "--environments" in done.stderr
