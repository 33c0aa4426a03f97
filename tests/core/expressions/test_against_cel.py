"""The same expressions, over the same values, come to the same as in Google's own CEL, but for the differences that are published."""

import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.core.expressions.generated import Case, Spoiled, cases
from tests.core.expressions.outcomes import Failed, Gives, Outcome, Refused
from tests.core.expressions.permitted_differences import PERMITTED, compared, permitted

_PAGE = Path(__file__).parents[3] / "docs" / "expressions.md"
_VALUES = (
    *("int", "double", "string", "bytes", "timestamp", "duration", "dyn", "null"),
    *("list(int)", "list(string)", "list(dyn)", "list(timestamp)", "map(int)", "map(dyn)"),
)
_EVERY = ("bool", "bool", "bool", "bool", *_VALUES)


@dataclass(frozen=True)
class _Search:
    """A kind of cases, how many of them `make test` looks at, and what at least a fifth of them comes to."""

    cases: st.SearchStrategy[Case]
    examples: int
    often: type[Outcome]


_SEARCHES = {
    "conditions": _Search(cases(("bool",), 3), 1750, Gives),
    "values": _Search(cases(_VALUES, 3), 1750, Gives),
    "operands of another type": _Search(cases(_EVERY, 2, Spoiled.WRITTEN), 750, Refused),
    "operands of another type that only their values show": _Search(cases(_EVERY, 2, Spoiled.HIDDEN), 750, Failed),
}
#: `make soak` looks at 40 times as many, in 160 tests that may run side by side.
_SOAK = range(1, 41)


def _look_for_differences(name: str, number: int) -> Counter[str]:
    """Compare the cases of a search that a number stands for, the same in every run; return how often what came of them."""
    search = _SEARCHES[name]
    met: Counter[str] = Counter()

    def compare(case: Case) -> None:
        found = compared(case)
        difference = None if found.same else permitted(found)
        met.update((type(found.theirs).__name__, difference or "same"))
        assert found.same or difference, found

    comparison = seed(number)(given(search.cases)(compare))
    settings(max_examples=search.examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))(comparison)()
    assert met[search.often.__name__] > search.examples / 5, met
    return met


@pytest.mark.parametrize("name", _SEARCHES)
def test_generated_expressions_come_to_the_same(name: str) -> None:
    _look_for_differences(name, 0)


@pytest.mark.soak
@pytest.mark.parametrize("number", _SOAK)
@pytest.mark.parametrize("name", _SEARCHES)
def test_many_more_generated_expressions_come_to_the_same(name: str, number: int, capsys: pytest.CaptureFixture[str]) -> None:
    met = _look_for_differences(name, number)
    with capsys.disabled():
        sys.stdout.write(f"\n{name}, {number} of {_SOAK[-1]}: {dict(met.most_common())}\n")


def test_the_page_publishes_each_permitted_difference_and_no_other() -> None:
    published = re.findall(r"^\| `([a-z-]+)` \|", _PAGE.read_text("utf-8"), re.MULTILINE)
    assert len(published) == len(set(published))
    assert set(published) == PERMITTED
