"""Checking rule tests: what they name exists, their events fit their triggers, and which event is meant can be told.

Called by `load` last, because a test speaks of everything else; whether the tests pass is decided by `attune_core.rule_tests`.
"""

from collections.abc import Iterable, Mapping

from attune_core.catalog.catalog import Trigger
from attune_core.catalog.check_triggers import COMPLETED
from attune_core.catalog.layout import Layout, declared, declared_triggers
from attune_core.catalog.nodes import Place
from attune_core.catalog.reading import Read, Reading
from attune_core.expressions.suggestion import suggestion
from attune_core.internal_events import INTERNAL_EVENTS
from attune_core.models.rule_test import Case, Expectation, RuleTestDocument, Silence, secret_of
from attune_core.rules.completions import whole_data


def check_tests(reading: Reading, triggers: Mapping[str, Trigger]) -> tuple[Read[RuleTestDocument], ...]:
    """Check every rule test that could be read and return them in the order of their paths."""
    known = _Known(reading.layout)
    for test in reading.tests:
        _check_names(reading, test)
        for index, case in enumerate(test.model.cases):
            check = _CaseCheck(reading, known, test, case, place=("cases", index))
            check.events(triggers)
            check.expectations()
    return tuple(sorted(reading.tests, key=lambda one: one.document.path))


def _check_names(reading: Reading, test: Read[RuleTestDocument]) -> None:
    seen: set[str] = set()
    for index, case in enumerate(test.model.cases):
        if case.name in seen:
            reading.findings.at(
                "ATT121", f"two cases are named {case.name!r}", test.document, ("cases", index, "name"), hint="give each a name of its own"
            )
        seen.add(case.name)


class _Known:
    """The references that may be named; put together once for all cases."""

    def __init__(self, layout: Layout) -> None:
        self.rules, self.actions = declared(layout, "rule"), declared(layout, "action")
        self.triggers = dict.fromkeys([*declared_triggers(layout), *(f"{ref}.{COMPLETED}" for ref in self.actions), *INTERNAL_EVENTS])


class _CaseCheck:
    """One case and where its findings go."""

    def __init__(self, reading: Reading, known: _Known, test: Read[RuleTestDocument], case: Case, *, place: Place) -> None:
        self._reading, self._known, self._test, self._case, self._place = reading, known, test, case, place

    def events(self, triggers: Mapping[str, Trigger]) -> None:
        """Check that each event's trigger exists and its data fit."""
        known = self._known.triggers
        for index, event in enumerate(self._case.events):
            trigger = triggers.get(event.trigger)
            if event.trigger not in known:
                self._say(
                    "ATT150", f"there is no trigger `{event.trigger}`", ("events", index, "trigger"), suggestion(event.trigger, known)
                )
            elif trigger is not None:
                data = whole_data(event.trigger, event.data)
                for misfit in trigger.validator.misfits(data, limit=3):
                    at = ("events", index, "data", *misfit.place)
                    self._say("ATT147", f"the data do not fit `{event.trigger}`: {misfit.message}", at, None)

    def expectations(self) -> None:
        """Check that what is expected names rules, actions and parameters that exist, and events of the case."""
        rules, actions = self._known.rules, self._known.actions
        firing = {expected.rule for expected in self._case.expect}
        for index, expected in enumerate(self._case.expect):
            place = ("expect", index)
            self._names("rule", expected, place, rules)
            if expected.action is not None and expected.action not in actions:
                self._missing("action", expected.action, place, actions)
            self._parameters(expected, place)
        for index, silent in enumerate(self._case.expect_none):
            place = ("expect_none", index)
            self._names("rule", silent, place, rules)
            if silent.event is None and silent.rule in firing:
                hint = "add `event: 1`, or the number of the event that it does not fire on"
                self._say("ATT121", f"`{silent.rule}` is expected to fire as well", (*place, "rule"), hint)

    def _names(self, kind: str, one: Expectation | Silence, place: Place, known: Iterable[str]) -> None:
        if one.rule not in known:
            self._missing(kind, one.rule, place, known)
        if one.event is not None and one.event > len(self._case.events):
            count = len(self._case.events)
            self._say("ATT121", f"the case has no event {one.event}", (*place, "event"), f"it has {count}; they are counted from 1")

    def _missing(self, kind: str, ref: str, place: Place, known: Iterable[str]) -> None:
        self._say("ATT146", f"there is no {kind} `{ref}`", (*place, kind), suggestion(ref, known))

    def _parameters(self, expected: Expectation, place: Place) -> None:
        rule = self._reading.rules.get(expected.rule)
        action = self._reading.actions.get(rule.model.action) if rule is not None else None
        if action is None:
            return
        for name, value in (expected.input or {}).items():
            if name in action.model.parameters:
                if action.model.parameters[name].secret and secret_of(value) is None:
                    message = f"the parameter `{name}` is secret, so a test names its secret and never holds one"
                    self._say("ATT156", message, (*place, "input", name), f"write `{name}: ${{{{ secrets.NAME }}}}`")
            else:
                hint = suggestion(name, action.model.parameters) or f"`{action.ref}` takes no parameters"
                document, at = self._test.document, (*self._place, *place, "input", name)
                self._reading.findings.at("ATT154", f"`{action.ref}` has no parameter `{name}`", document, at, of="key", hint=hint)

    def _say(self, code: str, message: str, place: Place, hint: str | None) -> None:
        self._reading.findings.at(code, message, self._test.document, (*self._place, *place), hint=hint)
