"""`attune demo`: the main job in a temporary directory, ending by itself."""

import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from attune_cli.commands.options import command
from attune_cli.local.demo import Demo
from attune_cli.render.output import note
from attune_cli.render.story import Story

app = command()


@app.command()
def demo(keep: Annotated[bool, typer.Option("--keep", help="Leave the directory, to look around in it.")] = False) -> None:
    """Watch the main job happen on this machine: git push, signed webhook, three languages, two agents.

    Example: attune demo --keep
    """
    root = Path(tempfile.mkdtemp(prefix="attune-demo-"))
    root.chmod(0o711)  # attempts have uids of their own and must reach their packs
    story = Story()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda which, _frame: sys.exit(128 + which))  # what was started is stopped on the way out
    try:
        Demo(root=root, story=story).tell()
    except BaseException:
        note(f"the programs' logs: {root / 'system' / 'logs'}")
        keep = True
        raise
    finally:
        if keep:
            note(f"everything is in {root}")
        else:
            shutil.rmtree(root, ignore_errors=True)
    story.end("That was the whole path: nothing was simulated, nothing is left running.")
