"""The command line's composition root: the literal table of commands, loaded one at a time, and the one boundary for errors.

Called by `__main__`, which is the console script `attune`; each command module has an `app` (one command or a group) that goes on.
"""

import errno
import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, TextIO

import typer

# typer < 0.29 vendors click under this name; the pin in pyproject.toml keeps it there.
from typer._click.core import Command, Context
from typer._click.formatting import HelpFormatter
from typer._click.shell_completion import CompletionItem
from typer.core import TyperCommand, TyperGroup

from attune_cli.errors import OutputUnwritable
from attune_cli.render.help_text import HelpText
from attune_core.errors import AttuneError, Blame
from attune_core.lasting import lasting

#: Command -> (module with `app`, what it is for). Modules are imported only when their command is typed.
COMMANDS = {
    "init": ("attune_cli.commands.init", "Start a pack repository from the template"),
    "validate": ("attune_cli.commands.validate", "Check a pack repository"),
    "explain": ("attune_cli.commands.explain", "Say why: of an event, an execution, an agent, or a code"),
    "schema": ("attune_cli.commands.schema", "The JSON Schemas of documents, and what their keys mean"),
    "test": ("attune_cli.commands.test", "Run the tests beside the rules of a pack repository"),
    "plan": ("attune_cli.commands.plan", "Show which executions a change makes appear, vanish or change"),
    "up": ("attune_cli.commands.up", "Run controller, executor and agent for a working copy, on this machine"),
    "demo": ("attune_cli.commands.demo", "Watch the main job happen in a temporary directory"),
    "top": ("attune_cli.commands.top", "Watch what a controller is doing, on one screen"),
    "login": ("attune_cli.commands.login", "Remember a controller and a token for it"),
    "completion": ("attune_cli.commands.completion", "Let your shell complete commands, options and live names"),
    "rule": ("attune_cli.commands.rule", "Rules: those that are live, and one tried on an event"),
    "webhook": ("attune_cli.commands.webhook", "Webhooks: list them, try a payload, send one signed"),
    "trigger": ("attune_cli.commands.trigger", "Triggers: what rules can be on; a schema from events that were seen"),
    "sensor": ("attune_cli.commands.sensor", "Sensors: where each runs and how it is; run one here; start a new one"),
    "timer": ("attune_cli.commands.timer", "Timers: those that are live, and when one is due"),
    "event": ("attune_cli.commands.event", "Send events and see what became of them"),
    "execution": ("attune_cli.commands.execution", "Executions: list, show, logs, watch, tree, rerun, cancel"),
    "queue": ("attune_cli.commands.queue", "Queues: list, show, pause, resume, requeue"),
    "throttle": ("attune_cli.commands.throttle", "Throttles: the events that wait to be fired for together"),
    "action": ("attune_cli.commands.action", "Run one action, through the controller or here; start a new one"),
    "pack": ("attune_cli.commands.pack", "Packs of a working copy: their lock files"),
    "agent": ("attune_cli.commands.agent", "Join hosts, list and operate them: cordon, pause, drain"),
    "doctor": ("attune_cli.commands.doctor", "Say what is wrong with this host, and what to do about it"),
    "dashboard": ("attune_cli.commands.dashboard", "Watch a controller on a screen: what happens, waits, runs and fails"),
    "store": ("attune_cli.commands.store", "Check what the programs keep on this host's disk"),
    "verify": ("attune_cli.commands.verify", "Judge from outside whether the promises of order held"),
    "controller": ("attune_cli.commands.controller", "Run a controller, ask for its status, back it up, make tokens"),
}

#: Set by a shell that asks for words; source_bash, source_zsh and source_fish ask for what `attune completion` prints.
COMPLETING = "_ATTUNE_COMPLETE"
#: Exit codes besides 0: 1 findings or a failed execution, 2 bad use, 3 failure, 130 interrupted.
EXIT_CODES = {Blame.AUTHOR: 2, Blame.HOST: 3, Blame.PASSING: 3, Blame.DEFECT: 3}


Context.formatter_class = HelpText


