"""Suspects: which event was being planned when the controller died, so that one that kills it every time is set aside and the rest goes on.

Asked by `planning` at its first batch after a start, before each event while there is a suspicion, and before the first one that is planned
although it is not stored: after a life that did so and was cut off, events are stored first for a while. Otherwise nothing is written.
"""

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import structlog

from attune_controller.identity.private_file import write_private

#: So many starts find the same event the oldest: events are planned one by one. So many deaths over one alone: it is set aside.
CAREFUL, SET_ASIDE = 2, 2
#: Seconds for which every event is stored before it is planned, after a life that was cut off: senders send again what had no answer.
CAREFUL_FOR = 3600.0


@dataclass(frozen=True, kw_only=True)
class Noted:
    """What is remembered: the oldest event that the last starts found, and the last one that was planned alone."""

    oldest: int = 0
    starts: int = 0
    alone: int = 0
    tries: int = 0
    #: 1 in a life that plans events before they are stored, until it ends in order: an event that ends it would leave no trace.
    ahead: int = 0


class Suspects:
    """The memory of it, in a file; without one, such as in a simulation without crashes of planning, nobody is suspected."""

    def __init__(self, place: Path | None = None) -> None:
        """Take the file and read what an earlier life has noted."""
        self._place = place
        self._noted = _read(place)
        #: Whether the last life may have been ended by an event that was not stored.
        self._cut_off = self._noted.ahead > 0

    def of_groups(self) -> "Suspects":
        """Return another memory beside this one, of groups of events by the event that they stand for."""
        return Suspects(self._place.with_name(f"{self._place.stem}-groups{self._place.suffix}") if self._place is not None else None)

    def begin(self, oldest: int) -> bool:
        """Note a start that finds this event the oldest unplanned one; tell whether events are to be planned one by one."""
        same = oldest == self._noted.oldest
        self._note(replace(self._noted, oldest=oldest, starts=self._noted.starts + 1 if same else 1))
        return self._noted.starts >= CAREFUL or oldest == self._noted.alone

    def convict(self, position: int) -> bool:
        """Note that an event is about to be planned alone; tell whether it is to be set aside instead."""
        tries = self._noted.tries + 1 if position == self._noted.alone else 1
        self._note(replace(self._noted, alone=position, tries=tries))
        return tries > SET_ASIDE

    def may_plan_ahead(self, up: float) -> bool:
        """Tell whether an event may be planned before it is stored, in a life of so many seconds, and note that it is."""
        if self._cut_off and up < CAREFUL_FOR:
            return False
        if not self._noted.ahead:
            self._note(replace(self._noted, ahead=1))
        return True

    def end_in_order(self) -> None:
        """Note that this life was not ended by an event."""
        if self._noted.ahead:
            self._note(replace(self._noted, ahead=0))

    def _note(self, noted: Noted) -> None:
        self._noted = noted
        if self._place is None:
            return
        try:
            write_private(self._place, json.dumps(asdict(noted)).encode())
        except OSError as error:  # a full disk: the store refuses, too, and nothing is planned until there is space
            structlog.get_logger("planning").warning("suspects_not_noted", reason=os.strerror(error.errno or 0))


def _read(place: Path | None) -> Noted:
    """Return what was noted; what cannot be read suspects nobody."""
    try:
        found = json.loads(place.read_bytes()) if place is not None else {}
        return Noted(**{name: int(found.get(name, 0)) for name in asdict(Noted())})
    except (OSError, ValueError, AttributeError, TypeError):
        return Noted()
