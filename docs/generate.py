"""Makes the generated pages again: docs/errors.md, the table in docs/walkthrough.md and schemas/; `make generate` runs it.

tests/meta fails when a page differs from what this module writes.
"""

import ast
import importlib
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

from attune_core.errors import AttuneError, Blame
from attune_core.problem_codes import PROBLEM_CODES
from attune_core.problems import Severity
from attune_core.states import Outcome, Reason

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("attune_core", "attune_controller", "attune_agent", "attune_cli")
BEGIN, END = "<!-- the table is generated: make generate -->", "<!-- end of the table -->"

BLAMES = {
    Blame.AUTHOR: "whoever wrote the document, command or request",
    Blame.HOST: "whoever runs the machine",
    Blame.PASSING: "nobody; trying again may succeed",
    Blame.DEFECT: "us; please report it",
}

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
            "attune_core/rules/matching.py",
            "attune_core/rules/filling.py",
            "attune_core/rules/throttling.py",
            "attune_controller/placing.py",
            "attune_controller/placement.py",
            "attune_controller/plans.py",
        ),
    ),
    (
        "4 handed over",
        (
            "attune_controller/dispatch",
            "attune_controller/sessions",
            "attune_agent/uplink.py",
            "attune_agent/link.py",
            "attune_agent/dispatching.py",
        ),
    ),
    ("5 in its queue", ("attune_agent/inbox.py", "attune_agent/ledger.py", "attune_agent/fifo.py", "attune_agent/state")),
    ("6 admitted", ("attune_agent/lane.py", "attune_agent/admission.py")),
    (
        "7 run",
        (
            "attune_agent/attempt.py",
            "attune_agent/preparation.py",
            "attune_agent/packs",
            "attune_agent/environments",
            "attune_agent/ecosystems",
            "attune_agent/executor",
            "attune_agent/following.py",
            "attune_agent/results.py",
        ),
    ),
    ("8 reported", ("attune_agent/outbox.py", "attune_agent/posting.py", "attune_controller/reports.py")),
    ("9 settled, and an event again", ("attune_core/states.py", "attune_controller/completion.py")),
    ("10 its logs are read", ("attune_cli/follow.py", "attune_controller/log_relay.py", "attune_agent/log_windows.py")),
)


def error_classes() -> Iterator[type[AttuneError]]:
    """Yield every error of the four packages, by code."""
    for package in PACKAGES:
        for module in pkgutil.walk_packages([str(ROOT / package)], f"{package}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    found: set[type[AttuneError]] = set()
    waiting = [AttuneError]
    while waiting:
        kind = waiting.pop()
        found.add(kind)
        waiting.extend(kind.__subclasses__())
    yield from sorted((kind for kind in found if "code" in vars(kind)), key=lambda kind: (kind.code, kind.__name__))


def errors_page() -> str:
    """Return docs/errors.md."""
    lines = [
        "# Errors, Problems and reasons",
        "",
        "Every message of Attune carries a code; this page has its cause and what to do. It is made from the code: `make generate`.",
        "",
        "## Problems in a pack repository",
        "",
        "`attune validate` prints them with file, line and column; a revision with an error never becomes active.",
        "",
    ]
    for code, info in sorted(PROBLEM_CODES.items()):
        lines += [f"### {code} {info.title}", "", info.cause, "", f"*What to do:* {info.remedy}", ""]
        if info.severity is not Severity.ERROR:
            lines += [f"*Severity:* {info.severity.value}; it refuses no revision.", ""]
    lines += ["## Errors of the programs", ""]
    for kind in error_classes():
        if kind.code in PROBLEM_CODES:
            continue
        cause = " ".join((kind.__doc__ or "").split())
        lines += [
            f"### {kind.code} {kind.__name__}",
            "",
            cause,
            "",
            f"*What to do:* {kind.remedy}",
            "",
            f"*Who acts:* {BLAMES[kind.blame]}.",
            "",
        ]
    lines += ["## Outcomes and reasons of an execution", ""]
    for outcome in Outcome:
        lines += [f"### outcome {outcome.value}", "", OUTCOMES[outcome], ""]
    for reason in Reason:
        lines += [f"### reason {reason.value}", "", REASONS[reason], ""]
    return "\n".join(lines)


OUTCOMES = {
    Outcome.SUCCEEDED: "The action ended with exit code 0 and, where a result is declared, with one that fits its schema.",
    Outcome.FAILED: "The action, or what it needs to run, failed; the reason says how.",
    Outcome.TIMED_OUT: "The action ran longer than its `timeout`; its whole process tree was ended.",
    Outcome.CANCELLED: "Somebody, or a new revision, no longer wanted it.",
    Outcome.LOST: "A start may have happened and its end is unknown. "
    "It is never guessed to be a success or a failure and never run again unasked.",
    Outcome.REJECTED: "It was never started, and will not be.",
}

REASONS = {
    Reason.EXIT_CODE: "The action ended with an exit code other than 0. Read its stderr: `attune execution logs NUMBER --stream stderr`.",
    Reason.SIGNAL: "The action was ended by a signal that did not come from Attune; 9 is often the kernel's memory killer.",
    Reason.NOT_EXECUTABLE: "The first word of `run` could not be started as the attempt's user; the detail has the system's words. "
    "Check the name, its mode bits, its first line and the host's `path`.",
    Reason.RESULT_INVALID: "The action ended with 0, but its result is not JSON or does not fit `result.schema`.",
    Reason.RESULT_TOO_LARGE: "The result is larger than 1 MiB. Write large things elsewhere and return where.",
    Reason.RESOURCE_LIMIT: "The attempt hit a limit of its processes or of the host; the detail names it.",
    Reason.ENVIRONMENT_FAILED: "The environment could not be built; read `attune execution logs NUMBER --stream build`.",
    Reason.SECRET_MISSING: "The agent has no secret of that name. Put it, mode 0600, into the agent's `secrets/` directory.",
    Reason.PACK_MISMATCH: "The pack that arrived is not the one with the expected digest; nothing of it was used.",
    Reason.START_UNKNOWN: "The executor's own records are gone, so nobody can tell whether the attempt had been started.",
    Reason.EXECUTOR_DIED: "The executor, or the keeper of the slot, ended while the attempt ran; what was left of it was killed.",
    Reason.AGENT_FORGOTTEN: "An operator gave the agent up for dead while it held the execution.",
    Reason.OPERATOR: "An operator cancelled it.",
    Reason.REMOVED: "The active revision no longer has the action.",
    Reason.SUPERSEDED: "A newer execution of the same queue took its place.",
    Reason.SKIPPED: "Its queue was busy and the action says to skip then.",
    Reason.QUEUE_FULL: "Its queue was at its bound.",
    Reason.NO_AGENT: "No enrolled agent carried the labels within the waiting time.",
    Reason.EXPIRED: "It was not started in the time that the action allows.",
    Reason.POLICY_DENIED: "The host's own agent.yaml does not allow this pack, action or user.",
    Reason.INPUT_INVALID: "The rule matched, but the values that it took from the event do not fit the action's parameters; "
    "the detail says which.",
}


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


PAGES = {"docs/errors.md": errors_page, "docs/walkthrough.md": walkthrough_page}


def main() -> int:
    """Write every generated page."""
    for name, page in PAGES.items():
        (ROOT / name).write_text(page(), encoding="utf-8")
    from attune_core.models import schema_export

    schema_export.main()
    return 0


if __name__ == "__main__":
    sys.exit(main())