class Commands(TyperGroup):
    """The table as a group: help is printed from it, a command is imported when it is called."""

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002 - the signature is the library's
        """Return the names in the table's order."""
        return list(COMMANDS)

    def get_command(self, ctx: Context, cmd_name: str) -> TyperCommand | TyperGroup | None:  # noqa: ARG002
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        with lasting():
            app = import_module(COMMANDS[cmd_name][0]).app
            command = typer.main.get_command(app)
        if not isinstance(command, TyperCommand | TyperGroup):
            raise TypeError(cmd_name)
        command.name = cmd_name
        return command

    def shell_complete(self, ctx: Context, incomplete: str) -> list[CompletionItem]:
        """Offer the table without importing anything."""
        if incomplete.startswith("-"):
            return Command.shell_complete(self, ctx, incomplete)
        return [CompletionItem(name, help=purpose) for name, (_, purpose) in COMMANDS.items() if name.startswith(incomplete)]

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        """Say which command may have been meant."""
        if args and args[0] not in COMMANDS:
            near = get_close_matches(args[0], COMMANDS)
            ctx.fail(f"no such command {args[0]!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:  # noqa: ARG002
        """Write the table without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, purpose) for name, (_, purpose) in COMMANDS.items()])


def _version(wanted: bool) -> None:
    if wanted:
        from attune_core.version import VERSION

        typer.echo(f"attune {VERSION}")
        raise typer.Exit


app = typer.Typer(cls=Commands, rich_markup_mode=None, add_completion=False, no_args_is_help=True)


@app.callback(help="Attune turns events into actions on hosts: declared in git, checked before the merge, run in order, explained.")
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)] = False,
) -> None:
    """Do nothing; the commands do."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and end the process with its exit code; no traceback reaches a person."""
    code = 0
    try:
        _call(arguments)
    except AttuneError as error:
        _say(f"attune: {error.message}", f"  what to do: {error.hint}", f"  code: {error.code}")
        code = EXIT_CODES[error.blame]
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        code = 141
    except Exception as error:
        if os.environ.get("ATTUNE_TRACEBACK"):
            raise
        cause = _first(error)
        _say(
            f"attune: a defect of Attune: {type(cause).__name__}: {cause}",
            "  what to do: please report it with what `ATTUNE_TRACEBACK=1 attune …` prints",
            "  code: ATT900",
        )
        code = 3
    sys.exit(code)


def _call(arguments: Sequence[str] | None) -> None:
    """Run one command and write all of its output; a reader that went away is a BrokenPipeError, a full disk is said."""
    stdout = _stdout()
    if asked := os.environ.get(COMPLETING):
        _complete(asked, sys.argv[1:] if arguments is None else arguments)
        return
    try:
        try:
            typer.main.get_command(app).main(args=arguments, prog_name="attune")
        finally:
            if sys.stdout is not stdout:  # how the library says that the reader went away
                sys.stdout = stdout
                raise BrokenPipeError(errno.EPIPE, "the reader went away")
            stdout.flush()
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.ENOSPC, errno.EDQUOT):
            raise
        _silence(stdout)
        if isinstance(error, BrokenPipeError):
            raise
        raise OutputUnwritable(f"cannot write: {error.strerror}", hint="make room on the disk that is written to") from error


def _silence(stream: TextIO) -> None:
    """Let what is still to be written go nowhere, so that the interpreter's last flush is silent."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _complete(asked: str, typed: Sequence[str]) -> None:
    """Print the script of a shell, or the words that it asks for."""
    if asked.startswith("source_"):
        from attune_cli.completion.scripts import SCRIPTS

        sys.stdout.write(SCRIPTS.get(asked.removeprefix("source_"), ""))
        return
    from attune_cli.completion.answering import answer

    answer(asked, typed, typer.main.get_command(app))


def _stdout() -> TextIO:
    """Return stdout, which can show every text; one that the caller has closed leads nowhere, stderr alike, and stdin is at its end."""
    if sys.__stdin__ is None:
        sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115 - until the end of the process
    if sys.__stderr__ is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the end of the process
    if sys.__stdout__ is None:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the end of the process
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that cannot show a character is no reason to fail
    return sys.stdout


def _first(error: BaseException) -> BaseException:
    """Return the first error inside a group, which itself says only that there was one."""
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


def _say(*lines: str) -> None:
    """Say it on stderr; what follows in a text goes in deeper, so that nothing in a cause can look like a remedy."""
    from attune_cli.render.wrapping import width_of, wrapped
    from attune_core.safe_text import safe_text

    try:
        width = width_of(sys.stderr)
        for text in lines:
            line, *others = safe_text(text, keep_newlines=True).replace("\t", "\\t").split("\n")
            for each in (line, *(f"    {other}" for other in others)):
                sys.stderr.write(wrapped(each, width, others="    ") + "\n")
        sys.stderr.flush()
    except OSError:  # the terminal is gone or the disk full: the exit code is all that can still be said
        _silence(sys.stderr)


if __name__ == "__main__":
    main()
