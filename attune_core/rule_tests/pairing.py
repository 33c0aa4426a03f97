"""Pairing: which firing meets which expectation of a case, which are left over, and which silences are broken; pure.

Called by `judging`, which says it, and by `updating`, which writes it.
"""

from dataclasses import dataclass, field

from attune_core.models.rule_test import Case
from attune_core.rule_tests.course import Course


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """Indexes are those of `expect` and `expect_none`; events are counted from 1."""

    met: dict[int, int] = field(default_factory=dict)  # expectation -> the event whose firing it is
    unmet: list[int] = field(default_factory=list)  # expectations without a firing
    extra: list[tuple[str, int]] = field(default_factory=list)  # firings that nothing expects: rule and event
    rejected: list[tuple[str, int]] = field(default_factory=list)  # where nothing may happen: matches whose input does not fit
    broken: dict[int, list[int]] = field(default_factory=dict)  # silence -> the events for which its rule fires


def pair(case: Case, course: Course) -> Pairing:
    """Give each rule's firings to its expectations: first to those that name the event, then in order.

    A case that names no rule is one that nothing may come of.
    """
    found = Pairing()
    for rule in sorted(case.rules) or course.rules():
        _pair_rule(rule, case, course, found)
        if not case.rules:
            found.rejected.extend((rule, event) for event in course.rejected(rule))
    return found


def _pair_rule(rule: str, case: Case, course: Course, found: Pairing) -> None:
    left = list(course.fired(rule))
    expected = [(index, one.event) for index, one in enumerate(case.expect) if one.rule == rule]
    for index, event in sorted(expected, key=lambda pair: pair[1] is None):
        if event in left or (event is None and left):
            found.met[index] = left.pop(left.index(event) if event is not None else 0)
        else:
            found.unmet.append(index)
    for index, silent in enumerate(case.expect_none):
        if silent.rule == rule and (events := [event for event in left if silent.event in (None, event)]):
            found.broken[index] = events
            left = [event for event in left if event not in events]
    found.extra.extend((rule, event) for event in left)
