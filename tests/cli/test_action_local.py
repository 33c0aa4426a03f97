"""`attune action run --local`: one action of a working copy by the agent's own code, without any server."""

import json
from pathlib import Path

import pytest

from attune_core.shipped import shipped
from tests.cli.commands import attune

pytestmark = pytest.mark.flow
DEPLOY = str(shipped("examples") / "deploy")
REVISION = "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c"


def test_the_template_runs_at_once(tmp_path: Path) -> None:
    done = attune("action", "run", "hello.greet", "--local", "--repository", str(shipped("packs-template")), "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["outcome"] == "succeeded"
    assert report["result"] == {"greeting": "hello world"}
    assert "greeting world" in done.stderr, "with --json the logs are beside the document"


def test_a_secret_comes_from_a_private_file_and_is_masked(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir(mode=0o700)
    (tmp_path / "secrets/deploy_token").write_text("hunter2-hunter2\n")
    (tmp_path / "secrets/deploy_token").chmod(0o600)
    given = ("-i", "unit=site", "-i", f"revision={REVISION}", "--secret", "token=deploy_token", "--secrets", "secrets")
    done = attune("action", "run", "deploy.restart", "--local", "--repository", DEPLOY, *given, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert '"authorised": true' in done.stdout
    assert "hunter2" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("deploy.restart", "-i", "unit=site"), 2, "secret parameter token"),
        (("deploy.restrt",), 2, "no action deploy.restrt\n  what to do: did you mean deploy.restart?"),
        (("deploy.announce", "-i", "repository=a/b"), 2, "ref"),
        (("deploy.announce", "-i", "repository=5", "-i", "ref=r", "-i", "author=a"), 2, "repository"),
    ],
)
def test_what_cannot_run_is_said_before_anything_starts(tmp_path: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    done = attune("action", "run", *arguments, "--local", "--repository", DEPLOY, cwd=tmp_path)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_failing_action_ends_with_1_and_its_exit_code(tmp_path: Path) -> None:
    action = {
        "description": "Fails",
        "run": ["sh", "fail.sh"],
        "retry": {"maximum_attempts": 2, "after": ["failed"], "place": "tail", "initial_interval": "10ms"},
    }
    documents: dict[str, object] = {
        "attune.yaml": {"format": 1, "attune": ">=0.1"},
        "packs/bad/pack.yaml": {"name": "bad", "version": "1.0.0", "description": "For tests"},
        "packs/bad/actions/fail.yaml": action,
    }
    for name, document in documents.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(json.dumps(document))
    (tmp_path / "packs/bad/actions/fail.sh").write_text("echo attempt $ATTUNE_ATTEMPT; exit 3\n")
    done = attune("action", "run", "bad.fail", "--local", cwd=tmp_path)
    assert done.returncode == 1
    assert "exit code  3" in done.stdout
    assert "attempt 2" in done.stdout, "the retry was made, by the same code as on a host"
    (tmp_path / "packs/bad/actions/fail.yaml").write_text("run: 5\n")
    broken = attune("action", "run", "bad.fail", "--local", cwd=tmp_path)
    assert broken.returncode == 1
    assert "packs/bad/actions/fail.yaml:1:" in broken.stderr


@pytest.mark.registry
def test_an_environment_that_cannot_be_built_shows_its_log_and_what_to_read(tmp_path: Path) -> None:
    environment = {"ecosystem": "python", "interpreter": ">=3.11", "lock": "requirements.lock"}
    documents: dict[str, object] = {
        "attune.yaml": {"format": 1, "attune": ">=0.1"},
        "packs/bad/pack.yaml": {"name": "bad", "version": "1.0.0", "description": "For tests", "environments": {"python": environment}},
        "packs/bad/actions/fail.yaml": {"description": "Has another hash", "run": ["python", "fail.py"], "environment": "python"},
    }
    for place, document in documents.items():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(json.dumps(document))
    (tmp_path / "packs/bad/actions/fail.py").write_text("")
    (tmp_path / "packs/bad/requirements.lock").write_text(f"six==1.16.0 --hash=sha256:{'0' * 64}\n")
    done = attune("action", "run", "bad.fail", "--local", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "Hash mismatch" in done.stderr
    assert "read on  attune explain ATT316" in done.stdout
