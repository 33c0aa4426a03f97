"""When a start may have made room: too often is allowed, too seldom is not."""

from attune_controller.sessions.window import Window
from attune_controller.store.records.executions import QueueKey

QUEUE, OTHER = (QueueKey(place="one", action="web.restart", key=key) for key in ("null", "1"))


def test_only_a_full_queue_makes_a_start_worth_a_look() -> None:
    window = Window()
    for number in range(63):
        window.handed(f"{number}", QUEUE, 10)
    assert not window.started(["0"])
    for number in (0, 63, 63):
        window.handed(f"{number}", QUEUE, 10)
    assert not window.started(["unknown"])
    assert window.started(["1"])
    assert not window.started(["1", "2"])


def test_a_queue_that_is_full_of_bytes_counts_too_and_queues_are_apart() -> None:
    window = Window()
    for number in range(3):
        window.handed(f"{number}", QUEUE, 1 << 20)
        window.handed(f"other {number}", OTHER, 10)
    assert not window.started(["other 0"])
    assert window.started(["0"])
    assert window.started(["1"])
    assert not window.started(["2"])
