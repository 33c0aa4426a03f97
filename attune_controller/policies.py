"""Policies: the part of an action that follows the active revision, as the wire carries it; pure.

Used by dispatch for every assignment and when a revision goes live, and by greeting for the queues an agent already holds.
"""

from collections.abc import Iterable

from attune_core.catalog.catalog import Action, Catalog
from attune_core.states import Outcome
from attune_core.wire.frames import Policy, Retry


def policy_of(action: Action) -> Policy:
    """Return one action's policy."""
    document = action.document
    retry = document.retry
    return Policy(
        limit=document.concurrency.limit,
        timeout=document.timeout,
        retry=Retry(
            maximum_attempts=retry.maximum_attempts,
            after=tuple(Outcome(outcome) for outcome in retry.after),
            initial_interval=retry.initial_interval,
            backoff_coefficient=retry.backoff_coefficient,
            maximum_interval=retry.maximum_interval,
        ),
    )


def policies_of(catalog: Catalog | None, actions: Iterable[str]) -> dict[str, Policy]:
    """Return the policies of those of the actions that the catalog has."""
    return {ref: policy_of(catalog.actions[ref]) for ref in sorted(actions) if ref in catalog.actions} if catalog else {}
