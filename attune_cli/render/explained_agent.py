"""The facts of an agent as rows of names and values; part of `explanation`."""

from collections.abc import Iterator

from attune_cli.render.explained_execution import agent_row, holder_row
from attune_cli.render.queue import pause_line
from attune_core.explanations.unplaced import misfit_text
from attune_core.explanations.wording import left, short_moment
from attune_core.wire.explanations import AgentFacts, QueueView, RuleFit


def agent_rows(facts: AgentFacts) -> list[tuple[str, str]]:
    """Return them in the order in which one asks."""
    agent = facts.agent
    more = [("", f"… and {facts.more_queues} more queues")] if facts.more_queues else []
    other = "" if agent.version == facts.controller_version else f" (the controller: {facts.controller_version})"
    return [
        ("agent", agent_row(agent, facts.now)),
        ("labels", ", ".join(f"{name}={value}" for name, value in sorted(agent.labels.items())) or "none"),
        ("work", f"{agent.in_hand} in hand, {agent.waiting} not handed over"),
        ("slots", "\n".join(holder_row(one, facts.now) for one in facts.under_way)),
        *[("queue" if number == 0 else "", "\n".join(_queue(one, facts.now))) for number, one in enumerate(facts.queues)],
        *more,
        ("rules", "\n".join(_rules(facts))),
        ("version", f"{agent.version or 'unknown'}{other}"),
        ("certificate", f"until {short_moment(agent.certificate_expires_at)}" if agent.certificate_expires_at else ""),
    ]


def _queue(queue: QueueView, now: str) -> Iterator[str]:
    key = f", key {queue.key}" if queue.key != "null" else ""
    yield f"{queue.action}{key}: {queue.depth} in hand"
    for pause in queue.pauses:
        yield f"  {pause_line(pause)}"
    head = f"execution {queue.before[0].number}" if queue.before else "the next one"
    if queue.waiting_for:
        until = f", {left(queue.until, now)}" if queue.until else ""
        yield f"  {head} waits: {queue.waiting_for}{until}"


def _rules(facts: AgentFacts) -> Iterator[str]:
    yield f"{facts.fitting} can be placed on it, {facts.depending} depend on the event"
    for one in facts.rules:
        yield f"  {_fit(one)}"
    if facts.more_rules:
        yield f"  … and {facts.more_rules} more"


def _fit(fit: RuleFit) -> str:
    if fit.misfit:
        return f"{fit.rule}: no, it wants {fit.misfit.label}={fit.misfit.wanted}; {misfit_text(fit.misfit)}"
    return f"{fit.rule}: {'yes' if fit.fits == 'yes' else 'depends on the event'}"
