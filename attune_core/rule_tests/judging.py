"""Judging: whether a case is as expected, and if not, what is different where; pure.

Called by `attune test` for each case of each document; the command shows the verdicts.
"""

from dataclasses import dataclass

from attune_core.catalog.catalog import Catalog
from attune_core.models.rule_test import Case, Silence
from attune_core.rule_tests.comparing import Difference, differences, execution_of, same_reason
from attune_core.rule_tests.course import OTHER_TRIGGER, Course, Quiet
from attune_core.rule_tests.pairing import Pairing, pair
from attune_core.values import canonical_json


@dataclass(frozen=True, kw_only=True)
class Unfired:
    """An event for which a rule did not fire, and why."""

    event: int
    quiet: Quiet


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One thing that is not as expected; `place` leads from the case to what expects it."""

    place: tuple[str | int, ...]
    message: str
    differences: tuple[Difference, ...] = ()
    unfired: tuple[Unfired, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One case; `fired` are the rules that fired in it, expected or not."""

    failures: tuple[Failure, ...]
    fired: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Tell whether everything is as expected."""
        return not self.failures


def judge(case: Case, catalog: Catalog) -> Verdict:
    """Let a case happen and compare."""
    course = Course(catalog, case)
    fired = tuple(rule for rule in course.rules() if course.fired(rule))
    return Verdict(failures=tuple(judge_course(case, course)), fired=fired)


def judge_course(case: Case, course: Course) -> list[Failure]:
    """Compare what a case expects with what happened, and return what differs in the order in which it is expected."""
    return sorted(_Judging(case, course).failures(), key=lambda one: (one.place[0], one.place[1:]))


class _Judging:
    """One case and its course."""

    def __init__(self, case: Case, course: Course) -> None:
        self._case, self._course = case, course

    def failures(self) -> list[Failure]:
        """Return everything that is not as expected."""
        pairing = pair(self._case, self._course)
        return [
            *self._values(pairing),
            *self._missing(pairing),
            *self._extra(pairing),
            *self._rejected(pairing),
            *self._broken(pairing),
            *(failure for index, one in enumerate(self._case.expect_none) for failure in self._reasons(index, one)),
        ]

    def _values(self, pairing: Pairing) -> list[Failure]:
        found = []
        for index, event in pairing.met.items():
            expected = self._case.expect[index]
            if different := differences(expected, self._course.happened(expected.rule, event)):
                message = f"`{expected.rule}` fires for event {event}, but not as expected"
                found.append(Failure(place=("expect", index), message=message, differences=different))
        return found

    def _missing(self, pairing: Pairing) -> list[Failure]:
        return [
            Failure(
                place=("expect", index),
                message=f"`{(one := self._case.expect[index]).rule}` does not fire{_for(one.event)}",
                unfired=self._unfired(one.rule, one.event),
            )
            for index in pairing.unmet
        ]

    def _extra(self, pairing: Pairing) -> list[Failure]:
        found = []
        for rule, event in pairing.extra:
            where = next((index for index, one in enumerate(self._case.expect) if one.rule == rule), None)
            place = ("expect",) if where is None else ("expect", where)
            fired = self._course.fired(rule)[event]
            again = " as well" if where is not None else ""
            found.append(Failure(place=place, message=f"`{rule}` fires for event {event}{again}: {canonical_json(execution_of(fired))}"))
        return found

    def _rejected(self, pairing: Pairing) -> list[Failure]:
        found = []
        for rule, event in pairing.rejected:
            unfired = Unfired(event=event, quiet=self._course.quiet(rule, event))
            message = f"`{rule}` matches event {event}, but its input does not fit"
            found.append(Failure(place=("expect",), message=message, unfired=(unfired,)))
        return found

    def _broken(self, pairing: Pairing) -> list[Failure]:
        return [
            Failure(place=("expect_none", index), message=f"`{self._case.expect_none[index].rule}` fires for event {event}")
            for index, events in pairing.broken.items()
            for event in events
        ]

    def _reasons(self, index: int, silent: Silence) -> list[Failure]:
        """Compare why a rule did not fire with what is said of it."""
        if silent.because is None:
            return []
        unfired = self._unfired(silent.rule, silent.event)
        place = ("expect_none", index)
        if not unfired and silent.rule not in self._course.rules():
            return [Failure(place=place, message=f"no event of the case is of the trigger of `{silent.rule}`")]
        found = []
        for one in unfired:
            if not same_reason(one.quiet.because, silent.because):
                different = Difference(
                    place=("because",), expected=canonical_json(silent.because), actual=canonical_json(one.quiet.because)
                )
                message = f"`{silent.rule}` does not fire for event {one.event}, but for another reason"
                found.append(Failure(place=place, message=message, differences=(different,), unfired=(one,)))
        return found

    def _unfired(self, rule: str, event: int | None) -> tuple[Unfired, ...]:
        """Return why a rule did not fire for an event, or for each that is of its trigger."""
        fired = self._course.fired(rule)
        numbers = [number for number in ([event] if event is not None else self._course.numbers) if number not in fired]
        found = [Unfired(event=number, quiet=self._course.quiet(rule, number)) for number in numbers]
        return tuple(one for one in found if event is not None or one.quiet.because != OTHER_TRIGGER)


def _for(event: int | None) -> str:
    return "" if event is None else f" for event {event}"
