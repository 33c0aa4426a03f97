"""An executor of one command's own, for as long as a block lasts; what it hosts ends with it.

Called by `attune action run --local`, `attune sensor run --local` and `attune validate --environments`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attune_agent.layout import Layout
from attune_cli.local.program import Program, module
from attune_cli.local.uid_block import uid_block


@contextmanager
def executor_for(layout: Layout, root: Path, *, sensors: int = 0) -> Iterator[None]:
    """Run one over these directories, for one attempt and so many sensors; its journal and log are in `root`. `ProgramFailed`."""
    with uid_block() as uids:
        argv = [*module("attune_agent.executor.main"), "run", "--slots", "1", "--state", str(root / "executor"), "--run", str(layout.run)]
        argv += ["--logs", str(layout.logs), "--environments", str(layout.environments), "--sensors", str(sensors)]
        if uids is not None:
            argv += ["--uids", f"{uids[0]}-{uids[1 + sensors]}"]
        executor = Program("executor", argv, root / "executor.log")
        try:
            executor.wait_until(layout.socket.exists)
            yield
        finally:
            executor.stop()
