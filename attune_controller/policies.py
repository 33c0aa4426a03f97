"""Policies: the part of an action that follows the active revision, as the wire carries it; pure.

Used by dispatch for every assignment and when a revision goes live, and by greeting for the queues an agent already holds.
"""

import math
from collections.abc import Iterable

from attune_controller.store.records.queues import Terms
from attune_core.catalog.catalog import Action, Catalog
from attune_core.models.action import ActionDocument
from attune_core.states import Outcome
from attune_core.wire.assignment import Policy, Rate, Retry

_SILENT = Policy()


def policy_of(action: Action) -> Policy:
    """Return one action's policy."""
    document = action.document
    retry = document.retry
    return Policy(
        limit=document.concurrency.limit,
        # Of a queue of the fleet an agent knows only its own part: who is to make room is said by the controller.
        when_busy="queue" if document.concurrency.scope == "fleet" else document.concurrency.when_busy,
        rate=_rate_of(document, "agent"),
        start_within=document.start_within,
        timeout=document.timeout,
        retry=Retry(
            maximum_attempts=retry.maximum_attempts,
            after=tuple(Outcome(outcome) for outcome in retry.after),
            initial_interval=retry.initial_interval,
            backoff_coefficient=retry.backoff_coefficient,
            maximum_interval=retry.maximum_interval,
            place=retry.place,
        ),
    )


def terms_of(action: Action) -> Terms:
    """Return what the controller itself minds of an action's policy, when it hands over."""
    return Terms(limit=action.document.concurrency.limit, rate=_rate_of(action.document, "fleet"))


def _rate_of(document: ActionDocument, scope: str) -> Rate | None:
    """Return the rate if it is counted there: by each agent for itself, or at the controller for the fleet."""
    rate = document.rate
    if rate is None or (rate.scope or document.concurrency.scope) != scope:
        return None
    return Rate(limit=rate.limit, per=rate.per)


def active_policy(catalog: Catalog | None, action: str) -> Policy:
    """Return the policy of an action, that of one that says nothing when the catalog does not have it."""
    found = catalog.actions.get(action) if catalog else None
    return policy_of(found) if found else _SILENT


def longest_back_off(catalog: Catalog | None) -> float:
    """Return the longest wait between two attempts that any action has, seconds; without a catalog nobody knows: infinite."""
    return max((action.document.retry.maximum_interval for action in catalog.actions.values()), default=0.0) if catalog else math.inf


def policies_of(catalog: Catalog | None, actions: Iterable[str]) -> dict[str, Policy]:
    """Return the policies of those of the actions that the catalog has."""
    return {ref: policy_of(catalog.actions[ref]) for ref in sorted(actions) if ref in catalog.actions} if catalog else {}
