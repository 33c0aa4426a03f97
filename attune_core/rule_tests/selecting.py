"""Selecting: which cases of a repository are asked for, and which rules no case ever fires; pure.

Called by `attune test` before and after the cases are judged.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from attune_core.catalog.catalog import Catalog
from attune_core.catalog.nodes import Document
from attune_core.catalog.reading import Read
from attune_core.models.rule_test import Case, RuleTestDocument
from attune_core.rule_tests.judging import Verdict


@dataclass(frozen=True, kw_only=True)
class Selected:
    """One case that is to be judged, and where it stands: `place` leads to it in its document."""

    document: Document
    index: int
    case: Case

    @property
    def place(self) -> tuple[str | int, ...]:
        """Return the way to the case in its document."""
        return ("cases", self.index)


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """The enabled rules that were asked for, and those of them that no case fired; both in the order of their references."""

    rules: tuple[str, ...]
    never_fired: tuple[str, ...]

    @property
    def percent(self) -> int:
        """Return the share of rules that fired, rounded down; without a rule all of none did."""
        return 100 * (len(self.rules) - len(self.never_fired)) // len(self.rules) if self.rules else 100


def select(tests: Iterable[Read[RuleTestDocument]], *, rule: str | None, pack: str | None) -> list[Selected]:
    """Return the cases of a pack's documents, or those that name a rule, or all."""
    return [
        Selected(document=test.document, index=index, case=case)
        for test in tests
        if pack in (None, test.pack)
        for index, case in enumerate(test.model.cases)
        if rule is None or rule in case.rules
    ]


def coverage(catalog: Catalog, verdicts: Sequence[Verdict], *, rule: str | None, pack: str | None) -> Coverage:
    """Tell which rules fired in any of the cases; a rule that is not enabled cannot."""
    fired = {ref for verdict in verdicts for ref in verdict.fired}
    asked = [
        one.ref
        for one in catalog.rules.values()
        if one.enabled and rule in (None, one.ref) and (pack is None or one.ref.startswith(f"{pack}."))
    ]
    return Coverage(rules=tuple(sorted(asked)), never_fired=tuple(sorted(set(asked) - fired)))
