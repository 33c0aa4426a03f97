"""Finding actions, triggers and sensors that nothing in the repository uses: information, because people may use them by hand.

Called by `load` once everything else is right: beside an error, what uses them may be what could not be read.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from attune_core.catalog.catalog import Webhook
from attune_core.catalog.check_triggers import COMPLETED
from attune_core.catalog.reading import Reading, ReadProgram
from attune_core.models.rule import RuleDocument
from attune_core.problems import Severity


def check_unused(reading: Reading, webhooks: Mapping[str, Webhook]) -> None:
    """Say what no rule, enabled or not, no webhook and no `emits` names."""
    rules = [rule.model for rule in reading.rules.values()]
    run, awaited = {rule.action for rule in rules}, _awaited(rules)
    for ref, action in reading.actions.items():
        if action.pack not in reading.layout.built_in and ref not in run and f"{ref}.{COMPLETED}" not in awaited:
            hint = "nothing to do if people run it by hand; else give it a rule, or remove it"
            reading.findings.at("ATT182", f"no rule uses the action `{ref}`", action.document, hint=hint, severity=Severity.INFORMATION)
    _check_sensors(reading, _awaited(rule for rule in rules if rule.enabled))
    programs: list[ReadProgram] = [*reading.actions.values(), *reading.sensors.values()]
    sent = {ref for program in programs for ref in program.model.emits}
    hooked = {ref for hook in webhooks.values() for ref in hook.triggers.values()}
    for ref in reading.timers.keys() - awaited:
        hint = "give it a rule, or remove it; each of its times is an event all the same"
        reading.findings.at(
            "ATT219", f"no rule uses the timer `{ref}`", reading.timers[ref].document, hint=hint, severity=Severity.INFORMATION
        )
    for ref in reading.triggers.keys() - awaited - sent - hooked:
        message = f"nothing uses the trigger `{ref}`: no rule, no webhook, no `emits`"
        hint = "give it a rule, or remove it"
        document = reading.triggers[ref].document
        reading.findings.at("ATT183", message, document, hint=hint, severity=Severity.INFORMATION)


def _check_sensors(reading: Reading, awaited: AbstractSet[str]) -> None:
    """Say which sensors are never started, because no enabled rule awaits what they emit."""
    for ref, sensor in reading.sensors.items():
        if not sensor.model.always and awaited.isdisjoint(sensor.model.emits):
            message = f"the sensor `{ref}` is never started: no enabled rule uses a trigger that it emits"
            hint = "give one of them a rule, write `always: true`, or remove it"
            reading.findings.at("ATT197", message, sensor.document, ("emits",), of="key", hint=hint, severity=Severity.INFORMATION)


def _awaited(rules: Iterable[RuleDocument]) -> set[str]:
    """Return the triggers of rules, and those whose absence they wait for."""
    found = set[str]()
    for rule in rules:
        found.add(rule.trigger)
        if rule.throttle is not None and rule.throttle.absence is not None:
            found.add(rule.throttle.absence.of)
    return found
