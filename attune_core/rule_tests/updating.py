"""Updating: the text of a rule test's document with what happens in place of what was expected; pure.

Called by `attune test --update`. Values that differ are changed where they stand; a firing that nothing expects becomes an expectation,
an expectation without a firing a silence with its reason. One change of the structure of a case is made at a time, and then looked again.
"""

from collections.abc import Sequence

from attune_core.catalog.catalog import Catalog
from attune_core.catalog.documents import read_document
from attune_core.catalog.edits import Edits
from attune_core.catalog.nodes import Document
from attune_core.models.rule_test import Case, RuleTestDocument
from attune_core.rule_tests.comparing import differences, execution_of, input_to_write, same_reason
from attune_core.rule_tests.course import INPUT_INVALID, OTHER_TRIGGER, Course
from attune_core.rule_tests.judging import judge_course
from attune_core.rule_tests.pairing import Pairing, pair
from attune_core.values import JsonObject

#: More rounds than any case needs that people can read.
ROUNDS = 200


def updated(document: Document, indexes: Sequence[int], catalog: Catalog) -> str | None:
    """Return the document's text with these cases as they happen, or None when not all of that can be written."""
    for _ in range(ROUNDS):
        model = RuleTestDocument.model_validate(document.value)
        edits = Edits(document)
        updates = [_CaseUpdate(edits, index, model.cases[index], Course(catalog, model.cases[index])) for index in indexes]
        different = [update for update in updates if not update.is_done()]
        for update in different:
            update.make()
        text = edits.text()
        if text == document.text:
            return None if different else text
        again, _ = read_document(document.path, text.encode())
        if again is None:
            return None
        document = again
    return None


class _CaseUpdate:
    """One case, and the edits that bring it nearer to what happens."""

    def __init__(self, edits: Edits, index: int, case: Case, course: Course) -> None:
        self._edits, self._place, self._case, self._course = edits, ("cases", index), case, course

    def is_done(self) -> bool:
        """Tell whether the case is as it happens, and contradicts itself nowhere."""
        return self._obsolete() is None and not judge_course(self._case, self._course)

    def make(self) -> None:
        """Ask for every change of a value, or else for one change of the structure."""
        pairing = pair(self._case, self._course)
        if (index := self._obsolete()) is not None:
            self._edits.remove_item((*self._place, "expect_none"), index)
        elif not self._values(pairing):
            self._structure(pairing)

    def _obsolete(self) -> int | None:
        """Return a silence whose rule is by now expected to fire there."""
        expected = {one.rule for one in self._case.expect}
        for index, silent in enumerate(self._case.expect_none):
            fired = self._course.fired(silent.rule)
            if silent.rule in expected and (fired if silent.event is None else silent.event in fired):
                return index
        return None

    def _values(self, pairing: Pairing) -> bool:
        changed = False
        for index, event in pairing.met.items():
            expected = self._case.expect[index]
            happened = self._course.happened(expected.rule, event)
            fired = happened.fired
            actual = execution_of(fired) | {"input": input_to_write(expected.input or {}, fired)}
            actual |= {"at": happened.at(), "after": happened.after()}
            for field in sorted({str(one.place[0]) for one in differences(expected, happened)}):
                place = (*self._place, "expect", index)
                if actual[field] is None:
                    self._edits.remove_key(place, field)
                else:
                    self._edits.change((*place, field), actual[field])
                changed = True
        return self._reasons() or changed

    def _reasons(self) -> bool:
        changed = False
        for index, silent in enumerate(self._case.expect_none):
            reasons = {self._course.quiet(silent.rule, number).because for number in self._quiet(silent.rule, silent.event)}
            if silent.because is None or (reasons and all(same_reason(one, silent.because) for one in reasons)):
                continue
            place = (*self._place, "expect_none", index)
            if len(reasons) == 1:
                self._edits.change((*place, "because"), reasons.pop())
            else:  # several events, each with a reason of its own, or none at all: only that it does not fire can be said
                self._edits.remove_key(place, "because")
            changed = True
        return changed

    def _structure(self, pairing: Pairing) -> None:
        if pairing.unmet:
            self._unmet(pairing.unmet[0])
        elif pairing.broken:
            index, events = next(iter(pairing.broken.items()))
            self._expect(self._case.expect_none[index].rule, events[0])
        elif pairing.extra:
            self._expect(*pairing.extra[0])
        elif pairing.rejected:
            rule, event = pairing.rejected[0]
            self._add("expect_none", {"rule": rule, **self._numbered(event), "because": INPUT_INVALID})

    def _unmet(self, index: int) -> None:
        """Make an expectation that no firing meets a silence: first add the one, then remove the other."""
        expected = self._case.expect[index]
        events = self._quiet(expected.rule, expected.event)
        others = [one for place, one in enumerate(self._case.expect) if one.rule == expected.rule and place != index]
        if not events or any(one.rule == expected.rule and one.event in (None, events[0]) for one in self._case.expect_none):
            self._edits.remove_item((*self._place, "expect"), index)
            return
        silence: JsonObject = {"rule": expected.rule}
        if expected.event is not None or others or len(self._case.events) > 1:
            silence["event"] = events[0]
        reason = self._course.quiet(expected.rule, events[0]).because
        self._add("expect_none", silence if reason == OTHER_TRIGGER else silence | {"because": reason})

    def _expect(self, rule: str, event: int) -> None:
        execution = {name: value for name, value in execution_of(self._course.fired(rule)[event]).items() if value is not None}
        self._add("expect", {"rule": rule, **self._numbered(event), **execution})

    def _numbered(self, event: int) -> JsonObject:
        return {"event": event} if len(self._case.events) > 1 else {}

    def _add(self, key: str, item: JsonObject) -> None:
        if key in self._case.model_fields_set:
            self._edits.add_item((*self._place, key), item)
        else:
            self._edits.add_key(self._place, key, [item])

    def _quiet(self, rule: str, event: int | None) -> list[int]:
        """Return the event, or all of the rule's trigger, for which the rule does not fire."""
        fired = self._course.fired(rule)
        numbers = [event] if event is not None else [*self._course.numbers]
        return [
            one for one in numbers if one not in fired and (event is not None or self._course.quiet(rule, one).because != OTHER_TRIGGER)
        ]
