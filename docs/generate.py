"""Makes the generated pages, the table that `attune explain` reads and schemas/ again (`make generate`).

tests/meta fails when a page differs from what this module writes.
"""

import ast
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from attune_cli.explanations import Explanation, Kind
from attune_core.internal_events import INTERNAL_EVENTS
from attune_core.problems import Severity
from attune_core.values import JsonObject
from docs.explanations import ROOT, explanations

BEGIN, END = "<!-- the table is generated: make generate -->", "<!-- end of the table -->"

#: The way of an event: step of design §4 -> the files that do it, in order.
STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "0 a push goes live",
        (
            "attune_controller/reconcile/reconciler.py",
            "attune_controller/reconcile/steps.py",
            "attune_controller/git_source.py",
            "attune_core/catalog/load.py",
            "attune_core/catalog/git_tree.py",
            "attune_controller/packs.py",
        ),
    ),
    ("1 something happens", ("attune_controller/hooks", "attune_controller/http")),
    ("2 accepted once", ("attune_controller/intake.py", "attune_controller/store/port.py")),
    (
        "3 planned by position",
        (
            "attune_controller/planning.py",
            "attune_controller/drafting.py",
            "attune_core/rules/firing.py",
            "attune_core/rules/candidates.py",
            "attune_core/catalog/rule_index.py",
            "attune_core/rules/matching.py",
            "attune_core/rules/filling.py",
            "attune_core/rules/throttling.py",
            "attune_controller/groups.py",
            "attune_core/rules/gathering.py",
            "attune_core/rules/ending.py",
            "attune_controller/placing.py",
            "attune_controller/placement.py",
            "attune_controller/plans.py",
        ),
    ),
    (
        "4 handed over",
        (
            "attune_controller/dispatch.py",
            "attune_controller/turns.py",
            "attune_controller/sessions",
            "attune_agent/uplink.py",
            "attune_agent/link.py",
            "attune_agent/dispatching.py",
        ),
    ),
    ("5 in its queue", ("attune_agent/inbox.py", "attune_agent/ledger.py", "attune_agent/fifo.py", "attune_agent/state")),
    (
        "6 admitted",
        (
            "attune_agent/lane.py",
            "attune_agent/admission.py",
            "attune_agent/rate.py",
            "attune_agent/slots.py",
            "attune_agent/marks.py",
            "attune_agent/withdrawals.py",
        ),
    ),
    (
        "7 run",
        (
            "attune_agent/attempt.py",
            "attune_agent/preparation.py",
            "attune_agent/recipe.py",
            "attune_agent/confinement.py",
            "attune_core/input_documents",
            "attune_agent/masks.py",
            "attune_agent/packs",
            "attune_agent/environments",
            "attune_agent/ecosystems",
            "attune_agent/executor",
            "attune_agent/following.py",
            "attune_agent/results.py",
            "attune_core/secret_fields.py",
        ),
    ),
    ("8 reported", ("attune_agent/outbox.py", "attune_agent/posting.py", "attune_controller/reports.py")),
    ("9 settled, and an event again", ("attune_core/states.py", "attune_controller/completion.py")),
    (
        "10 its logs are read",
        (
            "attune_cli/follow.py",
            "attune_cli/log_reader.py",
            "attune_cli/render/log_lines.py",
            "attune_controller/log_relay.py",
            "attune_agent/log_windows.py",
        ),
    ),
)


def errors_page() -> str:
    """Return docs/errors.md."""
    lines = [
        "# Errors, Problems and reasons",
        "",
        "Every message of Attune carries a code; this page has its cause and what to do, and `attune explain CODE` prints the same.",
        "It is made from the code: `make generate`.",
        "",
        "## Problems in a pack repository",
        "",
        "`attune validate` prints them with file, line and column; a revision with an error never becomes active.",
        "",
    ]
    found = explanations()
    for kind, heading in HEADINGS.items():
        lines += [f"## {heading}", ""] if heading else []
        for one in found:
            if one.kind is kind:
                lines += _section(one)
    return "\n".join(lines)


#: Kind -> the heading above its first section; the page's first has one already.
HEADINGS = {
    Kind.PROBLEM: None,
    Kind.ERROR: "Errors of the programs",
    Kind.OUTCOME: "Outcomes and reasons of an execution",
    Kind.REASON: None,
    Kind.DEAD_LETTER: "Why an event is a dead letter",
}


