"""`attune completion`: the script that makes a shell complete commands, options and live names."""

from enum import StrEnum
from typing import Annotated

import typer

from attune_cli.commands.options import command
from attune_cli.completion.scripts import SCRIPTS

app = command()


class Shell(StrEnum):
    """Whose script there is."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


@app.command()
def completion(shell: Annotated[Shell, typer.Argument(help="The shell that you use.")]) -> None:
    """Print the script that lets your shell complete commands, options, and names of what there is.

    Names come from the pack repository that you are in and from the controller; without one, nothing is offered and nothing is said.

    Example: eval "$(attune completion bash)"

    Example: attune completion fish > ~/.config/fish/completions/attune.fish
    """
    typer.echo(SCRIPTS[shell.value], nl=False)
