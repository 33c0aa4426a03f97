"""`attune rule`: the rules of the active revision."""

from attune_cli.client import Client
from attune_cli.commands.options import JsonFlag, ProfileName, group
from attune_cli.profiles import load_profile
from attune_cli.render.output import compact, show_json, show_table
from attune_core.wire.api import Page, RuleView

app = group("Rules of the active revision.")


@app.command("list")
def list_rules(json: JsonFlag = False, profile: ProfileName = None) -> None:
    """List the rules that are live now.

    Example: attune rule list --json
    """
    with Client(load_profile(profile)) as client:
        rules = list(client.pages("/v1/rules", Page[RuleView], {}, most=10_000))
    if json:
        show_json(rules)
        return
    rows = [
        (rule.ref, rule.trigger, rule.action, compact(rule.agents), "" if rule.enabled else "disabled", f"{rule.path}:{rule.line}")
        for rule in rules
    ]
    show_table(("rule", "trigger", "action", "agents", "", "declared in"), rows, empty="no rule is live")


@app.callback()
def rule() -> None:
    """Rules of the active revision."""
