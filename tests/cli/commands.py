"""Running `attune` as a process, as people do; used by the tests of commands."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def attune(
    *arguments: str, cwd: Path, home: Path | None = None, stdin: str = "", env: Mapping[str, str] | None = None, timeout: float = 120
) -> "subprocess.CompletedProcess[str]":
    """Run one command with a configuration directory of its own."""
    base = {name: os.environ[name] for name in ("PATH", "SSL_CERT_FILE") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "attune_cli", *arguments],
        cwd=cwd,
        env=base | {"HOME": str(home or cwd), "LANG": "C.UTF-8"} | dict(env or {}),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
