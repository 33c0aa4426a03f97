"""Checking a rule's throttle: its key is an expression over the event, in which secrets have no place.

Called by `check_rules`; what passes is read by the controller's planning and by replays.
"""

from attune_core.catalog.catalog import Throttle
from attune_core.catalog.reading import Read, Reading
from attune_core.expressions.check import Scope
from attune_core.expressions.template import check_template
from attune_core.expressions.types import DYN
from attune_core.models.rule import RuleDocument


def check_throttle(reading: Reading, rule: Read[RuleDocument], scope: Scope) -> Throttle | None:
    """Return the throttle of a rule, None without one."""
    throttle = rule.model.throttle
    if throttle is None:
        return None
    if throttle.key is None:
        return Throttle(once_within=throttle.once_within, key=None)
    checked = check_template(throttle.key, scope, DYN)
    reading.findings.in_text(checked.findings, rule.document, ("throttle", "key"))
    return Throttle(once_within=throttle.once_within, key=checked)
