"""Progress: how far something long has come, on a terminal's stderr and nowhere else.

Called by commands that read many events; rich is imported only when there is a terminal to draw on.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show a bar while the block runs, and give what advances it; without a total it only counts."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    how_far = MofNCompleteColumn() if total is None else TaskProgressColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), how_far, TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as drawn:
        line = drawn.add_task(what, total=total)
        yield lambda steps: drawn.advance(line, steps)
