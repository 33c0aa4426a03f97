"""`attune validate`: check a pack repository, in a folder or at a revision, as the controller will.

Calls attune_core.catalog.load and renders its Problems; the exit code is 0 without errors, 1 with, 2 for bad use, 3 for a failure.
"""

import gc
from pathlib import Path
from typing import Annotated

import typer

from attune_cli.commands.options import JsonFlag, command
from attune_cli.render.problems import show_problems, show_report
from attune_core.catalog.errors import RepositoryMissing, RepositoryUnreadable
from attune_core.catalog.folder_tree import FolderTree
from attune_core.catalog.git_tree import tree_at
from attune_core.catalog.load import load
from attune_core.catalog.tree import Tree, read
from attune_core.problems import Severity

app = command()


@app.command()
def validate(
    path: Annotated[Path, typer.Argument(help="The repository, or a place in it.")] = Path(),
    json: JsonFlag = False,
    revision: Annotated[
        str | None, typer.Option("--revision", help="Check a branch, tag or commit instead of the files as they are.")
    ] = None,
) -> None:
    """Check a pack repository.

    Example: attune validate
    """
    gc.disable()  # the process ends with this command; collecting a tree that is still in use takes a third of the time
    raise typer.Exit(validate_command(path, json=json, revision=revision))


def validate_command(path: Path, *, json: bool, revision: str | None) -> int:
    """Check and print; return 0 without errors and 1 with; `RepositoryMissing` is bad use, `RepositoryUnreadable` a failure."""
    root = repository_root(path, git=revision is not None)
    tree: Tree = FolderTree(root) if revision is None else tree_at(root, revision)
    loaded = load(tree, revision)
    if json:
        show_report(loaded.problems, files=loaded.documents, revision=revision)
    else:
        show_problems(loaded.problems, SourceLines(tree), files=loaded.documents)
    return 1 if any(problem.severity is Severity.ERROR for problem in loaded.problems) else 0


def repository_root(path: Path, *, git: bool = False) -> Path:
    """Return the repository that a path is in: the nearest folder upwards with attune.yaml, or for revisions with git's own files."""
    start = path.absolute()
    if not start.exists():
        raise RepositoryMissing(f"there is no {path}")
    for folder in (start, *start.parents):
        is_root = _is_git(folder) if git else (folder / "attune.yaml").is_file() or (folder / "attune.yml").is_file()
        if is_root:
            return folder
    raise RepositoryMissing(f"{path} is not in a {'git' if git else 'pack'} repository")


def _is_git(folder: Path) -> bool:
    return (folder / ".git").exists() or ((folder / "HEAD").is_file() and (folder / "objects").is_dir())


class SourceLines:
    """Source lines for the carets, read again only for documents with Problems."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._lines: dict[str, list[str]] = {}

    def __call__(self, path: str, number: int) -> str | None:
        """Return one line, or None where there is none to show."""
        if path not in self._lines:
            try:
                text = read(self._tree, path).decode("utf-8", "replace")
            except (RepositoryUnreadable, KeyError):
                text = ""
            self._lines[path] = [line.rstrip("\r") for line in text.split("\n")]
        lines = self._lines[path]
        return lines[number - 1] if 0 < number <= len(lines) else None
