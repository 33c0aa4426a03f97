"""Refusing a requirements file that leaves something open, before anything is installed from it.

Called by `python`; what must be in one is judged in `attune_core.locks.requirements`, the same for `attune validate`.
"""

from attune_agent.preparation_errors import LockRefused
from attune_core.locks.requirements import requirement_mistakes


def check_requirements(name: str, raw: bytes) -> None:
    """Refuse the first mistake, with its line: `LockRefused`."""
    for mistake in requirement_mistakes(raw):
        raise LockRefused(mistake.within(name))
