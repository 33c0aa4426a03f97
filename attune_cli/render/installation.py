"""Steps of an installation for people and as JSON: the plan with every file's content, and one line a step that was done.

Called by `installing` in the commands; the content of a plan is its programs' own, only paths come from outside.
"""

import shlex
from collections.abc import Sequence

from attune_cli.installation.programs import EXPLAINED
from attune_cli.installation.steps import Allow, MakeFolder, MakeUser, Rate, Remove, RunCommand, SetLink, Step, WriteFile
from attune_core.values import JsonObject, JsonValue

_KINDS = {MakeFolder: "folder", WriteFile: "file", Allow: "mode"}
_TOKEN = " < (the join token)"  # noqa: S105 - a word that stands in its place


def step_line(step: Step) -> str:
    """Return what a step does, on one line."""
    match step:
        case MakeUser():
            return f"run     {shlex.join(step.argv)}"
        case RunCommand():
            before = "" if step.user == "root" else f"runuser -u {step.user} -- "
            return f"run     {before}{shlex.join(step.argv)}{_TOKEN if step.token else ''}"
        case Rate():
            said = f"score   {step.unit}  {step.exposure} {step.rating}: {step.why} ({EXPLAINED})"
            return f"run     {shlex.join(step.argv)}" if step.exposure is None else said
        case SetLink():
            return f"link    {step.path} -> {step.target}"
        case Remove():
            return f"remove  {step.path}"
        case MakeFolder() | WriteFile() | Allow():
            return f"{_KINDS[type(step)]:<6}  {step.path}  {step.mode:04o} {step.owner}:{step.group}"


def plan_lines(step: Step) -> list[str]:
    """Return a step of a plan: its line, and under it the content of its file."""
    said = step_line(step) + ("  (if something changed)" if isinstance(step, RunCommand) and step.after_changes else "")
    return [said, *(f"    {line}".rstrip() for line in step.text.splitlines())] if isinstance(step, WriteFile) else [said]


def plan_json(steps: Sequence[Step]) -> JsonValue:
    """Return steps with everything that is known of them."""
    return [_step(step) for step in steps]


def _step(step: Step) -> JsonObject:
    found: JsonObject
    match step:
        case MakeUser():
            return {"step": "user", "name": step.name, "argv": [*step.argv]}
        case RunCommand():
            return {"step": "run", "argv": [*step.argv], "user": step.user, "token": step.token, "after_changes": step.after_changes}
        case Rate():
            found = {"step": "rate", "argv": [*step.argv], "unit": step.unit, "why": step.why, "see": EXPLAINED}
            return found if step.exposure is None else {**found, "exposure": step.exposure, "rating": step.rating}
        case SetLink():
            return {"step": "link", "path": str(step.path), "target": str(step.target)}
        case Remove():
            return {"step": "remove", "path": str(step.path)}
        case MakeFolder() | WriteFile() | Allow():
            found = {"step": _KINDS[type(step)], "path": str(step.path), "mode": f"{step.mode:04o}"}
            text: JsonObject = {"content": step.text} if isinstance(step, WriteFile) else {}
            return {**found, "owner": step.owner, "group": step.group, **text}
