"""Checking selectors: labels are texts over the trigger's event, and an event alone does not choose the host.

Called by `check_rules` for every rule; what passes is what placement renders for each event.
"""

from attune_core.catalog.check_triggers import COMPLETED
from attune_core.catalog.reading import Read, Reading
from attune_core.expressions.check import Scope
from attune_core.expressions.program import Program
from attune_core.expressions.template import CheckedTemplate, check_template
from attune_core.expressions.types import STRING
from attune_core.models.rule import RuleDocument
from attune_core.problems import Severity


def check_selector(reading: Reading, rule: Read[RuleDocument], scope: Scope) -> dict[str, CheckedTemplate | str]:
    """Return each label with its text, or with the template that gives it."""
    found: dict[str, CheckedTemplate | str] = {}
    for label, text in rule.model.agents.match.items():
        if "${{" not in text:
            found[label] = text
            continue
        checked = check_template(text, scope, STRING)
        reading.findings.in_text(checked.findings, rule.document, ("agents", "match", label))
        rendered = checked.render({}) if checked.constant else None
        found[label] = rendered if isinstance(rendered, str) else checked
    _warn_about_senders_choice(reading, rule, found)
    return found


def _warn_about_senders_choice(reading: Reading, rule: Read[RuleDocument], match: dict[str, CheckedTemplate | str]) -> None:
    """Whoever may send an event would choose the host; only completions are made by Attune itself."""
    if not match or rule.model.trigger.endswith(f".{COMPLETED}") or not all(map(_is_of_the_event, match.values())):
        return
    message = "the event alone decides which agent runs this, so whoever can send one chooses the host"
    hint = "add a label with a literal value, such as `role: web`"
    place = ("agents", "match", next(iter(match)))
    reading.findings.at("ATT186", message, rule.document, place, hint=hint, severity=Severity.WARNING)


def _is_of_the_event(label: CheckedTemplate | str) -> bool:
    return isinstance(label, CheckedTemplate) and any(isinstance(part, Program) and not part.compiled.constant for part in label.parts)
