"""Suppression: `# attune: ignore ATT182 -- reason` takes warnings and information at its place out of what is said; never an error.

Called by `load` once everything was checked, and by what checks beside a base for what it finds. A comment on its own line speaks of the
next line, one behind a value of its own line; where a text of several lines starts there, of the whole text.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from attune_core.catalog.comments import Texts
from attune_core.catalog.nodes import Document
from attune_core.catalog.source_text import span_at
from attune_core.problems import Problem, Severity, Span

_MARK = "attune: ignore"
_COMMENT = re.compile(r"#[ \t]*" + _MARK + r"\b([^\r\n]*)")
_HINT = "write `# attune: ignore ATT182 -- why it is right here`"
#: Comments of one document that are read; more are a mistake in themselves.
_MOST = 100
#: Made beside a base and not by `load`, which cannot tell whether there is one to suppress.
_OF_THE_BASE = frozenset({"ATT187"})


@dataclass(frozen=True, kw_only=True)
class Suppression:
    """One code of one comment: the lines it speaks of, and where the comment stands."""

    code: str
    path: str
    first: int
    last: int
    span: Span

    def meets(self, problem: Problem) -> bool:
        """Tell whether a Problem of the same code and path stands on these lines."""
        return problem.span is not None and self.first <= problem.span.line <= self.last


@dataclass
class Suppressions:
    """Every suppression of a repository that has a reason, and Problems about those that have none, or no code."""

    mistakes: list[Problem] = field(default_factory=list)
    _found: dict[tuple[str, str], list[Suppression]] = field(default_factory=dict)

    def divide(self, problems: Iterable[Problem]) -> tuple[list[Problem], list[Problem]]:
        """Return what is said and what is suppressed."""
        said: list[Problem] = []
        suppressed: list[Problem] = []
        for problem in problems:
            is_met = problem.severity is not Severity.ERROR and any(one.meets(problem) for one in self._for(problem))
            (suppressed if is_met else said).append(problem)
        return said, suppressed

    def useless(self, problems: Iterable[Problem]) -> Iterator[Problem]:
        """Yield a warning for each suppression of an error, or, where nothing hides behind an error, of nothing."""
        met: dict[Suppression, Severity] = {}
        is_refused = False
        for problem in problems:
            is_refused = is_refused or problem.severity is Severity.ERROR
            for one in self._for(problem):
                if one.meets(problem):
                    met[one] = min(met.get(one, problem.severity), problem.severity, key=lambda severity: severity.rank)
        for one in (one for group in self._found.values() for one in group):
            if met.get(one) is Severity.ERROR:
                yield _mistake(one.path, one.span, f"{one.code} is an error here, and errors are not suppressed", "correct what it says")
            elif one not in met and not is_refused and one.code not in _OF_THE_BASE:
                yield _mistake(
                    one.path, one.span, f"there is no {one.code} here to suppress", "remove the comment, or put it on the line above"
                )

    def add(self, one: Suppression) -> None:
        """Take one more."""
        self._found.setdefault((one.path, one.code), []).append(one)

    def _for(self, problem: Problem) -> list[Suppression]:
        return self._found.get((problem.path, problem.code), [])


def read_suppressions(documents: Iterable[Document]) -> Suppressions:
    """Find every comment that suppresses something; a document without the words costs nothing."""
    found = Suppressions()
    for document in documents:
        if _MARK in document.text:
            _read(document, found)
    return found


def _read(document: Document, found: Suppressions) -> None:
    texts = Texts(document)
    comments = [comment for comment in _COMMENT.finditer(document.text) if not texts.hold(comment.start())]
    above: dict[int, int] = {}  # line of a comment that stands alone -> the line that it speaks of
    for comment in reversed(comments[:_MOST]):  # of two comments above one another both speak of what follows
        span = span_at(document.text, comment.start(), comment.start() + len(comment[0].rstrip()))
        line = span.line
        if not document.text[: comment.start()].rpartition("\n")[2].strip():
            above[span.line] = line = above.get(line + 1, line + 1)
        written, _, reason = comment[1].partition("--")
        codes = [*dict.fromkeys(code.strip() for code in written.split(","))]
        if wrong := _wrong(codes, reason):
            found.mistakes.append(_mistake(document.path, span, wrong, _HINT))
            continue
        for code in codes:
            found.add(Suppression(code=code, path=document.path, first=line, last=texts.last_line(line), span=span))
    if len(comments) > _MOST:
        start = comments[_MOST].start()
        message = f"only the first {_MOST} suppressions of a document are read"
        found.mistakes.append(_mistake(document.path, span_at(document.text, start), message, "correct what they are about"))


def _wrong(codes: list[str], reason: str) -> str | None:
    from attune_core.problem_codes import PROBLEM_CODES

    if not all(codes):
        return "the comment says no code"
    if unknown := next((code for code in codes if code not in PROBLEM_CODES), None):
        return f"{unknown[:40]!r} is not the code of a Problem"
    return None if reason.strip() else "the comment says no reason, so it suppresses nothing"


def _mistake(path: str, span: Span, message: str, hint: str) -> Problem:
    return Problem(code="ATT188", severity=Severity.WARNING, path=path, span=span, message=message, hint=hint)
