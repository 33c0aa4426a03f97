"""An offer: a word that a shell may put into the line, and what it is; used by everything that finds words."""

import re
from dataclasses import dataclass

#: What every shell leaves as it is. A name with anything else is not offered: what stands in an event must not become a part of a command.
_PLAIN = re.compile(r"[A-Za-z0-9_.:@%+/=,-]{1,200}", re.ASCII)


@dataclass(frozen=True)
class Offer:
    """A word; `about` is for shells that show it."""

    word: str
    about: str = ""

    @property
    def is_plain(self) -> bool:
        """Tell whether no shell reads anything into it."""
        return _PLAIN.fullmatch(self.word) is not None
