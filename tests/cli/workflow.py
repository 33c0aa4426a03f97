"""A job of a workflow carried out as GitHub's runner does: its steps in order, those of our composite Action in their place.

Used by the test of the Action; a step that `uses` somebody else's action is noted and left out, because there is no network here.
"""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from attune_core.values import JsonObject, JsonValue

ROOT = Path(__file__).resolve().parents[2]
ACTION = ROOT / ".github/actions/validate"
OURS = re.compile(r"[^/]+/[^/]+/\.github/actions/validate@v?[0-9a-f.]+")
EXPRESSION = re.compile(r"\$\{\{ *(.*?) *\}\}")
#: How the runner starts `shell: bash`, and a step that names none.
BASH, DEFAULT = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail"), ("bash", "-e")


@dataclass
class Job:
    """Where it runs, and what came of it."""

    workspace: Path
    runner: Path
    environment: Mapping[str, str]
    is_installed: bool = False  # the Action's first step was done before
    output: str = ""
    failed: str | None = None
    left_out: list[str] = field(default_factory=list)

    def run(self, workflow: Path, name: str, **instead: str) -> None:
        """Carry out one job, with other inputs of our Action `instead`; after a failed step only those run that say so."""
        for step in _steps(mapping(read(workflow)["jobs"])[name]):
            uses = step.get("uses")
            if isinstance(uses, str) and OURS.fullmatch(uses):
                self.run_action(mapping(step.get("with", {})) | instead)
            else:
                self._step(step, {}, DEFAULT)

    def run_action(self, given: Mapping[str, JsonValue]) -> None:
        """Carry out our Action with these inputs."""
        declared = mapping(read(ACTION / "action.yml")["inputs"])
        assert given.keys() <= declared.keys()
        inputs = {name: str(given.get(name, mapping(one)["default"])) for name, one in declared.items()}
        for step in _steps(read(ACTION / "action.yml")["runs"]):
            self._step(step, inputs, BASH)

    def summary(self) -> str:
        """Return what the steps wrote for the job's page."""
        file = self.runner / "summary.md"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def _step(self, step: JsonObject, inputs: Mapping[str, str], shell: tuple[str, ...]) -> None:
        condition = str(step.get("if", "success()"))
        if not self._holds(condition, inputs) or (self.is_installed and step.get("name") == "install"):
            return
        script = step.get("run")
        if not isinstance(script, str):
            self.left_out.append(str(step["uses"]))
            return
        assert "${{" not in script, "what a pull request can say never stands in a script"
        variables = {name: _filled(str(value), inputs) for name, value in mapping(step.get("env", {})).items()}
        self._execute(str(step.get("name", script)), script, variables, shell)

    def _execute(self, name: str, script: str, variables: Mapping[str, str], shell: tuple[str, ...]) -> None:
        file = self.runner / "step.sh"
        file.write_text(script, encoding="utf-8")
        added = self.runner / "path"
        path = ":".join([*(reversed(added.read_text().split()) if added.exists() else ()), os.environ["PATH"]])
        environment = {**self.environment, **self._given(), "PATH": path, **variables}
        done = subprocess.run(
            [*shell, str(file)], cwd=self.workspace, env=environment, capture_output=True, text=True, check=False, timeout=100
        )
        self.output += done.stdout + done.stderr
        if done.returncode:
            self.failed = self.failed or f"{name}: {done.returncode}"

    def _given(self) -> dict[str, str]:
        return {
            "HOME": str(self.runner),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ACTION),
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_STEP_SUMMARY": str(self.runner / "summary.md"),
            "GITHUB_PATH": str(self.runner / "path"),
            "GITHUB_OUTPUT": str(self.runner / "output"),
            "GITHUB_EVENT_PATH": str(self.runner / "event.json"),
            "RUNNER_TEMP": str(self.runner),
        }

    def _holds(self, condition: str, inputs: Mapping[str, str]) -> bool:
        clauses = condition.removeprefix("${{").removesuffix("}}").strip().split(" && ")
        always = "!cancelled()" in clauses
        return (always or self.failed is None) and all(_true(clause, inputs) for clause in clauses)


def _true(clause: str, inputs: Mapping[str, str]) -> bool:
    if clause in ("!cancelled()", "success()"):
        return True
    found = re.fullmatch(r"inputs\.([a-z-]+) (==|!=) '([^']*)'", clause)
    assert found is not None, clause
    return (inputs[found[1]] == found[3]) == (found[2] == "==")


def _filled(text: str, inputs: Mapping[str, str]) -> str:
    def value(found: "re.Match[str]") -> str:
        assert found[1].startswith("inputs."), found[1]
        return inputs[found[1].removeprefix("inputs.")]

    return EXPRESSION.sub(value, text)


def _steps(part: JsonValue) -> Iterator[JsonObject]:
    steps = mapping(part)["steps"]
    assert isinstance(steps, list)
    yield from map(mapping, steps)


def read(path: Path) -> JsonObject:
    """Return a YAML file of GitHub's."""
    content: JsonValue = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - texts only, no objects
    return mapping(content)


def mapping(value: JsonValue) -> JsonObject:
    assert isinstance(value, dict)
    return value
