"""Every input that fuzzing found to break a promise, and every one that it starts from, keeps the promise now."""

import pytest

from tests.fuzz.seeds import CASES, seeds
from tests.fuzz.targets import TARGETS, run

FOUND = sorted((CASES / "fuzz").glob("*/*"))


@pytest.mark.parametrize("place", [f"{path.parent.name}/{path.name}" for path in FOUND])
def test_what_was_found_once_does_no_harm_now(place: str) -> None:
    target = place.partition("/")[0]
    run(target, (CASES / "fuzz" / place).read_bytes())


@pytest.mark.parametrize("target", TARGETS)
def test_where_fuzzing_starts_nothing_is_wrong(target: str) -> None:
    inputs = list(seeds(target))
    assert len(inputs) > 100
    for raw in inputs:
        run(target, raw)
