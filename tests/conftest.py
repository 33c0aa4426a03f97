"""What every test shares: the list of skips that `tests/tiers.py` judges, and markers that say why a test cannot run here."""

import json
import os
from pathlib import Path

import pytest


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Append each skip to the file that `make test` compares with the committed list (xdist: once, in the controlling process)."""
    target = os.environ.get("ATTUNE_SKIPS_FILE")
    if target is None or not report.skipped or "PYTEST_XDIST_WORKER" in os.environ:
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    with Path(target).open("a", encoding="utf-8") as out:
        out.write(json.dumps([report.nodeid, reason]) + "\n")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs root when there is no root, and say so."""
    if os.geteuid() == 0:
        return
    for item in items:
        if item.get_closest_marker("root"):
            item.add_marker(pytest.mark.skip(reason="needs root: attempts get uids of their own"))
