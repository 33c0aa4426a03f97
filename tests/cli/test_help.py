"""What every command says of itself: one line of what it is for, examples that its own parser takes, and lines that fit the terminal."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len
from typer._click.core import Command, Context
from typer.core import TyperGroup
from typer.main import get_command

from attune_cli.main import app
from tests.cli.commands_table import every_command

ROOT = get_command(app)
EXAMPLES = [
    (words, " ".join(paragraph.removeprefix("Example: ").split()))
    for words, command in every_command()
    for paragraph in (command.help or "").split("\n\n")
    if paragraph.startswith("Example: ")
]


def said(command: Command, words: str) -> Iterator[tuple[str, str]]:
    """Yield the help of a command and of all below it, with the words that lead there."""
    with Context(command, info_name=words) as context:
        yield words, command.get_help(context)
        for name in command.list_commands(context) if isinstance(command, TyperGroup) else ():
            inner = command.get_command(context, name) if isinstance(command, TyperGroup) else None
            assert inner is not None
            yield from said(inner, f"{words} {name}")


def typed(line: str) -> Iterator[list[str]]:
    """Yield what a shell would hand to `attune` for a line, a command each."""
    line = re.sub(r'^eval "\$\((.*)\)"$', r"\1", line)
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";|&>")
    lexer.whitespace_split = True
    command: list[str] = []
    for word in [*lexer, ";"]:
        if not set(word) <= set(";|&>"):
            command.append(word)
            continue
        if "attune" in command:
            yield command[command.index("attune") + 1 :]
        command = []


def parsed(words: list[str]) -> str:
    """Let the program's own parser take a command line, run nothing, and return the command's words."""
    command: Command = ROOT
    context = command.make_context("attune", [*words])
    found = []
    while isinstance(command, TyperGroup):
        name, inner, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert inner is not None
        found.append(name or "")
        command, context = inner, inner.make_context(name, rest, parent=context)
    return " ".join(found)


def test_every_command_begins_with_one_line_of_what_it_is_for() -> None:
    for words, command in every_command():
        summary, _, more = (command.help or "").partition("\n\n")
        assert re.fullmatch(r"[A-Z][^\n]+\.", summary), words
        assert "Example: " in more, f"{words} has no example"
        assert more.count("Example") == more.count("\n\nExample: ") + more.startswith("Example: "), (
            f"{words} has examples that run together"
        )


@pytest.mark.parametrize(("words", "line"), EXAMPLES, ids=[line for _, line in EXAMPLES])
def test_examples_are_what_the_parser_takes(words: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    called = [parsed(each) for each in typed(line)]
    assert called, line
    assert words in called or line.startswith("ATTUNE_PROFILE=local "), f"the example shows {called}"


@pytest.mark.parametrize("columns", [40, 80])
def test_help_fits_the_terminal_and_loses_no_word(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "500")
    whole = dict(said(ROOT, "attune"))
    monkeypatch.setenv("COLUMNS", str(columns))
    for words, text in said(ROOT, "attune"):
        for line in text.split("\n"):
            assert cell_len(line) <= columns or len(line.split()) == 1, f"{words}: {line}"
        assert text.split() == whole[words].split(), words
        assert "..." not in text.partition("\nCommands:")[2], f"{words}: what a command is for does not fit its line"
