"""Written: a file that appears whole or not at all, and that only its owner can read, because events hold what they hold.

Called by `attune event export`.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from attune_cli.errors import OutputUnwritable


@contextmanager
def written(path: Path | None) -> Iterator[BinaryIO]:
    """Give a stream into a file, or to standard output without one; the file is there when the block has ended well."""
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    part = path.with_name(f"{path.name}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as stream:
            yield stream
        part.replace(path)
    except OSError as error:
        raise OutputUnwritable(f"{path}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
