"""The disposable reader: `python -I -m attune_controller.reconcile.check_child MIRROR COMMIT MEMORY SECONDS` prints a revision's problems.

Started by `examine` for every new commit, with limits on memory and processor time that it sets on itself before it reads a byte. A
file that makes a parser crash, loop or grow ends this process, not the controller (reliability.md §2.5).
"""

import json
import resource
import sys
from pathlib import Path

#: Problems printed; the status keeps fewer.
LIMIT = 1000


def main(mirror: str, commit: str, memory: str, seconds: str) -> int:
    """Print `{"problems": [...]}` with problems as api.ProblemView, errors first; return the exit code."""
    resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Only now: what is imported here is part of what the limits are for.
    from attune_controller.reconcile.problem_view import view_of, worst_first
    from attune_controller.reconcile.read_revision import read_revision
    from attune_core.errors import AttuneError

    try:
        loaded = read_revision(Path(mirror), commit)
    except AttuneError as error:
        sys.stdout.write(json.dumps({"failed": str(error)}))
        return 0
    views = worst_first(view_of(problem) for problem in loaded.problems)
    sys.stdout.write(json.dumps({"problems": [view.model_dump(mode="json") for view in views[:LIMIT]]}))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
