"""Whether the programs that environments are made with serve; judged for `table`."""

from attune_cli.doctor.facts import Tool
from attune_cli.doctor.findings import Judgement, ok, skipped, warning


def tool(fact: Tool) -> Judgement:
    """Judge one program of an ecosystem; a host that lacks one still serves packs of others."""
    about = f"{fact.ecosystem}: {fact.path or fact.name}"
    if not fact.path:
        return skipped(about, f"is not in the host's `path`: packs that need {fact.ecosystem} cannot be prepared here")
    if fact.closed:
        remedy = "install it for all users, or name another folder in `path` of agent.yaml"
        return warning(about, f"actions cannot execute it: {fact.closed} is closed to other users", remedy)
    if not fact.version:
        return warning(about, f"does not say its version: {fact.trouble}", f"run it yourself: {fact.path} --version")
    return ok(about, fact.version)
