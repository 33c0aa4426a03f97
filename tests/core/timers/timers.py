"""Timers without a repository, for tests of what becomes of their times."""

from attune_core.catalog.catalog import Timer
from attune_core.models.timer import TimerDocument
from attune_core.problems import Span
from attune_core.timers.schedule import Schedule
from attune_core.values import canonical_json

NOWHERE = Span(line=1, column=1, end_line=1, end_column=1)


def timer(schedule: Schedule, name: str = "nightly") -> Timer:
    """Return one with a schedule of its own."""
    declared = canonical_json([schedule.every, schedule.cron.text if schedule.cron else "", [*schedule.at]])
    document = TimerDocument(description="for tests", data={"kind": name})
    return Timer(
        ref=f"web.{name}", path=f"packs/web/timers/{name}.yaml", span=NOWHERE, document=document, schedule=schedule, declared=declared
    )
