"""Every promise that is broken on purpose is found by the simulation, and the judge names the right one."""

import sys

import pytest

from tests.simulation.bugs.finding import BUGS, known_seeds, look, row, search


def test_every_bug_shows_at_its_known_seed() -> None:
    """A change of product or simulation may move the seeds; then they are looked for, and `bugs.finding` writes the new ones down."""
    seeds = known_seeds()
    assert list(seeds) == list(BUGS)
    found = {bug.name: look(bug, seeds[bug.name]) or search(bug) for bug in BUGS.values()}
    sys.stdout.writelines(f"{row(one)}\n" for one in found.values() if one is not None)
    assert [name for name, one in found.items() if one is None or not one.right] == []


@pytest.mark.soak
@pytest.mark.parametrize("name", BUGS)
def test_every_bug_is_found_anew(name: str) -> None:
    found = search(BUGS[name], first=10_000)
    assert found is not None, "it does not show"
    sys.stdout.write(f"{row(found, first=10_000)}\n")
    assert found.right, f"the judge named {found.named}"
