"""Progress: how far something long has come, on a terminal's stderr and nowhere else.

Called by commands that read many events or wait for something; rich is imported only when there is a terminal to draw on, and draws ten
times a second at most. Nothing of it is left afterwards.
"""

import itertools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from attune_core.safe_text import safe_text

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn

#: Columns of a bar beside which there is a name, too.
_BAR = 10


@contextmanager
def progress(what: str, total: int | None = None, *, counts: bool = False, json: bool = False) -> Iterator[Callable[[int], None]]:
    """Show a bar while the block runs, and give what advances it; without a total it only counts.

    Where the total is of something else, such as bytes, `counts` shows how often it was advanced.
    """
    if json or not _on_terminal():
        yield lambda _: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

    how_far = MofNCompleteColumn() if total is None else TaskProgressColumn()
    count = (TextColumn("{task.fields[times]}"),) if counts and total is not None else ()
    times = itertools.count(1)
    with _drawn(*count, TextColumn("{task.description}", markup=False), BarColumn(), how_far, TimeRemainingColumn()) as drawn:
        line = drawn.add_task(safe_text(what), total=total, times=0)
        yield lambda steps: drawn.update(line, advance=steps, times=next(times))


@contextmanager
def waiting(what: str, *, number: int = 1, of: int = 1, json: bool = False) -> Iterator[Callable[[str], None]]:
    """Show what is waited for and for how long while the block runs, and give what goes on to the next; a bar where there are several."""
    if json or not _on_terminal():
        yield lambda _: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.table import Column

    # Where there is no room, the name is what is broken.
    name = TextColumn("{task.description}", markup=False, table_column=Column(overflow="fold"))
    bar = (BarColumn(_BAR), MofNCompleteColumn()) if of > 1 else ()
    with _drawn(SpinnerColumn(), name, *bar, TimeElapsedColumn()) as drawn:
        line = drawn.add_task(safe_text(what), total=of, completed=number - 1)

        def go_on(following: str) -> None:
            drawn.update(line, description=safe_text(following), advance=1 if of > 1 else 0)

        yield go_on


def _on_terminal() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _drawn(*columns: "ProgressColumn") -> "Progress":
    """Return what draws them; what is said on stderr meanwhile comes above, and stdout stays what it is."""
    from rich.console import Console
    from rich.progress import Progress

    return Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False)
