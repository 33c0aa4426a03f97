"""A rule as fields; used by `attune rule show`."""

from collections.abc import Sequence

from attune_cli.render.output import compact
from attune_core.wire.groups import RuleDetail


def rule_fields(rule: RuleDetail) -> Sequence[tuple[str, str]]:
    """Return names and values of one rule, and what waits in its throttle."""
    fields = [
        ("rule", rule.ref),
        ("description", rule.description),
        ("state", "enabled" if rule.enabled else "disabled"),
        ("trigger", rule.trigger),
        ("when", rule.when),
        ("throttle", rule.throttle + (f", for each {rule.throttle_key}" if rule.throttle_key else "")),
        ("action", rule.action),
        ("agents", compact(rule.agents)),
        ("declared in", f"{rule.path}:{rule.line}"),
    ]
    fields += [("waiting", f"{one.count} events of {one.key} since {one.opened_at}, asked at {one.due_at}") for one in rule.waiting]
    fields += [
        ("and more", f"attune throttle list --rule {rule.ref}" if rule.more else ""),
        ("it started", f"attune execution list --rule {rule.ref}"),
    ]
    return [(name, value) for name, value in fields if value]
