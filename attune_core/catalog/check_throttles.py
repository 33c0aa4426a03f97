"""Checking a rule's throttle: its keys are expressions over events, in which secrets have no place, and what it waits for exists.

Called by `check_rules`; what passes is read by the controller's planning and by replays.
"""

import hashlib
from collections.abc import Mapping

from attune_core.catalog.catalog import Throttle
from attune_core.catalog.reading import Read, Reading
from attune_core.catalog.scopes import event_scope
from attune_core.expressions.check import Scope
from attune_core.expressions.inference.facts import possible
from attune_core.expressions.suggestion import suggestion
from attune_core.expressions.template import CheckedTemplate, check_template
from attune_core.expressions.types import DYN, type_name
from attune_core.models import throttle as models
from attune_core.models.rule import RuleDocument
from attune_core.problems import Severity
from attune_core.rules.groups import MEMBERS
from attune_core.values import canonical_json


def check_throttle(
    reading: Reading, rule: Read[RuleDocument], scope: Scope, triggers: Mapping[str, object], *, uses_events: bool
) -> Throttle | None:
    """Return the throttle of a rule, None without one; `triggers` are all that may be waited for."""
    throttle = rule.model.throttle
    if throttle is None:
        return None
    key = None if throttle.key is None else check_template(throttle.key, scope, DYN)
    if key is not None:
        reading.findings.in_text(key.findings, rule.document, ("throttle", "key"))
    written = canonical_json([rule.model.trigger, throttle.model_dump(mode="json", exclude_none=True), uses_events])
    terms = hashlib.sha256(written.encode()).hexdigest()[:32]
    if throttle.once_within is not None:
        return Throttle(form="once_within", within=throttle.once_within, key=key, terms=terms)
    if throttle.debounce is not None:
        return Throttle(form="debounce", within=throttle.debounce, key=key, terms=terms)
    if (several := throttle.accumulate) is not None:
        if uses_events:
            _keeps_all(reading, rule, several)
        within, least, most = several.within, several.at_least, several.at_most
        return Throttle(form="accumulate", within=within, key=key, at_least=least, at_most=most, terms=terms)
    absence = throttle.absence
    if absence is None:
        raise AssertionError("the model lets no throttle pass without a form")
    of_key = _of_key(reading, rule, throttle, absence, triggers)
    _can_meet(reading, rule, key, of_key)
    return Throttle(form="absence", within=absence.within, key=key, of=absence.of, of_key=of_key, terms=terms)


def _keeps_all(reading: Reading, rule: Read[RuleDocument], several: models.Accumulate) -> None:
    """Say that more events are waited for than `events` has."""
    bound = "at_least" if several.at_most is None else "at_most"
    wanted = several.at_most or several.at_least
    if wanted > MEMBERS:
        message = f"`events` has the newest {MEMBERS} events of a key, and the rule waits for {wanted}"
        hint = f"ask for {MEMBERS} at most, or write an action that does not need all of them"
        place = ("throttle", "accumulate", bound)
        reading.findings.at("ATT226", message, rule.document, place, hint=hint, severity=Severity.WARNING)


def _of_key(
    reading: Reading, rule: Read[RuleDocument], throttle: models.Throttle, absence: models.Absence, triggers: Mapping[str, object]
) -> CheckedTemplate | None:
    """Return the key of an event of the trigger that is waited for."""
    if absence.of not in triggers:
        hint = suggestion(absence.of, triggers)
        reading.findings.at("ATT150", f"there is no trigger `{absence.of}`", rule.document, ("throttle", "absence", "of"), hint=hint)
        return None
    scope = event_scope(reading.data_types.get(absence.of, DYN))
    if absence.of_key is not None:
        checked = check_template(absence.of_key, scope, DYN)
        reading.findings.in_text(checked.findings, rule.document, ("throttle", "absence", "of_key"))
        return checked
    if throttle.key is None:
        return None
    checked = check_template(throttle.key, scope, DYN)
    if checked.findings:
        message = f"`key` is no key of an event of `{absence.of}`: {checked.findings[0].message}"
        hint = f"say what the key of an event of `{absence.of}` is: add `of_key` to `absence`"
        reading.findings.at("ATT225", message, rule.document, ("throttle", "absence", "of"), hint=hint)
    return checked


def _can_meet(reading: Reading, rule: Read[RuleDocument], key: CheckedTemplate | None, of_key: CheckedTemplate | None) -> None:
    """Say that two keys can never be the same: nothing would ever be heard of what is waited for."""
    if of_key is None or of_key.findings or (key is not None and key.findings):
        return
    place = ("throttle", "absence", "of_key")
    if key is None:
        hint = "add `key` to the throttle, or remove `of_key`"
        reading.findings.at("ATT225", "`of_key` is compared with `key`, and there is none", rule.document, place, hint=hint)
    elif not (possible(of_key.type, key.type) or possible(key.type, of_key.type)):
        message = f"`key` is {type_name(key.type)} and `of_key` is {type_name(of_key.type)}, which are never the same"
        reading.findings.at("ATT225", message, rule.document, place, hint="let both give the same type, for instance with string()")
