"""What a test of this folder needs of the machine; where it is missing, the test is skipped and says what."""

import subprocess
from pathlib import Path

import pytest


def need(what: str, *probe: str) -> None:
    """Skip unless this command succeeds."""
    try:
        done = subprocess.run(probe, capture_output=True, check=False, timeout=30)
        reason = "" if done.returncode == 0 else done.stderr.decode(errors="replace").strip()[-200:]
    except FileNotFoundError as error:
        reason = str(error)
    if reason:
        pytest.skip(f"needs {what}: {reason}")


def faketime() -> Path:
    """Return libfaketime's place, which names the machine's architecture; skip when it is not installed."""
    for found in Path("/usr/lib").glob("*/faketime/libfaketime.so.1"):
        return found
    pytest.skip("needs libfaketime (Debian's package faketime)")
