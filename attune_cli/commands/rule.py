"""`attune rule`: the rules of the active revision, one of them in full, and one of a working copy tried on one event."""

from pathlib import Path
from typing import Annotated

import typer

from attune_cli.client import Client
from attune_cli.commands.options import JsonFlag, ProfileName, group
from attune_cli.profiles import load_profile
from attune_cli.references import reference
from attune_cli.render.output import compact, show_fields, show_json, show_table
from attune_cli.render.rule import rule_fields
from attune_core.wire.api import Page, RuleView
from attune_core.wire.groups import RuleDetail

app = group("Rules: those that are live, and one tried on an event.")


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


@app.command()
def show(
    rule: Annotated[str, typer.Argument(metavar="PACK.RULE", help="The rule, such as web.restart_on_alert.")],
    json: JsonFlag = False,
    profile: ProfileName = None,
) -> None:
    """Show what a rule that is live says, and what waits in its throttle.

    Example: attune rule show web.restart_on_alert
    """
    reference(rule, "PACK.RULE")
    with Client(load_profile(profile)) as client:
        found = client.get(f"/v1/rules/{rule}", RuleDetail)
    if json:
        show_json(found)
    else:
        show_fields(rule_fields(found))


@app.command("test")
def try_rule(
    rule: Annotated[str, typer.Argument(help="The rule, such as web.restart_on_alert.")],
    event: Annotated[str, typer.Argument(help="The event's data as JSON, or a whole CloudEvents document; @FILE reads a file, - stdin.")],
    line: Annotated[int | None, typer.Option("--line", min=1, help="Of a file with one event a line: which line.")] = None,
    path: Annotated[Path, typer.Option("--repository", help="The pack repository.")] = Path(),
    json: JsonFlag = False,
) -> None:
    """Try a rule on one event: whether it fires, and why.

    Shows every clause with its values, and what would come of it, by the files as they are.
    Ends with 1 if the rule does not fire.

    Example: attune rule test web.restart_on_alert '{"unit": "web_1", "severity": "high"}'
    """
    from attune_cli.local.rule_trial import try_here

    raise typer.Exit(try_here(path, rule, event, line=line, json=json))


@app.callback()
def rule() -> None:
    """Rules: those that are live, and one tried on an event."""
