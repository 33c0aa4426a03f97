"""`attune up`: production in small for a working copy; every change of it is published and goes live."""

import shutil
import signal
import tempfile
import threading
from pathlib import Path
from typing import Annotated

import typer

from attune_cli.commands.options import command
from attune_cli.errors import BadArgument
from attune_cli.local.repository import Repository
from attune_cli.local.system import LocalSystem, network_settings
from attune_cli.pairs import read_pairs
from attune_cli.profiles import save_profile
from attune_cli.render.output import show_line
from attune_cli.render.progress import waiting
from attune_cli.render.status import problem_line
from attune_core.wire.api import StatusView

app = command()
#: Seconds between two looks at the working copy.
LOOK = 1.0
#: What is waited for until the system is there.
STEPS = 3


@app.command()
def up(
    path: Annotated[Path, typer.Argument(help="The pack repository's working copy.")] = Path(),
    label: Annotated[list[str] | None, typer.Option("--label", help="NAME=VALUE of the local agent, as often as needed.")] = None,
    profile: Annotated[str, typer.Option(help="The profile to write, for the other commands.")] = "local",
) -> None:
    """Run controller, executor and agent for a working copy until Ctrl-C; what you change in it goes live within seconds.

    Example: attune up --label role=web

    Example: ATTUNE_PROFILE=local attune event send web.alert
    """
    if not (path / "attune.yaml").is_file():
        raise BadArgument(f"{path} is no pack repository: it has no attune.yaml", hint="make one with `attune init`")
    labels = read_pairs(label, "--label")
    root = Path(tempfile.mkdtemp(prefix="attune-up-"))
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # a terminal that is closed ends it too
        signal.signal(number, lambda *_: stop.set())
    try:
        _run(root, path.resolve(), labels, profile, stop)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _run(root: Path, working_copy: Path, labels: dict[str, str], profile: str, stop: threading.Event) -> None:
    root.chmod(0o711)
    repository = Repository(root / "repository.git")
    with LocalSystem(root=root, repository=str(repository.place), network=network_settings()) as system:
        with waiting("the controller starts", of=STEPS) as go_on:
            commit = repository.publish(working_copy)
            system.start_controller()
            save_profile(profile, system.profile)
            go_on("the agent joins and starts")
            agent = system.add_agent("local", labels)
            go_on("the agent connects")
            system.wait_for_agents()
        show_line(f"controller {system.profile.url}, agent local, logs in {system.logs}")
        show_line(f"other commands: ATTUNE_PROFILE={profile} attune execution list; stop with Ctrl-C")
        variables = f"ATTUNE_AGENT_STATE={agent.state} ATTUNE_AGENT_RUN={agent.run} ATTUNE_AGENT_CONFIG={agent.config}"
        show_line(f"its environments: {variables} attune agent environments list")
        while not stop.is_set():
            if commit is not None:
                with waiting(f"revision {commit[:12]} is looked at"):
                    status = system.wait_for_revision(commit)
                _say_what_became(commit, status)
            stop.wait(LOOK)
            commit = repository.publish(working_copy)
            for program in system.programs():
                program.require_running()
        show_line("stopping")


def _say_what_became(commit: str, status: StatusView) -> None:
    sync = status.sync
    if sync.active_revision == commit:
        show_line(f"live: {commit[:12]}")
        return
    show_line(f"refused at {sync.step}: {sync.code} {sync.message}; still live: {sync.active_revision[:12] or 'nothing'}")
    for problem in sync.problems:
        show_line("  " + problem_line(problem))
