"""Drafting: the executions that one event causes under one catalog, before they have agents; pure.

Called by `planning`; a rule that matches but whose input does not fit becomes a visible rejection, a condition that fails a note.
"""

from dataclasses import dataclass

from attune_controller.requests import REQUESTED, RequestRefused, read_request
from attune_controller.store.records import Event
from attune_core.catalog.catalog import Action, Catalog, Rule
from attune_core.ports import rfc3339
from attune_core.rules.filling import Filled, InputInvalid, complete_input, fill, queue_key
from attune_core.rules.matching import Occurrence, match
from attune_core.states import Reason

#: An event caused by an execution caused by an event …: a chain longer than this is a loop.
HOP_LIMIT = 16


@dataclass(frozen=True, kw_only=True)
class Draft:
    """One execution before it has an agent."""

    rule: str
    action: Action
    filled: Filled
    pick: str
    rejected: Reason | None = None
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Drafted:
    """All that one event causes, before placement."""

    drafts: tuple[Draft, ...] = ()
    notes: tuple[str, ...] = ()
    dead_reason: str = ""


def draft(event: Event, catalog: Catalog) -> Drafted:
    """Return what an event causes under a catalog; pure."""
    if event.new.hops > HOP_LIMIT:
        return Drafted(dead_reason=f"more than {HOP_LIMIT} events caused one another: a loop of rules")
    if event.new.type == REQUESTED:
        return _draft_request(event, catalog)
    new = event.new
    activation = Occurrence(
        id=new.id, source=new.source, type=new.type, subject=new.subject, time=rfc3339(new.time), data=new.data
    ).activation()
    drafts: list[Draft] = []
    notes: list[str] = []
    for rule in catalog.rules_by_trigger.get(new.type, ()):
        verdict = match(rule, activation)
        if verdict.error:
            notes.append(verdict.error)
        if verdict.matches:
            action = catalog.actions[rule.action]
            try:
                drafts.append(Draft(rule=rule.ref, action=action, filled=fill(rule, action, activation), pick=rule.pick))
            except InputInvalid as error:
                drafts.append(_rejected(rule, action, error))
    return Drafted(drafts=tuple(drafts), notes=tuple(notes))


def _rejected(rule: Rule, action: Action, error: InputInvalid) -> Draft:
    empty = Filled(input={}, secrets={}, match={}, key="null")
    return Draft(
        rule=rule.ref, action=action, filled=empty, pick="any", rejected=Reason.INPUT_INVALID, detail=f"{rule.path}: {error.message}"
    )


def _draft_request(event: Event, catalog: Catalog) -> Drafted:
    try:
        request = read_request(event.new.data)
        action = request.action_in(catalog)
        request.check_secrets(action)
        complete = complete_input(action, request.input)
        key = queue_key(action, complete)
    except (RequestRefused, InputInvalid) as error:
        return Drafted(dead_reason=error.message)
    filled = Filled(input=complete, secrets=request.secrets, match=request.match, key=key)
    return Drafted(drafts=(Draft(rule="", action=action, filled=filled, pick=request.pick),))
