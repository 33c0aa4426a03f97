"""The wheel has what an installation needs: the four packages, the schemas, the template and the examples, and the three programs."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    place = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)], cwd=ROOT, check=True, capture_output=True)
    return zipfile.ZipFile(next(place.glob("attune-*.whl")))


def test_every_module_and_shipped_file_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    inside = set(wheel.namelist())
    for package in ("attune_core", "attune_controller", "attune_agent", "attune_cli"):
        expected = {path.relative_to(ROOT).as_posix() for path in (ROOT / package).rglob("*.py")}
        assert expected <= inside
    for folder in ("schemas", "packs-template", "action-templates", "sensor-templates", "examples", "built-in"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert f"attune_core/shipped/{path.relative_to(ROOT).as_posix()}" in inside
    assert not [name for name in inside if name.startswith(("tests/", "benchmarks/", "docs/"))]


def test_the_three_programs_are_entry_points(wheel: zipfile.ZipFile) -> None:
    entry_points = next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    text = wheel.read(entry_points).decode()
    assert "attune = attune_cli.__main__:main" in text
    assert "attune-agent = attune_agent.main:main" in text
    assert "attune-executor = attune_agent.executor.main:main" in text


def test_no_committed_file_names_a_package_registry() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    hosts = ("pypi" + ".org", "files.python" + "hosted.org", "registry.npm" + "js.org", "crates" + ".io", "proxy.go" + "lang.org")
    for name in tracked:
        path = ROOT / name
        if path.suffix in {".txt", ".lock", ".json", ".toml", ".yaml", ".yml", ".in", ".md"} and path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            assert not [host for host in hosts if host in text], name
