"""`attune pack lock`: lock files from the ecosystems' own lockers, judged as agents judge them."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from attune_cli.local.locking import Locking
from attune_core.locks.table import RULES
from tests.cli.commands import attune

PACK = {
    "name": "web",
    "version": "1.0.0",
    "description": "For tests",
    "environments": {
        "python": {"ecosystem": "python", "interpreter": ">=3.9", "lock": "requirements.lock"},
        "node": {"ecosystem": "node", "lock": "js/package-lock.json"},
        "tools": {"ecosystem": "shell"},
    },
}


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "repository/packs/web"
    (folder / "js").mkdir(parents=True)
    (tmp_path / "repository/attune.yaml").write_text('format: 1\nattune: ">=0.1"\n')
    (folder / "pack.yaml").write_text(json.dumps(PACK))
    (folder / "requirements.in").write_text("six\n")
    (folder / "js/package.json").write_text('{"name": "js", "version": "1.0.0", "dependencies": {"left-pad": "1.3.0"}}')
    return folder


@pytest.mark.registry
def test_all_lock_files_of_a_pack_are_made_and_nothing_is_open(pack: Path) -> None:
    done = attune("pack", "lock", "web", "--json", cwd=pack, home=pack.parents[2])
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [(one["environment"], one["changed"], one["problems"]) for one in told["environments"]] == [
        ("python", True, []),
        ("node", True, []),
    ]
    assert "--python-version=3.9" in done.stderr, "the lock holds for the lowest interpreter that serves"
    assert "--hash=sha256:" in (pack / "requirements.lock").read_text()
    assert json.loads((pack / "js/package-lock.json").read_text())["packages"]["node_modules/left-pad"]["version"] == "1.3.0"
    assert attune("validate", "--strict", cwd=pack, home=pack.parents[2]).returncode == 0
    again = attune("pack", "lock", "web", "python", cwd=pack, home=pack.parents[2])
    assert again.stdout.endswith("requirements.lock: as it was\n")


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ("ruby", "pack web has no environment 'ruby'; it has: node, python, tools"),
        ("tools", "the shell ecosystem installs nothing"),
    ],
)
def test_what_cannot_be_locked_is_said(pack: Path, environment: str, said: str) -> None:
    done = attune("pack", "lock", "web", environment, cwd=pack, home=pack.parents[2])
    assert done.returncode == 2
    assert said in done.stderr


def test_a_pack_that_is_not_there_is_answered_with_those_that_are(pack: Path) -> None:
    done = attune("pack", "lock", "wbe", cwd=pack, home=pack.parents[2])
    assert (done.returncode, "the packs here are: web" in done.stderr) == (2, True)
    (pack / "actions").mkdir()
    (pack / "actions/restart.yaml").touch()
    done = attune("action", "types", "web.restrat", "--language", "python", cwd=pack, home=pack.parents[2])
    assert (done.returncode, "the actions here are: restart" in done.stderr) == (2, True)


@pytest.mark.registry
def test_a_crate_that_fits_stays_at_its_version(pack: Path) -> None:
    crate = pack / "rust"
    (crate / "src").mkdir(parents=True)
    (crate / "src/main.rs").write_text("fn main() {}\n")
    (crate / "Cargo.toml").write_text('[package]\nname = "a"\nversion = "1.0.0"\nedition = "2021"\n[dependencies]\nitoa = "=1.0.1"\n')
    declared = {"rust": {"ecosystem": "rust", "lock": "rust/Cargo.lock", "sources": ["rust/src/**"]}}
    (pack / "pack.yaml").write_text(json.dumps({**PACK, "environments": declared}))
    home = Path(os.environ["HOME"])  # rustup's stand-ins need it
    assert attune("pack", "lock", "web", cwd=pack, home=home).returncode == 0
    manifest = (crate / "Cargo.toml").read_text()
    (crate / "Cargo.toml").write_text(manifest.replace("=1.0.1", "1"))
    again = attune("pack", "lock", "web", cwd=pack, home=home)
    assert again.returncode == 0, again.stderr
    assert 'name = "itoa"\nversion = "1.0.1"' in (crate / "Cargo.lock").read_text()


def test_a_script_that_locks_is_named_by_what_it_calls() -> None:
    (rules,) = RULES["java"]
    locking = Locking(environment="java", ecosystem="java", path=Path("classpath.lock"), rules=rules, argv=rules.locker)
    assert locking.said == "mvn dependency:build-classpath dependency:copy-dependencies"
    assert replace(locking, argv=("go", "mod", "tidy")).said == "go mod tidy"


def test_a_missing_manifest_a_missing_locker_and_one_that_fails_are_said(pack: Path) -> None:
    (pack / "requirements.in").unlink()
    missing = attune("pack", "lock", "web", "python", cwd=pack, home=pack.parents[2])
    assert (missing.returncode, f"there is no {pack / 'requirements.in'}" in missing.stderr) == (2, True)
    without = attune("pack", "lock", "web", "node", cwd=pack, home=pack.parents[2], env={"PATH": str(pack)})
    assert (without.returncode, "there is no npm on the PATH" in without.stderr) == (3, True)
    (pack / "js/package.json").write_text("{")
    failing = attune("pack", "lock", "web", "node", cwd=pack, home=pack.parents[2])
    assert (failing.returncode, "ATT734" in failing.stderr) == (2, True)
