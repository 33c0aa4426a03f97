"""Finding actions and triggers that nothing in the repository uses: information, because people may use them by hand.

Called by `load` once everything else is right: beside an error, what uses them may be what could not be read.
"""

from collections.abc import Mapping

from attune_core.catalog.catalog import Webhook
from attune_core.catalog.check_triggers import COMPLETED
from attune_core.catalog.reading import Reading
from attune_core.problems import Severity


def check_unused(reading: Reading, webhooks: Mapping[str, Webhook]) -> None:
    """Say what no rule, enabled or not, no webhook and no `emits` names."""
    rules = [rule.model for rule in reading.rules.values()]
    run, awaited = {rule.action for rule in rules}, {rule.trigger for rule in rules}
    for ref, action in reading.actions.items():
        if ref not in run and f"{ref}.{COMPLETED}" not in awaited:
            hint = "nothing to do if people run it by hand; else give it a rule, or remove it"
            reading.findings.at("ATT182", f"no rule uses the action `{ref}`", action.document, hint=hint, severity=Severity.INFORMATION)
    sent = {ref for action in reading.actions.values() for ref in action.model.emits}
    hooked = {ref for hook in webhooks.values() for ref in hook.triggers.values()}
    for ref in reading.triggers.keys() - awaited - sent - hooked:
        message = f"nothing uses the trigger `{ref}`: no rule, no webhook, no `emits`"
        hint = "give it a rule, or remove it"
        document = reading.triggers[ref].document
        reading.findings.at("ATT183", message, document, hint=hint, severity=Severity.INFORMATION)
