"""Problem: one finding in a pack repository, with its place and a stable code; made by the catalog, shown by the command line.

The table of codes is in `problem_codes`; docs/errors.md is made from it.
"""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """An error refuses the revision; the others never do."""

    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"

    @property
    def rank(self) -> int:
        """Return 0 for the worst, for sorting."""
        return list(Severity).index(self)


@dataclass(frozen=True, kw_only=True, order=True)
class Span:
    """A stretch of one line, or of several; lines and columns count from 1, `end_column` is exclusive, columns are characters."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One finding. `path` is relative to the repository with `/`; `hint` says what to write instead."""

    code: str
    severity: Severity
    path: str
    span: Span | None = None
    message: str
    hint: str | None = None

    def place(self) -> str:
        """Return `path:line:column`, as editors and CI annotate it."""
        return f"{self.path}:{self.span.line}:{self.span.column}" if self.span else self.path
