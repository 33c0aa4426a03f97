"""Written: a file that appears or changes whole or not at all.

Called by `attune event export`, whose files only their owner can read, because events hold what they hold, and by
`attune test --update` and `attune schema write` for files of a repository, which may be somebody else's.
"""

import os
import secrets
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
    try:
        if path.exists() and not path.is_file():  # a pipe or device takes what comes, and is not to be replaced by a file
            with path.open("wb") as stream:
                yield stream
        else:
            with _replacing(path.resolve(), 0o600) as stream:
                yield stream
    except OSError as error:
        raise OutputUnwritable(f"{path}: {error.strerror}") from error


def rewrite(path: Path, content: bytes) -> None:
    """Give a file this content; it keeps its mode if it is there, and a link is replaced, not followed; `OutputUnwritable`."""
    try:
        mode = path.stat().st_mode & 0o777 if path.is_file() and not path.is_symlink() else 0o644
        with _replacing(path, mode) as stream:
            stream.write(content)
    except OSError as error:
        raise OutputUnwritable(f"{path}: {error.strerror}") from error


@contextmanager
def _replacing(path: Path, mode: int) -> Iterator[BinaryIO]:
    """Give a stream into a new file beside the path, whose name nobody can foresee, and put it there at the end."""
    part = path.with_name(f".{path.name[:200]}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as stream:
            os.fchmod(stream.fileno(), mode)
            yield stream
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
