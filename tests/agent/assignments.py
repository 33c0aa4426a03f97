"""Assignments for tests of the agent, with as little said as each test needs."""

from collections.abc import Mapping

from pydantic import JsonValue

from attune_core.wire.assignment import Assign, Policy, QueueName

DIGEST = "d" * 64


def assignment(
    execution: str,
    sequence: int,
    *,
    after: int | None = None,
    epoch: int = 0,
    key: str = "null",
    action: str = "web.restart",
    text: str = "",
    values: Mapping[str, JsonValue] | None = None,
    secrets: Mapping[str, str] | None = None,
    policy: Policy | None = None,
    digest: str = DIGEST,
    attempt: int = 1,
    age: float = 0.0,
    rate_key: str = "",
) -> Assign:
    """Return an assignment; `after` is the sequence before unless it is given."""
    return Assign(
        execution=execution,
        number=sequence,
        queue=QueueName(place="web1", action=action, key=key),
        epoch=epoch,
        sequence=sequence,
        after=sequence - 1 if after is None else after,
        action=action,
        pack=action.partition(".")[0],
        digest=digest,
        revision="r" * 40,
        input={"text": text, **(values or {})},
        secrets=dict(secrets or {}),
        policy=policy or Policy(),
        attempt=attempt,
        age=age,
        rate_key=rate_key,
    )
