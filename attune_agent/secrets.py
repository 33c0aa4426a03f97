"""The agent's secrets: one 0600 file each, read anew for every attempt into memory and written nowhere.

The preparation of an attempt calls `Secrets.text` with the names that the assignment carries.
"""

import os
import stat
from pathlib import Path

from attune_agent.preparation_errors import SecretMissing, SecretRefused
from attune_agent.regular_file import read_regular
from attune_core.names import is_name

#: Bytes of one secret.
LIMIT = 64 << 10


class Secrets:
    """The files of one folder; the only provider of this version."""

    def __init__(self, folder: Path) -> None:
        """Take the folder, 0700 and the agent's own."""
        self._folder = folder

    def read(self, name: str) -> bytes:
        """Return a secret's bytes without one trailing newline. `SecretMissing`; `SecretRefused` when others could have read it."""
        if not is_name(name):
            raise SecretMissing("a secret was asked for by something that is no name")
        try:
            content = read_regular(self._folder / name, LIMIT, judge=lambda found: _refuse_exposed(name, found))
        except FileNotFoundError as error:
            raise SecretMissing(f"there is no secret {name} on this agent") from error
        except OSError as error:  # a symbolic link, too: what it leads to may be anybody's
            raise SecretRefused(f"the file of secret {name} cannot be used: {error.strerror}") from error
        if len(content) > LIMIT:
            raise SecretRefused(f"the file of secret {name} has more than {LIMIT >> 10} KiB")
        return content.removesuffix(b"\n")

    def text(self, name: str) -> str:
        """Return a secret as the text that goes into an Input; as `read`, and UTF-8 without NUL is needed."""
        content = self.read(name)
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text:
            raise SecretRefused(f"the file of secret {name} is no text in UTF-8") from None  # the cause would show its bytes
        return text


def _refuse_exposed(name: str, found: os.stat_result) -> None:
    if found.st_mode & 0o077:
        raise SecretRefused(f"the file of secret {name} has mode {stat.S_IMODE(found.st_mode):04o}, so that others can read or change it")
    if found.st_uid not in (0, os.geteuid()):
        raise SecretRefused(f"the file of secret {name} belongs to another user")
