"""What is said of an execution that has no agent yet: who would have to carry which label, or is cordoned; pure.

Asked by `execution`.
"""

from collections.abc import Mapping
from shlex import quote

from attune_core.explanations.remedies import cancel, uncordon
from attune_core.explanations.wording import clipped, left
from attune_core.states import State
from attune_core.wire.explanations import Answer, Cause, ExecutionFacts, Misfit, PlacementView, Remedy

#: Agents that are named in one sentence.
_NAMED = 3


def unplaced(facts: ExecutionFacts) -> Answer | None:
    """Say why no agent was found, and until when it is looked for."""
    one, placement = facts.execution, facts.placement
    if one.state is not State.ACCEPTED or placement is None:
        return None
    due = f" It is rejected {left(placement.until, facts.now)} if none appears." if placement.until else ""
    if placement.holder:
        text = f"Execution {one.number} waits for earlier work of its key on {placement.holder}, which is cordoned.{due}"
        return Answer(cause=Cause.CORDONED, text=text, remedies=(uncordon(placement.holder), cancel(one.number)))
    if placement.cordoned:
        text = f"Execution {one.number} has no agent: every one that matches is cordoned: {_list(placement.cordoned)}.{due}"
        return Answer(cause=Cause.CORDONED, text=text, remedies=(uncordon(placement.cordoned[0]), cancel(one.number)))
    text = f"Execution {one.number} has no agent: none is enrolled{_wanted(placement)}{_misfits(placement)}.{due}"
    see = Remedy(text="see which agents there are, and their labels", command="attune agent list")
    join = Remedy(text="let a host with these labels join", command=f"attune agent invite NAME{_labels(placement)}")
    return Answer(cause=Cause.NO_AGENT, text=text, remedies=(see, join, cancel(one.number)))


def misfit(agent: str, labels: Mapping[str, str], match: Mapping[str, str]) -> Misfit | None:
    """Return the first label, by name, that keeps an agent from being chosen; `name` is the agent's own name."""
    for label, wanted in sorted(match.items()):
        found = agent if label == "name" else labels.get(label, "")
        if found != wanted:
            return Misfit(agent=agent, label=label, wanted=wanted, found=found)
    return None


def misfit_text(misfit: Misfit) -> str:
    """Return what is wrong with an agent."""
    has = f"has {misfit.label}={clipped(misfit.found, 60)}" if misfit.found else f"has no {misfit.label}"
    return f"{misfit.agent} {has}"


def _wanted(placement: PlacementView) -> str:
    return (
        f" with {', '.join(f'{label}={clipped(value, 60)}' for label, value in sorted(placement.match.items()))}" if placement.match else ""
    )


def _misfits(placement: PlacementView) -> str:
    if not placement.misfits:
        return ""
    named = [misfit_text(one) for one in placement.misfits[:_NAMED]]
    rest = len(placement.misfits) - len(named) + placement.more
    return f" ({'; '.join(named)}{f'; {rest} more' if rest else ''})"


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _labels(placement: PlacementView) -> str:
    labels = [f" --label {quote(f'{label}={value}')}" for label, value in sorted(placement.match.items()) if label != "name"]
    return "".join(labels) if all(len(one) < 100 for one in labels) else ""
