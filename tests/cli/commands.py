"""Running `attune` as a process, as people do; used by the tests of commands."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.forked import forked

#: Variables that only a new interpreter takes note of.
STARTING = ("PYTHON", "LC_", "LANG", "LD_", "TZ")


def attune(
    *arguments: str, cwd: Path, home: Path | None = None, stdin: str = "", env: Mapping[str, str] | None = None, timeout: float = 120
) -> "subprocess.CompletedProcess[str]":
    """Run one command with a configuration directory of its own, in a fork of a program that has already loaded."""
    environment = _environment(home or cwd, env)
    if not any(name.startswith(STARTING) for name in env or {}):
        done = forked(arguments, cwd=cwd, env=environment, stdin=stdin, timeout=timeout)
        return subprocess.CompletedProcess(["attune", *arguments], done.status, done.stdout, done.stderr)
    return _started(arguments, cwd, environment, stdin, timeout)


def attune_started(*arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    """Do the same with a new interpreter, for what is said of the start itself."""
    return _started(arguments, cwd, _environment(cwd, None), "", 120)


def _environment(home: Path, more: Mapping[str, str] | None) -> dict[str, str]:
    base = {name: os.environ[name] for name in ("PATH", "SSL_CERT_FILE") if name in os.environ}
    return base | {"HOME": str(home), "LANG": "C.UTF-8"} | dict(more or {})


def _started(
    arguments: tuple[str, ...], cwd: Path, environment: Mapping[str, str], stdin: str, timeout: float
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "attune_cli", *arguments],
        cwd=cwd,
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
