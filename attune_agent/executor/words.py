"""Starts that were asked for with `await_word`: recorded and prepared, they begin when whoever asked says so, or not at all.

`starting` enters each, `answering` passes on the words, and `executor` says whose connection is gone: what waits for its word is dropped.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from attune_agent.executor.ledger import Key

Word = Literal["begin", "drop"]


@dataclass(slots=True)
class Awaiting:
    """One such start, and what either word does."""

    #: Whose word it waits for: a connection.
    asker: object
    begin: Callable[[], None]
    drop: Callable[[], None]
    #: Whether its record is on the disk; a word that comes before is obeyed then.
    recorded: bool = False
    said: Word | None = None


class Words:
    """Every start that waits for its word."""

    def __init__(self) -> None:
        self._awaiting: dict[Key, Awaiting] = {}

    def enter(self, key: Key, awaiting: Awaiting) -> None:
        """Take in a start that is about to be recorded."""
        self._awaiting[key] = awaiting

    def __contains__(self, key: Key) -> bool:
        """Tell whether a start waits: nothing of it has begun."""
        return key in self._awaiting

    def recorded(self, key: Key) -> None:
        """Hear that a start is on the disk."""
        awaiting = self._awaiting[key]
        awaiting.recorded = True
        self._obey(key, awaiting)

    def failed(self, key: Key) -> None:
        """Hear that a start could not be recorded."""
        self._awaiting.pop(key, None)

    def say(self, key: Key, word: Word, asker: object) -> None:
        """Hear a word; one that nothing waits for, or that somebody else says, means nothing."""
        awaiting = self._awaiting.get(key)
        if awaiting is not None and awaiting.asker is asker:
            awaiting.said = word
            self._obey(key, awaiting)

    def give_up(self, asker: object = None) -> None:
        """Drop what waits for somebody who is gone; None: for anybody."""
        for key, awaiting in list(self._awaiting.items()):
            if asker is None or awaiting.asker is asker:
                awaiting.said = "drop"
                self._obey(key, awaiting)

    def _obey(self, key: Key, awaiting: Awaiting) -> None:
        if awaiting.recorded and awaiting.said is not None:
            del self._awaiting[key]
            (awaiting.begin if awaiting.said == "begin" else awaiting.drop)()
