"""When a sensor is said to be failing, and when to have recovered: once each, whatever it does in between."""

from collections.abc import Sequence

import pytest

from attune_controller.sensor_health import Health, examined, turn
from attune_core.wire.sensors import SensorState, SensorStatus


def told(course: Sequence[tuple[float, SensorState, int]]) -> list[tuple[float, str]]:
    """Return what is said, and when, of a sensor that was in these states at these times, with so many restarts."""
    health: Health | None = None
    failing = False
    said: list[tuple[float, str]] = []
    for at, state, restarts in course:
        status = SensorStatus(sensor="web.disk", state=state, since=at, restarts=restarts)
        health = examined(health, status, monotonic=at, now=1000 + at)
        turned = turn(health, status, failing=failing, monotonic=at)
        if turned:
            failing = turned == "failing"
            said.append((at, turned))
    return said


@pytest.mark.parametrize(
    ("course", "said"),
    [
        ([(0, "starting", 0), (10, "running", 0), (500, "running", 0)], []),
        ([(0, "starting", 0), (500, "starting", 0)], []),
        ([(0, "running", 0), (10, "backing_off", 1), (60, "backing_off", 2)], []),
        ([(0, "running", 0), (10, "backing_off", 1), (70, "backing_off", 2)], [(70, "failing")]),
        ([(0, "refused", 0), (60, "refused", 0), (200, "refused", 0)], [(60, "failing")]),
        ([(0, "running", 0), (10, "running", 4), (20, "running", 5), (30, "running", 9)], [(20, "failing")]),
        ([(0, "running", 0), (100, "running", 4), (200, "running", 8), (300, "running", 12)], []),
        ([(0, "polling", 0), (10, "blocked", 0), (500, "blocked", 0)], []),
        (
            [(0, "refused", 0), (60, "refused", 0), (70, "running", 0), (80, "backing_off", 1), (90, "running", 1), (140, "running", 1)],
            [(60, "failing")],
        ),
        (
            [(0, "refused", 0), (60, "refused", 0), (70, "running", 0), (130, "running", 0), (140, "refused", 0), (200, "refused", 0)],
            [(60, "failing"), (130, "recovered"), (200, "failing")],
        ),
        ([(0, "running", 9), (10, "running", 0), (20, "running", 4)], []),
    ],
)
def test_failing_and_recovered_are_said_once(course: Sequence[tuple[float, SensorState, int]], said: list[tuple[float, str]]) -> None:
    assert told(course) == said


def test_it_is_known_since_when_it_fails() -> None:
    status = SensorStatus(sensor="web.disk", state="backing_off", since=0)
    health = examined(None, status.model_copy(update={"state": "running"}), monotonic=0, now=1000)
    health = examined(health, status, monotonic=30, now=1030)
    assert examined(health, status, monotonic=95, now=1095).ill_from == 1000
