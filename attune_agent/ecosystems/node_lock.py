"""Refusing an npm lock file, or the manifest beside it, that leaves something open, before anything is installed from it.

Called by `node`; what must be in them is judged in `attune_core.locks.package_lock`, the same for `attune validate`.
"""

from attune_agent.preparation_errors import LockRefused
from attune_core.locks.package_lock import LOCK, MANIFEST, manifest_mistakes, package_lock_mistakes


def check_package_lock(manifest: bytes, lock: bytes) -> None:
    """Refuse the first mistake of either, with its line: `LockRefused`."""
    for mistake in manifest_mistakes(manifest):
        raise LockRefused(mistake.within(MANIFEST))
    for mistake in package_lock_mistakes(lock):
        raise LockRefused(mistake.within(LOCK))
