"""An action's policy as people read it, and what another revision says otherwise; pure.

Used by `executions`: limit, rate, retry and timeouts follow the active revision, the rest the accepted one.
"""

from collections.abc import Iterator

from attune_core.catalog.catalog import Action
from attune_core.models.action import ActionDocument
from attune_core.quantities import show_duration
from attune_core.states import Outcome
from attune_core.wire.explanations import PolicyChange, PolicyView, RateView

_DURATIONS = ("start_within", "timeout", "initial_interval", "maximum_interval")


def policy_view(action: Action) -> PolicyView:
    """Return the policy of an action."""
    document = action.document
    concurrency, retry = document.concurrency, document.retry
    return PolicyView(
        limit=concurrency.limit,
        key=concurrency.key or "",
        scope=concurrency.scope,
        when_busy=concurrency.when_busy,
        rate=_rate(document),
        start_within=document.start_within,
        timeout=document.timeout,
        maximum_attempts=retry.maximum_attempts,
        retry_after=tuple(Outcome(outcome) for outcome in retry.after),
        retry_place=retry.place,
        initial_interval=retry.initial_interval,
        backoff_coefficient=retry.backoff_coefficient,
        maximum_interval=retry.maximum_interval,
    )


def _rate(document: ActionDocument) -> RateView | None:
    rate, concurrency = document.rate, document.concurrency
    if rate is None:
        return None
    return RateView(limit=rate.limit, per=rate.per, key=rate.key or concurrency.key or "", scope=rate.scope or concurrency.scope)


def changes(accepted: PolicyView, active: PolicyView) -> tuple[PolicyChange, ...]:
    """Return what is not the same in both, by name."""
    before, after = dict(_texts(accepted)), dict(_texts(active))
    return tuple(PolicyChange(name=name, accepted=before[name], active=after[name]) for name in before if before[name] != after[name])


def _texts(policy: PolicyView) -> Iterator[tuple[str, str]]:
    for name in PolicyView.model_fields:
        value: object = getattr(policy, name)
        if isinstance(value, RateView):
            yield name, f"{value.limit} per {show_duration(value.per)}"
        elif isinstance(value, float) and name in _DURATIONS:
            yield name, show_duration(value)
        elif isinstance(value, tuple):
            yield name, " ".join(str(item) for item in value)
        else:
            yield name, "none" if value is None or value == "" else str(value)
