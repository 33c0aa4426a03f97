"""What is loaded for the life of a program is not looked through for garbage, then or later; what is made afterwards is."""

import gc

import pytest

from attune_core.lasting import lasting


def test_what_is_made_meanwhile_is_never_looked_through_again() -> None:
    before = gc.get_freeze_count()
    with lasting():
        assert not gc.isenabled()
        made = [[] for _ in range(1000)]  # type: list[list[int]]
    assert gc.isenabled()
    assert gc.get_freeze_count() >= before + len(made)


def test_a_failure_to_load_switches_it_on_again() -> None:
    with pytest.raises(ImportError), lasting():
        raise ImportError("gone")
    assert gc.isenabled()
