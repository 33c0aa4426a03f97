"""The root of the one error tree; every program turns an AttuneError into a message, a remedy and an exit code at one boundary.

    AttuneError
    ├── JsonRefused            ATT400   attune_core.values
    └── … each package declares its own below this root; docs/errors.md lists all of them

Codes: ATT1xx reading a repository, 2xx expressions and types, 3xx environments and attempts, 4xx events, hooks and API,
5xx identity and wire, 6xx controller, store and sync, 7xx command line, 9xx defects.
"""

from enum import StrEnum
from typing import ClassVar


class Blame(StrEnum):
    """Who has to act, which decides retry and exit code."""

    AUTHOR = "author"  # whoever wrote the document, command or request
    HOST = "host"  # whoever runs this machine
    PASSING = "passing"  # nobody: trying again may succeed
    DEFECT = "defect"  # us


class AttuneError(Exception):
    """Something Attune can explain. The subclass's docstring is the cause, `remedy` says what to do."""

    code: ClassVar[str] = "ATT900"
    blame: ClassVar[Blame] = Blame.DEFECT
    remedy: ClassVar[str] = "this is a defect of Attune; please report it with the message"

    def __init__(self, message: str = "", *, hint: str | None = None) -> None:
        """Keep the message for people and, when it differs from the class's, the remedy that fits this very case."""
        self.message = message or (type(self).__doc__ or "").strip().splitlines()[0]
        self.hint = hint or type(self).remedy
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"
