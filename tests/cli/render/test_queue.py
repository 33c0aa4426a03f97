"""Queues for people: every number has its words, and what is paused is said once."""

from attune_cli.render.queue import list_row, queue_fields, show_rows
from attune_core.wire.queues import QueueContent, QueuedExecution, QueuePause, QueueSummary

NOW = 1_800_000_000.0
MOMENT = "2027-01-15T08:00:00.000000Z"  # the same
PAUSE = QueuePause(action="web.deploy", key=None, note="freeze", by="ops", since=MOMENT)


def summary(**keys: object) -> QueueSummary:
    plain = {"place": "web1", "action": "web.deploy", "key": "null", "epoch": 0, "waiting": 1, "in_hand": 2, "running": 0, "returning": 0}
    return QueueSummary.model_validate(plain | keys)


def queued(position: int, **keys: object) -> QueuedExecution:
    plain = {"position": position, "number": position, "id": "i", "sequence": position, "state": "queued", "accepted_at": MOMENT}
    return QueuedExecution.model_validate(plain | keys)


def test_a_row_says_how_old_the_first_is_and_why_it_waits() -> None:
    row = list_row(summary(oldest_at=MOMENT, waiting_for="concurrency limit 1"), NOW + 90)
    assert row == ("web1", "web.deploy", "", "1", "2", "0", "", "1m30s", "concurrency limit 1")


def test_a_pause_that_the_agent_has_not_told_of_is_said_beside_what_it_told() -> None:
    assert list_row(summary(paused=(PAUSE,)), NOW)[-1] == "paused: freeze (by ops since 2027-01-15T08:00:00Z)"
    assert list_row(summary(paused=(PAUSE,), waiting_for="a rate"), NOW)[-1].startswith("a rate; paused: freeze")
    told = "its action is paused: freeze by ops since 2027-01-15T08:00:00Z"
    assert list_row(summary(paused=(PAUSE,), waiting_for=told), NOW)[-1] == told


def test_a_clock_that_is_behind_makes_nothing_older_than_now() -> None:
    assert list_row(summary(oldest_at=MOMENT), NOW - 500)[-2] == "0s"


def test_a_queue_of_the_fleet_and_its_key_are_named() -> None:
    content = QueueContent(queue=summary(place="*", key='"eu"', returning=2), items=[])
    assert dict(queue_fields(content, NOW)) == {
        "agent": "(the fleet)",
        "action": "web.deploy",
        "key": '"eu"',
        "waiting": "1 at the controller, 2 in hand of an agent",
        "running": "0",
        "back-off": "2 take a place at the tail when it is over",
    }


def test_those_behind_the_first_wait_for_those_before_and_those_without_a_place_come_last() -> None:
    items = [queued(1, state="started"), queued(2), queued(3, conditions=("requeuing",))]
    content = QueueContent(queue=summary(), items=items, returning=(queued(0, number=9, attempt=1, waiting_for="its next attempt"),))
    rows = [(row[0], row[1], row[2], row[-1]) for row in show_rows(content, NOW)]
    assert rows == [
        ("1", "1", "started", ""),
        ("2", "2", "queued", "those before it: 1"),
        ("3", "3", "queued requeuing", "those before it: 2"),
        ("-", "9", "queued", "its next attempt"),
    ]
