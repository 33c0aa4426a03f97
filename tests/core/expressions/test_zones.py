"""Time zones are those of the package, whatever zone data the machine has."""

import zoneinfo
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from attune_core.expressions.check import Scope, check
from attune_core.expressions.runtime.zones import known
from attune_core.expressions.types import TIMESTAMP
from attune_core.zone_rules import zone_names, zone_rules


@pytest.fixture
def other_machine(tmp_path: Path) -> Iterator[None]:
    """A machine on which Berlin is where Tokyo is, and which has a zone that nobody else has."""
    tokyo = resources.files("tzdata").joinpath("zoneinfo", "Asia", "Tokyo").read_bytes()
    for name in ("Europe/Berlin", "Mars/Olympus"):
        place = tmp_path / name
        place.parent.mkdir(parents=True)
        place.write_bytes(tokyo)
    zoneinfo.reset_tzpath(to=[str(tmp_path)])
    zone_rules.cache_clear()
    yield
    zoneinfo.reset_tzpath()
    zone_rules.cache_clear()


@pytest.mark.usefixtures("other_machine")
def test_a_name_of_the_machine_is_refused_when_a_revision_is_checked() -> None:
    (found,) = check('at.getHours("Mars/Olympus") == 3', Scope({"at": TIMESTAMP}), None).findings
    assert found.message == "there is no time zone 'Mars/Olympus'"


@pytest.mark.usefixtures("other_machine")
def test_the_rules_of_the_machine_are_not_used() -> None:
    program = check('timestamp(0).getHours("Europe/Berlin")', Scope({}), None).program
    assert program is not None
    assert program.evaluate({}) == 1


def test_every_name_of_the_list_has_rules() -> None:
    assert [name for name in sorted(zone_names()) if not known(name)] == []
