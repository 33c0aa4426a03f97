"""Version ranges such as `>=3.11,<4`: the grammar of `attune:`, `interpreter:` and `requires.tools`, and whether a version is inside.

Used by the document models, by the catalog (is this Attune new enough?) and by agents (is this interpreter, this tool?).
"""

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

#: One clause is an operator and numbers with dots; clauses are joined by commas and all must hold.
_CLAUSE = re.compile(r"(>=|>|<=|<|==|!=)\s*([0-9]{1,9}(?:\.[0-9]{1,9}){0,3})", re.ASCII)
_NUMBERS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,3}", re.ASCII)


@dataclass(frozen=True)
class VersionRange:
    """A parsed range; an empty one holds every version."""

    text: str
    clauses: tuple[tuple[str, tuple[int, ...]], ...]

    def allows(self, version: str) -> bool:
        """Tell whether a version such as `3.12.4` (what follows the numbers is ignored) is inside; False when it has no number."""
        found = _NUMBERS.search(version)
        if found is None:
            return False
        have = _numbers(found[0])
        return all(_holds(have, operator, wanted) for operator, wanted in self.clauses)


def parse_range(text: str) -> VersionRange:
    """Return the range; `ValueError` says what is expected."""
    clauses: list[tuple[str, tuple[int, ...]]] = []
    for part in text.split(","):
        found = _CLAUSE.fullmatch(part.strip())
        if found is None or len(clauses) == 5:
            raise ValueError(f"{text[:40]!r} is no version range; write for example '>=3.11' or '>=3.11,<4'")
        clauses.append((found[1], _numbers(found[2])))
    return VersionRange(text, tuple(clauses))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _holds(have: tuple[int, ...], operator: str, wanted: tuple[int, ...]) -> bool:
    """Compare with missing places as zero, except that `==3.11` means every 3.11.x and `!=3.11` none of them."""
    if operator in ("==", "!="):
        return (have[: len(wanted)] == wanted) == (operator == "==")
    width = max(len(have), len(wanted))
    left, right = (places + (0,) * (width - len(places)) for places in (have, wanted))
    return {">=": left >= right, ">": left > right, "<=": left <= right, "<": left < right}[operator]


def _checked(text: str) -> str:
    parse_range(text)
    return text


#: A range in a document; kept as its text, read with `parse_range`.
Range = Annotated[str, StringConstraints(max_length=80), AfterValidator(_checked)]
