"""Everything that has a code or a name to look up, in one table: Problems, errors, outcomes and reasons, as their own modules tell them.

Called by docs.generate, which makes docs/errors.md and the table that `attune explain` reads from it.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

from attune_cli.explanations import Explanation, Kind
from attune_core.dead_letters import HOP_LIMIT, DeadReason
from attune_core.errors import AttuneError, Blame
from attune_core.problem_codes import PROBLEM_CODES
from attune_core.problem_examples import EXAMPLES
from attune_core.states import Outcome, Reason

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("attune_core", "attune_controller", "attune_agent", "attune_cli")

BLAMES = {
    Blame.AUTHOR: "whoever wrote the document, command or request",
    Blame.HOST: "whoever runs the machine",
    Blame.PASSING: "nobody; trying again may succeed",
    Blame.DEFECT: "us; please report it",
}


def explanations() -> list[Explanation]:
    """Return all of them: Problems, errors, outcomes and reasons, each kind in its order."""
    problems = [_problem(code) for code in sorted(PROBLEM_CODES)]
    errors = [_error(kind) for kind in error_classes() if kind.code not in PROBLEM_CODES]
    outcomes = [Explanation(name=one.value, kind=Kind.OUTCOME, cause=text) for one, text in OUTCOMES.items()]
    reasons = [Explanation(name=one.value, kind=Kind.REASON, cause=text) for one, text in REASONS.items()]
    dead = [Explanation(name=one.value, kind=Kind.DEAD_LETTER, cause=cause, remedy=remedy) for one, (cause, remedy) in DEAD.items()]
    return [*problems, *errors, *outcomes, *reasons, *dead]


def _problem(code: str) -> Explanation:
    row, example = PROBLEM_CODES[code], EXAMPLES.get(code)
    return Explanation(
        name=code,
        kind=Kind.PROBLEM,
        title=row.title,
        cause=row.cause,
        remedy=row.remedy,
        severity=row.severity,
        before=example.before if example else None,
        after=example.after if example else None,
    )


def _error(kind: type[AttuneError]) -> Explanation:
    cause = " ".join((kind.__doc__ or "").split())
    return Explanation(name=kind.code, kind=Kind.ERROR, title=kind.__name__, cause=cause, remedy=kind.remedy, acts=BLAMES[kind.blame])


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
    Reason.POLICY_DENIED: "The host's own agent.yaml does not allow this pack, action or user, or its secrets would have gone into a file "
    "on a disk.",
    Reason.INPUT_INVALID: "The rule matched, but the values that it took from the event do not fit the action's parameters, or cannot be "
    "written in the format that it reads; the detail says which.",
}

RETRY = "`attune event dead-letter retry`"
#: Why an event is a dead letter -> its cause, and what to do.
DEAD = {
    DeadReason.UNDECLARED: (
        "The revision that was active when the event came declares no trigger of this name, or only the controller makes such events.",
        f"Declare the trigger, or correct the sender. Once the trigger is live, {RETRY} brings the event back.",
    ),
    DeadReason.DATA_INVALID: (
        "The event's data do not fit the schema of its trigger; the detail says where.",
        f"Correct the sender, or the schema, and then {RETRY}.",
    ),
    DeadReason.TIME_AHEAD: (
        "The event says that it happened more than 24 hours after it came.",
        f"Set the sender's clock. An event whose time has come by now can be brought back: {RETRY}.",
    ),
    DeadReason.NOT_EMITTED: (
        "A sensor sent an event of a trigger that its document does not list in `emits`.",
        "Add the trigger to `emits`, or correct the sensor.",
    ),
    DeadReason.NO_REVISION: (
        "No revision had ever been active when the event came, so nobody could say whether it is right.",
        f"See `attune controller status` for why none is; then {RETRY}.",
    ),
    DeadReason.NOT_RUNNABLE: (
        "Somebody asked for an action that the revision active at its turn cannot run so: it is gone, or what it was given does not fit.",
        "Ask again: `attune action run`.",
    ),
    DeadReason.HOP_LIMIT: (
        f"More than {HOP_LIMIT} events led to it, each caused by the one before: rules that cause one another. The chain ends here.",
        f"`attune validate` names such loops. End it with a condition; {RETRY} begins the chain anew from this event.",
    ),
    DeadReason.QUARANTINED: (
        "The controller ended each time it planned this event, three times at least, so it was set aside and the others went on.",
        f"Report it with the event's data, please. After an update, {RETRY}.",
    ),
    DeadReason.RESTORED: (
        "The store came out of a backup that held the event without its plan: in the time that was lost it may have been planned, or not.",
        f"See whether its actions have run; if not, {RETRY}.",
    ),
}
