"""Token input: a credential comes from a file, a prompt or standard input, never from an argument; used by login and agent join."""

import sys
from pathlib import Path

import typer

from attune_cli.errors import BadArgument


def read_token(file: Path | None, *, prompt: str) -> str:
    """Return a token without white space around it."""
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise BadArgument(f"{file}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise BadArgument(f"{file} is no text, so there is no token in it") from error
    if sys.stdin.isatty():
        return str(typer.prompt(prompt, hide_input=True)).strip()
    return sys.stdin.readline().strip()
