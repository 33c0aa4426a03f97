"""`attune init`: start a pack repository from the template, in an empty folder.

Copies attune_core's shipped packs-template; what it wrote validates clean, and says what to do next.
"""

import shutil
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from attune_cli.commands.options import command
from attune_cli.editor_schemas import write_schemas
from attune_cli.errors import DirectoryInUse, OutputUnwritable
from attune_cli.render.output import show_line
from attune_core.shipped import shipped

app = command()

#: Where the template's documents look for their schemas.
SCHEMAS = ".attune/schemas"


@app.command()
def init(path: Annotated[Path, typer.Argument(help="The folder; made if it is not there.")] = Path()) -> None:
    """Start a pack repository.

    Example: attune init my-automation
    """
    raise typer.Exit(init_command(path))


def init_command(path: Path) -> int:
    """Copy the template; `DirectoryInUse` if the folder holds anything but `.git`."""
    if path.exists() and not path.is_dir():
        raise DirectoryInUse(f"{path} is a file")
    if path.is_dir() and any(item.name != ".git" for item in path.iterdir()):
        raise DirectoryInUse(f"{path} is not empty")
    template = shipped("packs-template")
    try:
        shutil.copytree(template, path, dirs_exist_ok=True)
        write_schemas(path / SCHEMAS)
    except OSError as error:
        _empty(path)
        raise OutputUnwritable(f"{path}: {error.strerror or 'cannot be written'}") from error
    except BaseException:
        _empty(path)
        raise
    for file in sorted(template.rglob("*")):
        if file.is_file():
            show_line(f"wrote {path / file.relative_to(template)}")
    show_line(f"wrote {path / SCHEMAS}: what editors check the documents with")
    show_line(f"next: attune validate {quote(str(path))}")
    return 0


def _empty(path: Path) -> None:
    """Take back what was begun: half a repository would be in the way of the next try."""
    for item in path.iterdir() if path.is_dir() else ():
        if item.is_dir() and not item.is_symlink():
            if item.name != ".git":
                shutil.rmtree(item, ignore_errors=True)
        else:
            item.unlink(missing_ok=True)
