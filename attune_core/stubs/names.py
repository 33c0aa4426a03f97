"""Names for the nested objects of a stub: from where they stand, each once.

Used by both writers.
"""

import re

_WORDS = re.compile(r"[A-Za-z0-9]+", re.ASCII)


class Names:
    """The names given so far in one stub."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def give(self, parent: str, field: str) -> str:
        """Return a new name for the object that stands at a field of another one."""
        words = _WORDS.findall(field) or ["item"]
        wanted = parent + "".join(word[0].upper() + word[1:] for word in words)
        return self.take(wanted)

    def take(self, wanted: str) -> str:
        """Return this name, or with a number behind it where it is taken."""
        name, number = wanted, 2
        while name in self._given:
            name, number = f"{wanted}{number}", number + 1
        self._given.add(name)
        return name
