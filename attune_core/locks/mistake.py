"""Mistake: one thing that a lock file, or the manifest beside it, leaves open, and where it stands.

Made by the modules of each form of lock file; the catalog turns every one into a Problem, an agent refuses to build at the first.
"""

from dataclasses import dataclass
from typing import Self

#: As large as an agent reads; the package-lock.json of a large tree has about 1 MiB.
SIZE = 8 << 20
#: More mistakes of one file than this say nothing new.
MOST = 20


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """`line` counts from 1; `stretch` holds offsets in characters, the end exclusive; both are None when it is about the whole file."""

    message: str
    line: int | None = None
    stretch: tuple[int, int] | None = None

    @classmethod
    def at(cls, text: str, stretch: tuple[int, int], message: str) -> Self:
        """Return one that stands at a stretch of the file's text."""
        return cls(message=message, line=text.count("\n", 0, stretch[0]) + 1, stretch=stretch)

    def within(self, name: str) -> str:
        """Return the message behind the file's name, and the line where there is one."""
        return f"{name}: {self.message}" if self.line is None else f"{name}:{self.line}: {self.message}"