def _section(one: Explanation) -> list[str]:
    name = f"{one.kind.value} {one.name}" if one.title is None else f"{one.name} {one.title}"
    lines = [f"### {name}", "", one.cause, ""]
    if one.remedy:
        lines += [f"*What to do:* {one.remedy}", ""]
    if one.severity not in (None, Severity.ERROR):
        lines += [f"*Severity:* {one.severity}; it refuses no revision.", ""]
    if one.acts:
        lines += [f"*Who acts:* {one.acts}.", ""]
    if one.before is not None:
        lines += ["```yaml", *_commented("instead of", one.before), *_commented("write", one.after or ""), "```", ""]
    return lines


def _commented(word: str, example: str) -> list[str]:
    return [f"# {word}", *example.split("\n")]


def explanations_file() -> str:
    """Return what `attune explain` reads."""
    return json.dumps([one.document() for one in explanations()], indent=1, ensure_ascii=True) + "\n"


def walkthrough_table() -> str:
    """Return the table of steps, each file with the first line of its docstring."""
    lines = ["| step | file | what it does |", "|---|---|---|"]
    for step, places in STEPS:
        for number, file in enumerate(file for place in places for file in _files(ROOT / place)):
            name = file.relative_to(ROOT).as_posix()
            lines.append(f"| {'' if number else step} | [`{name}`](../{name}) | {first_line(file)} |")
    return "\n".join(lines)


def _files(place: Path) -> list[Path]:
    """Return a module, or the modules of a folder of one step (deeper folders and tables of their own are left to the reader)."""
    return [place] if place.suffix else sorted(path for path in place.glob("*.py") if path.name != "__init__.py")


def first_line(path: Path) -> str:
    """Return the first line of a module's docstring."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.split("\n", 1)[0].replace("|", "\\|")


def walkthrough_page() -> str:
    """Return docs/walkthrough.md with its table made again."""
    text = (ROOT / "docs" / "walkthrough.md").read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{walkthrough_table()}\n\n{END}{after}"


def openapi_page() -> str:
    """Return docs/openapi.json."""
    from attune_controller.http.described import DESCRIBED
    from attune_controller.http.openapi import description
    from attune_controller.http.routes import ROUTES

    return json.dumps(description(ROUTES, DESCRIBED), indent=1, ensure_ascii=False) + "\n"


def internal_events_page() -> str:
    """Return docs/internal-events.md."""
    lines = [
        "# Internal events",
        "",
        "What the controller itself has to tell are events like all others: kept, planned by position, and open to rules. A rule names one",
        "as its `trigger`, and `attune validate` checks what it reads. Nobody outside can send one. `attune trigger list` names them;",
        "`attune schema explain core.agent_unreachable` prints what is said here. This page is made from the same table: `make generate`.",
        "",
        "```yaml",
        "description: Say so when a host is gone",
        "trigger: core.agent_unreachable",
        'when: event.data.labels.role == "database"',
        "action: chat.say",
        'input: {text: "${{ event.data.agent }} is gone"}',
        "agents: {match: {role: chat}}",
        "```",
        "",
        "An event that an execution or another event caused is one hop further than that; a chain of more than 16 hops ends as a dead",
        "letter ([howto/dead-letters.md](howto/dead-letters.md)). Their source is `attune:controller`, or `attune:operators`.",
        "",
    ]
    for one in INTERNAL_EVENTS.values():
        lines += [f"## {one.ref}", "", one.description, ""]
        lines += [f"*How often:* {one.once}.", ""] if one.once else []
        lines += ["| data | type | |", "|---|---|---|", *_fields(one.schema), ""]
    return "\n".join(lines)


def _fields(schema: JsonObject) -> Iterator[str]:
    properties = schema["properties"]
    for name, field in properties.items() if isinstance(properties, dict) else ():
        if isinstance(field, dict):
            choices = field.get("enum")
            words = field.get("type", "any") if not isinstance(choices, list) else [json.dumps(one) for one in choices]
            types = ", ".join(map(str, words)) if isinstance(words, list) else str(words)
            yield f"| `{name}` | {types} | {field.get('description', '')} |"


PAGES = {
    "docs/internal-events.md": internal_events_page,
    "docs/openapi.json": openapi_page,
    "docs/errors.md": errors_page,
    "docs/walkthrough.md": walkthrough_page,
    "attune_cli/explanations.json": explanations_file,
}


def main() -> int:
    """Write every generated page."""
    for name, page in PAGES.items():
        (ROOT / name).write_text(page(), encoding="utf-8")
    from attune_core.models import schema_export

    schema_export.main()
    return 0


if __name__ == "__main__":
    sys.exit(main())
