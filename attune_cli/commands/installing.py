"""What `install` and `uninstall` of `attune agent` and `attune controller` have in common: plan, show or carry out, say what follows.

Called by these two groups; loaded when one of the four commands runs.
"""

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import typer

from attune_cli.errors import InstallationStepFailed, NotConfirmed, OlderThanInstalled, UpgradeStuck, UpgradeTakenBack
from attune_cli.installation.planning import Executor, Host, afterwards, installation, removal, way_back
from attune_cli.installation.programs import PROGRAMS, Program
from attune_cli.installation.steps import Step
from attune_cli.local.installed import executor_version, look, own_version, require_root_and_systemd, version_of
from attune_cli.local.installing import build_steps, build_version, carry_out, go_on_as
from attune_cli.render.installation import plan_json, plan_lines, step_line
from attune_cli.render.output import note, show_json, show_line
from attune_cli.tokens import read_token
from attune_core.errors import AttuneError
from attune_core.version import VERSION


def install(
    program: Program, *, wheels: Path | None, token_file: Path | None = None, executor: Executor = "keep", dry_run: bool, json: bool
) -> None:
    """Install or upgrade a program, or show how."""
    if dry_run:
        version = PROGRAMS / version_of(wheels) if wheels else PROGRAMS / VERSION
        before = build_steps(wheels.resolve(), version) if wheels else ()
        host = look(program, version)
        _show([*before, *installation(program, host), *afterwards(program, host, executor=executor)], json=json)
        return
    require_root_and_systemd()
    if wheels is not None:
        _refuse_older(program, PROGRAMS / version_of(wheels))
        version = build_version(wheels, _telling([], json=json))
        if version != Path(sys.prefix):
            token = ["--token-file", str(token_file.absolute())] if token_file else []
            chosen = ["--executor", executor] if program.name == "agent" else []
            go_on_as(version, [program.name, "install", *token, *chosen, *(["--json"] if json else [])])
    version = own_version()
    host = look(program, version)
    _refuse_older(program, version)
    done: list[Step] = []
    tell = _telling(done, json=json)
    try:
        carry_out(installation(program, host), tell, token=lambda: read_token(token_file, prompt="Join token"))
    except InstallationStepFailed as failed:
        raise _taken_back(program, host, failed, tell) from failed
    carry_out(afterwards(program, host, executor=executor), tell, token=str)
    if json:
        show_json(plan_json(done))
    else:
        show_line(f"attune {program.name} {version.name} is installed and runs")
    present = executor_version()
    if program.name == "agent" and present is not None and present != version:
        note(
            f"the executor goes on as {present.name}, with what it runs; `attune agent install --executor idle` replaces it once it is idle"
        )


def _taken_back(program: Program, host: Host, failed: InstallationStepFailed, tell: Callable[[Step], None]) -> AttuneError:
    """Go back to the version before, and return what is to be said of that; where there is none, the failure itself."""
    steps = way_back(program, host)
    if not steps or host.before is None:
        return failed
    journal = f"journalctl --unit {program.units[-1]} --lines 50"
    try:
        carry_out(steps, tell, token=str)
    except InstallationStepFailed as again:
        what = f"{host.version.name} failed ({failed.message}), and {host.before.name} could not be started again ({again.message})"
        return UpgradeStuck(what, hint=f"see `{journal}`, then install one of them again: what is done already stays")
    what = f"{host.version.name} did not start, and {host.before.name} runs again: {failed.message}"
    return UpgradeTakenBack(what, hint=f"see `{journal}` for why, then install again")


def uninstall(program: Program, *, purge: bool, yes: bool, now: bool, dry_run: bool, json: bool) -> None:
    """Take a program off this host, or show how; its state stays unless it is purged."""
    steps = removal(program, look(program, PROGRAMS), purge=purge, now=now)
    if dry_run:
        _show(steps, json=json)
        return
    require_root_and_systemd()
    if purge and not yes:
        what = ", ".join(str(path) for path in [*(folder.path for folder in program.folders), program.settings])
        if not sys.stdin.isatty() or not typer.confirm(f"Remove all state of the {program.name} ({what})?", err=True):
            raise NotConfirmed("nothing was removed")
    done: list[Step] = []
    carry_out(steps, _telling(done, json=json), token=str)
    if json:
        show_json(plan_json(done))
    else:
        show_line(f"attune {program.name} is uninstalled" + ("" if purge else f"; its state stays in {program.state}"))


def _show(steps: Sequence[Step], *, json: bool) -> None:
    if json:
        show_json(plan_json(steps))
        return
    for step in steps:
        for line in plan_lines(step):
            show_line(line)


def _telling(done: list[Step], *, json: bool) -> Callable[[Step], None]:
    """Return what keeps each step that was done, and shows it at once to people."""

    def tell(step: Step) -> None:
        done.append(step)
        if not json:
            show_line(step_line(step))

    return tell


def _refuse_older(program: Program, version: Path) -> None:
    if not program.link.is_symlink():
        return
    present = program.link.resolve().name
    if _numbers(present) > _numbers(version.name):
        raise OlderThanInstalled(f"{present} is installed, and this is {version.name}")


def _numbers(version: str) -> list[int]:
    """Return a version's numbers; before its release it counts as the release."""
    return [int(part) for part in re.split(r"[^0-9.]", version)[0].split(".") if part]
