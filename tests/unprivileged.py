"""Running our programs as a user who owns nothing, although the tests run as root; used by the flow tests.

The interpreter of the tests may stand in a home that only root can enter, so the system's python3 is used, with our packages and their
dependencies on its path; where those are not readable for everybody either, they are copied.
"""

import os
import shutil
import subprocess
import sysconfig
from collections.abc import Sequence
from pathlib import Path

import pytest

NOBODY = 65_534
PYTHON = "/usr/bin/python3"
ROOT = Path(__file__).resolve().parent.parent
#: What a program of ours needs at run time, from the environment of the tests.
_TOOLS = ("mypy", "mypyc", "ruff", "pytest", "_pytest", "hypothesis", "cel_expr_python", "grimp", "pip", "setuptools")


def as_nobody(argv: Sequence[str], place: Path, *, timeout: float) -> "subprocess.CompletedProcess[str]":
    """Run `python3 ARGV…` as nobody, or as ourselves when we are not root, with everything readable on its path."""
    place.chmod(0o777)
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(place),
        "TMPDIR": str(place),
        "LANG": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join(str(path) for path in _readable(place)),
    }
    if "SSL_CERT_FILE" in os.environ:
        environment["SSL_CERT_FILE"] = os.environ["SSL_CERT_FILE"]
    user = NOBODY if os.geteuid() == 0 else None
    return subprocess.run(
        [PYTHON, *argv],
        env=environment,
        cwd=place,
        user=user,
        group=user,
        extra_groups=[] if user else None,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def require_system_python() -> None:
    """Skip, saying why, unless the system's python3 can load what this environment has installed."""
    wanted = sysconfig.get_python_version()
    found = subprocess.run(
        [PYTHON, "-c", "import sysconfig; print(sysconfig.get_python_version())"], capture_output=True, text=True, check=False
    ).stdout.strip()
    if found != wanted:
        pytest.skip(f"the system's python3 is {found or 'missing'}; the installed extension modules are for {wanted}")


def _readable(place: Path) -> list[Path]:
    packages = Path(sysconfig.get_path("purelib"))
    if _open_to_all(packages) and _open_to_all(ROOT):
        return [ROOT, packages]
    copies = [place / "root", place / "packages"]
    for source, copy in zip((ROOT, packages), copies, strict=True):
        if not copy.exists():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns(".venv", ".git", "tests", "__pycache__", *_TOOLS))
    return copies


def _open_to_all(path: Path) -> bool:
    return all(one.stat().st_mode & 0o005 == 0o005 for one in (path, *path.parents))
