"""What a program loads for all of its life: made without looking for garbage in it, and never looked through again.

Used by the programs that run long, around the import of what they are made of: collecting takes a sixth of that time, and each full
collection afterwards would go through all of it in vain.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def lasting() -> Iterator[None]:
    """Let what is made meanwhile stay."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
