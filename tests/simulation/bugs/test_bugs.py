"""Every promise that is broken on purpose is found by the simulation, and the judge names the right one."""

import sys

import pytest

from tests.simulation.bugs.finding import BUGS, row, search

#: One bug for each promise, of those that the first seeds show.
QUICK = list({bug.breaks[0]: name for name, bug in BUGS.items() if not bug.rare}.values())


def looked_for(name: str, first: int) -> None:
    found = search(BUGS[name], first)
    assert found is not None, "it does not show"
    sys.stdout.write(f"{row(found, first)}\n")
    assert found.right, f"the judge named {found.named}"


@pytest.mark.parametrize("name", QUICK)
def test_a_bug_is_found(name: str) -> None:
    looked_for(name, 0)


@pytest.mark.soak
@pytest.mark.parametrize("name", BUGS)
def test_a_bug_is_found_anew(name: str) -> None:
    looked_for(name, 10_000)
