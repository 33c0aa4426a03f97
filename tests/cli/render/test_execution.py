"""An execution for people: what tells more of an end that nobody wished for is named."""

import pytest

from attune_cli.render.execution import execution_fields
from attune_core.states import Outcome, Reason, State
from attune_core.wire.api import ExecutionView

SEEN = ExecutionView(
    id="0190",
    number=7,
    action="web.go",
    rule="",
    event=1,
    agent="web1",
    queue_key="null",
    epoch=0,
    sequence=1,
    revision="a" * 40,
    state=State.SETTLED,
    accepted_at="2026-01-31T12:00:00Z",
)


@pytest.mark.parametrize(
    ("reason", "detail", "started", "said"),
    [
        (Reason.ENVIRONMENT_FAILED, "ATT316: another hash", "", "attune explain ATT316; attune execution logs 7 --stream build"),
        (Reason.SECRET_MISSING, "ATT351: no such secret", "", "attune explain ATT351"),
        (Reason.EXIT_CODE, "", "2026-01-31T12:00:01Z", "attune execution logs 7 --stream both"),
        (Reason.NO_AGENT, "no agent carries the labels", "", None),
        (None, "", "2026-01-31T12:00:01Z", None),
    ],
)
def test_what_to_read_next_fits_the_reason(reason: Reason | None, detail: str, started: str, said: str | None) -> None:
    outcome = Outcome.FAILED if reason else Outcome.SUCCEEDED
    view = SEEN.model_copy(update={"outcome": outcome, "reason": reason, "detail": detail, "started_at": started})
    assert dict(execution_fields(view)).get("read on") == said
