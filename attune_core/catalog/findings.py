"""Findings: where the checks of one load put what they find, as Problems with a place.

Made by `load`, handed to every check; the order of Problems is decided once, at the end, from their places.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Literal

from attune_core.catalog.nodes import Document, Place
from attune_core.expressions.finding import Finding
from attune_core.problems import Problem, Severity, Span

#: Errors, and as many other Problems, that are said of one file: nobody reads more, and placing each takes its time.
MOST = 100


class Findings:
    """Problems as they come."""

    def __init__(self) -> None:
        """Start with none."""
        self._found: list[Problem] = []
        #: By path, and whether they are errors.
        self._times: Counter[tuple[str, bool]] = Counter()
        self._full: set[tuple[str, bool]] = set()

    def room(self, path: str, severity: Severity = Severity.ERROR) -> bool:
        """Tell whether another Problem of this file is said, and say it once if not; errors are never crowded out by what is none."""
        kind = path, severity is Severity.ERROR
        if self._times[kind] < MOST:
            return True
        if kind not in self._full:
            self._full.add(kind)
            message = f"the file has more than {MOST} {'errors' if kind[1] else 'warnings'}, and the others are not shown"
            hint = "correct these first"
            self._found.append(Problem(code="ATT117", severity=severity, message=message, path=path, hint=hint))
        return False

    def add(self, problems: Iterable[Problem]) -> None:
        """Take Problems that somebody else placed."""
        for one in problems:
            if self._counted(one.path, one.severity):
                self._found.append(one)

    def at_path(self, code: str, message: str, path: str, *, hint: str | None = None, severity: Severity = Severity.ERROR) -> None:
        """Say something about a file or folder as a whole."""
        self.add([Problem(code=code, severity=severity, message=message, path=path, hint=hint)])

    def at(
        self,
        code: str,
        message: str,
        document: Document,
        place: Place = (),
        *,
        of: Literal["value", "key"] = "value",
        hint: str | None = None,
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Say something about a value, or with `of="key"` about its key."""
        if self._counted(document.path, severity):
            span = document.span(place, of=of)
            self._found.append(Problem(code=code, severity=severity, message=message, path=document.path, span=span, hint=hint))

    def in_text(self, found: Iterable[Finding], document: Document, place: Place) -> None:
        """Take what the expression checker found inside one text of the document."""
        for one in found:
            if self._counted(document.path, one.severity):
                span = document.span_inside(place, one.start, one.end)
                self._found.append(
                    Problem(code=one.code, severity=one.severity, message=one.message, path=document.path, span=span, hint=one.hint)
                )

    def _counted(self, path: str, severity: Severity) -> bool:
        """Count a Problem of a file and tell whether it is said."""
        room = self.room(path, severity)
        self._times[path, severity is Severity.ERROR] += 1
        return room

    def count(self) -> int:
        """Return how many there are so far, said or not."""
        return self._times.total()

    def has_errors(self) -> bool:
        """Tell whether the revision is refused."""
        return any(problem.severity is Severity.ERROR for problem in self._found)

    def sorted(self) -> tuple[Problem, ...]:
        """Return each Problem once, by path, then place, then code."""
        return in_order(self._found)


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return each Problem once, in the order that people read them in."""
    return tuple(sorted(dict.fromkeys(problems), key=_order))


_START = Span(line=0, column=0, end_line=0, end_column=0)


def _order(problem: Problem) -> tuple[str, Span, str, str]:
    return problem.path, problem.span or _START, problem.code, problem.message
