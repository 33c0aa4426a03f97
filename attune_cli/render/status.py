"""The controller's status for people: its fields, and a problem on one line; used by status, up and the demo."""

from attune_core.wire.api import ProblemView, StatusView

#: This part of a bound is worth a line.
NEARLY = 0.8


def status_fields(found: StatusView) -> list[tuple[str, str]]:
    """Return what a person wants to know, empty fields left out."""
    sync = found.sync
    refused = f"{sync.observed_revision} refused at {sync.step}: {sync.code} {sync.message}" if sync.step else ""
    fields = [
        *(("ALARM", alarm) for alarm in found.alarms),
        *(("nearly full", f"{one.name}: {one.depth} of {one.limit}") for one in found.bounds if one.depth > NEARLY * one.limit),
        ("version", found.version),
        ("repository", f"{sync.repository} ({sync.branch})"),
        ("live", f"{sync.active_revision} since {sync.activated_at[:19]}" if sync.active_revision else "nothing yet"),
        ("observed", refused or sync.observed_revision),
        ("agents", f"{found.agents_connected} of {found.agents_enrolled} connected"),
        ("events", f"{found.events_waiting} waiting to be planned"),
        ("dead letters", f"{found.dead_letters}; see: attune event dead-letter list" if found.dead_letters else ""),
        ("executions", f"{found.executions_unsettled} not settled"),
    ]
    return [(name, value) for name, value in fields if value]


def problem_line(problem: ProblemView) -> str:
    """Return a problem on one line, as compilers print them."""
    place = f"{problem.path}:{problem.line}:{problem.column}" if problem.line else problem.path
    return f"{place}: {problem.severity} {problem.code}: {problem.message}" + (f" ({problem.hint})" if problem.hint else "")
