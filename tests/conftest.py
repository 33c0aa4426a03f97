"""What every test shares: the list of skips that `tests/tiers.py` judges, and markers that say why a test cannot run here."""

import gc
import json
import os
from collections.abc import Generator
from pathlib import Path

import pytest

#: The files that take longest, in this order: they begin first, so that no process is alone with one of them at the end.
LONGEST = (
    "tests/contracts/test_ecosystems.py",
    "tests/flow/test_every_kind_of_event.py",
    "tests/promises/test_3_every_ecosystem_installs_alike.py",
    "tests/flow/test_installed.py",
    "tests/agent/environments/test_private_registry.py",
    "tests/agent/test_program.py",
    "tests/faults/test_failpoints.py",
    "tests/agent/executor/test_abuse.py",
    "tests/agent/executor/test_crashes.py",
    "tests/flow/test_logs.py",
    "tests/flow/test_whole_path.py",
    "tests/cli/test_readme.py",
    "tests/cli/test_pack_lock.py",
    "tests/cli/test_action_new.py",
    "tests/flow/test_crashes.py",
    "tests/faults/test_time.py",
    "tests/cli/dashboard/test_using.py",
    "tests/simulation/test_simulation.py",
    "tests/contracts/test_action_contract_confinement.py",
    "tests/agent/executor/test_limits.py",
    "tests/promises/test_2_everything_is_typed.py",
    "tests/promises/test_6_noisy_action_does_not_fail.py",
    "tests/promises/test_7_requested_order_is_run_order.py",
    "tests/simulation/bugs/test_bugs.py",
)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Do not look for garbage among ten thousand tests while they are made, nor among them afterwards: that is half of collecting them."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Append each skip to the file that `make test` compares with the committed list (xdist: once, in the controlling process)."""
    target = os.environ.get("ATTUNE_SKIPS_FILE")
    if target is None or not report.skipped or "PYTEST_XDIST_WORKER" in os.environ:
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    with Path(target).open("a", encoding="utf-8") as out:
        out.write(json.dumps([report.nodeid, reason]) + "\n")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest first; skip what needs root when there is no root, and say so."""
    ranks = {file: rank for rank, file in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.nodeid.partition("::")[0], len(ranks)))
    if os.geteuid() == 0:
        return
    for item in items:
        if item.get_closest_marker("root"):
            item.add_marker(pytest.mark.skip(reason="needs root: attempts get uids of their own"))
