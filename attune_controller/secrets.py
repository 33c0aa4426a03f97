"""ControllerSecrets: the controller's own secrets, one 0600 file each in <state>/secrets; rules cannot name them, agents never see them.

Asked by hooks at every delivery, so that a changed file holds at once; kept nowhere.
"""

from pathlib import Path

from attune_controller.errors import SecretUnusable
from attune_controller.identity.private_file import FileExposed, read_private
from attune_core.names import is_name

#: Bytes of a secret; a longer one is a mistake.
LIMIT = 64 << 10


class ControllerSecrets:
    """A folder of secrets."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; it may be missing while there are none."""
        self._folder = folder

    def get(self, name: str) -> bytes | None:
        """Return a secret's value without one newline at its end, None when there is none; `SecretUnusable` never repeats any of it."""
        if not is_name(name):
            return None
        try:
            value = read_private(f"{self._folder}/{name}", limit=LIMIT + 1)
        except FileNotFoundError:
            return None
        except FileExposed as error:
            raise SecretUnusable(str(error)) from error
        except OSError as error:
            raise SecretUnusable(f"{self._folder / name}: {error.strerror}") from error
        if len(value) > LIMIT:
            raise SecretUnusable(f"{self._folder / name} has more than {LIMIT} bytes")
        return value.removesuffix(b"\n")
