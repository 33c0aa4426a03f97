"""Drafting: what one event causes under one catalog, before there are agents; pure.

Called by `planning` for each event of a batch, and again with what the store remembers of throttles; by intake and reports for what nobody
listens to. A firing whose input does not fit becomes a visible rejection; a failed condition and a throttled firing are notes on the event.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from attune_controller.store.records.events import Event, NewEvent
from attune_core.catalog.catalog import Catalog
from attune_core.dead_letters import HOP_LIMIT, DeadLetter, DeadReason
from attune_core.ports import rfc3339
from attune_core.rules.candidates import is_heard
from attune_core.rules.filling import InputInvalid
from attune_core.rules.firing import (
    Asks,
    Failed,
    Fired,
    Firing,
    Rejected,
    Throttled,
    Unheld,
    Waits,
    admitted,
    fire,
    fire_request,
    received,
    throttled,
)
from attune_core.rules.gathering import GROUPS, Ask, Gathering
from attune_core.rules.groups import Ended, Group
from attune_core.rules.matching import Occurrence
from attune_core.rules.requests import REQUESTED, RequestRefused
from attune_core.rules.throttling import Throttles, ThrottleWindow

#: The event that tells of a dead letter.
DEAD_LETTER = "core.dead_letter"
#: One request for executions before it has agents.
Draft: TypeAlias = Fired | Rejected


@dataclass(frozen=True, kw_only=True)
class Drafted:
    """All that one event causes, before placement."""

    firings: Sequence[Firing] = ()
    dead: DeadLetter | None = None

    @property
    def drafts(self) -> Sequence[Draft]:
        """What becomes executions, in the order of the rules."""
        return [one for one in self.firings if isinstance(one, (Fired, Rejected))]

    @property
    def failed(self) -> Sequence[Failed]:
        """The rules whose condition could not be evaluated."""
        return [one for one in self.firings if isinstance(one, Failed)]

    @property
    def notes(self) -> Sequence[str]:
        """What is said on the event of rules that matched, or could not be evaluated, and give nothing, or not yet."""
        return [note for one in self.firings if (note := _note(one))]

    @property
    def windows(self) -> Sequence[ThrottleWindow]:
        """The throttles of what fires: still to be asked, or those that admitted it."""
        return [one.throttle for one in self.firings if isinstance(one, Fired) and one.throttle is not None]

    @property
    def asks(self) -> Sequence[Ask]:
        """What is still to be asked of groups of waiting events."""
        return [one.ask for one in self.firings if isinstance(one, Asks)]

    @property
    def groups(self) -> Sequence[Group]:
        """The groups that the event waits in."""
        return [one.group for one in self.firings if isinstance(one, Waits)]

    def asked(self, throttles: Throttles, gathering: Gathering, event: Event) -> tuple["Drafted", Sequence[Ended]]:
        """Return what is left when the throttles have been asked, at the time when the event was received, and the groups it ended."""
        if not any(isinstance(one, Asks) for one in self.firings):
            return replace(self, firings=admitted(self.firings, throttles, event.new.received_at)) if self.windows else self, ()
        as_received = received(self.firings, event.position, event.new.received_at, occurrence(event.new))
        firings, ended = throttled(self.firings, throttles, gathering, as_received)
        return replace(self, firings=firings), ended


#: What an event causes that no rule listens to.
_NOTHING = Drafted()


def is_cut(new: NewEvent) -> bool:
    """Tell whether the chain of causes ends here; that it was cut is told one hop beyond."""
    return new.hops > HOP_LIMIT + (new.type == DEAD_LETTER)


def unheard(new: NewEvent, catalog: Catalog | None) -> str:
    """Return the revision under which an event is sure to cause nothing, because no rule is on its type; empty when it must be planned."""
    if catalog is None or is_cut(new) or new.type == REQUESTED or is_heard(catalog, new.type, new.data):
        return ""
    return catalog.revision or ""


def draft(event: Event, catalog: Catalog) -> Drafted:
    """Return what an event causes under a catalog, before throttles are asked; pure."""
    new = event.new
    if is_cut(new):
        detail = f"more than {HOP_LIMIT} events caused one another: a loop of rules"
        return Drafted(dead=DeadLetter(reason=DeadReason.HOP_LIMIT, detail=detail))
    if new.type == REQUESTED:
        try:
            return Drafted(firings=[fire_request(new.data, catalog)])
        except (RequestRefused, InputInvalid) as error:
            return Drafted(dead=DeadLetter(reason=DeadReason.NOT_RUNNABLE, detail=error.message))
    if not is_heard(catalog, new.type, new.data):
        return _NOTHING
    return Drafted(firings=fire(new.type, occurrence(new).activation(), catalog))


def occurrence(new: NewEvent) -> Occurrence:
    """Return an event as expressions see it."""
    return Occurrence(id=new.id, source=new.source, type=new.type, subject=new.subject, time=rfc3339(new.time), data=new.data)


def _note(one: Firing) -> str:
    match one:
        case Failed(error=error):
            return error
        case Throttled(rule=rule, until=until):
            return f"{rule}: throttled until {rfc3339(until)}"
        case Waits(rule=rule, group=group, full=True):
            return f"{rule}: fires for {group.count} of its key together"
        case Waits(rule=rule, group=group):
            return f"{rule}: waits until {rfc3339(group.due)}, {group.count} of its key by now"
        case Unheld(rule=rule):
            return f"{rule}: not waited for, because {GROUPS} of its keys wait already"
        case _:
            return ""
