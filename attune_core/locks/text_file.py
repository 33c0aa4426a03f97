"""Reading a lock file or manifest as text, within what an agent takes; pure.

Called by the modules of each form of lock file before they look for mistakes.
"""

from attune_core.locks.mistake import SIZE, Mistake


def read_text(raw: bytes, *, size: int = SIZE) -> str | Mistake:
    """Return the file's text, or why there is none."""
    if len(raw) > size:
        return Mistake(message=f"the file has more than {size >> 20} MiB")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return Mistake(message=f"the file is not UTF-8 at byte {error.start}")
