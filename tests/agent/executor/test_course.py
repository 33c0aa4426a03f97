"""The course of an attempt as a pure table of what happens when."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attune_agent.executor.course import ALARM, DRAIN, Course, Step


def _step(course: Course, now: float, *, held: bool = True, empty: bool = False) -> Step:
    return course.step(now, pipes_held=held, tree_empty=empty)


def test_a_natural_end_without_leftovers_is_over_at_once() -> None:
    course = Course(0.0, 60.0, 10.0)
    assert _step(course, 1.0) is Step.WAIT
    course.main_ended()
    assert _step(course, 2.0, held=False, empty=True) is Step.KILL
    assert _step(course, 2.0, held=False, empty=True) is Step.COLLECT
    assert course.cause is None


def test_a_pipe_that_somebody_holds_is_drained_for_two_seconds_then_its_holder_dies() -> None:
    course = Course(0.0, 60.0, 10.0)
    course.main_ended()
    assert _step(course, 1.0) is Step.WAIT
    assert course.wake_at == 1.0 + DRAIN
    assert _step(course, 2.9) is Step.WAIT
    assert _step(course, 3.0) is Step.KILL
    assert _step(course, 3.0, empty=True) is Step.COLLECT


def test_at_the_timeout_the_tree_is_asked_then_killed_after_the_grace() -> None:
    course = Course(0.0, 60.0, 10.0)
    assert course.wake_at == 60.0
    assert _step(course, 60.0) is Step.TERMINATE
    course.main_ended()
    assert _step(course, 69.0, held=False) is Step.WAIT
    assert _step(course, 70.0, held=False) is Step.KILL
    assert _step(course, 70.0, empty=True) is Step.COLLECT
    assert course.cause == "timed_out"


def test_a_tree_that_obeys_does_not_wait_for_the_grace() -> None:
    course = Course(0.0, 60.0, 10.0)
    course.stop(5.0, 10.0)
    assert _step(course, 5.0) is Step.TERMINATE
    course.main_ended()
    assert _step(course, 5.1, held=False, empty=True) is Step.KILL
    assert course.cause == "cancelled"


def test_an_end_that_was_seen_before_the_cancel_stays_what_it_was() -> None:
    course = Course(0.0, 60.0, 10.0)
    course.main_ended()
    course.stop(1.0, 10.0)
    assert _step(course, 1.0) is Step.KILL
    assert course.cause is None


def test_an_end_that_was_seen_before_the_timeout_stays_what_it_was() -> None:
    course = Course(0.0, 60.0, 10.0)
    course.main_ended()
    _step(course, 61.0, held=False, empty=True)
    assert course.cause is None


def test_the_shorter_of_two_graces_counts() -> None:
    course = Course(0.0, 60.0, 10.0)
    course.stop(0.0, 30.0)
    assert _step(course, 0.0) is Step.TERMINATE
    course.stop(1.0, 2.0)
    course.stop(1.5, 20.0)
    assert _step(course, 2.9) is Step.WAIT
    assert _step(course, 3.0) is Step.KILL


def test_what_cannot_be_killed_is_tried_again_and_becomes_a_condition() -> None:
    course = Course(0.0, 60.0, 0.0)
    course.stop(0.0, 0.0)
    _step(course, 0.0)
    kills, now = 0, 0.0
    while now < ALARM:
        kills += _step(course, now) is Step.KILL
        now = course.wake_at
    assert 10 < kills < 40
    assert course.kill_failed(now)
    assert not course.kill_failed(ALARM - 0.1)
    assert _step(course, now, empty=True) is Step.COLLECT


_EVENTS = st.lists(st.tuples(st.sampled_from(["main", "stop", "tick", "empty"]), st.floats(0, 5)), max_size=30)


@given(_EVENTS, st.booleans())
@settings(deadline=None)  # a shared machine is no measure
def test_every_course_ends_once_and_never_before_the_tree_is_empty(events: list[tuple[str, float]], held: bool) -> None:  # noqa: FBT001 - given
    course = Course(0.0, 7.0, 3.0)
    now, ended, empty, over, causes = 0.0, False, False, False, set()
    for kind, later in [*events, ("tick", 8.0), ("tick", 4.0), ("main", 0.1), ("empty", 0.1), ("tick", 3.0), ("tick", 3.0), ("tick", 3.0)]:
        now += later
        if kind == "main" and not ended:
            ended = True
            course.main_ended()
        elif kind == "stop":
            course.stop(now, 1.0)
        elif kind == "empty" and ended:
            empty = True
        for _ in range(3):
            step = _step(course, now, held=held and not empty, empty=empty)
            assert not (over and step is not Step.COLLECT)
            over = over or step is Step.COLLECT
            assert not (over and not empty)
        if course.cause:
            causes.add(course.cause)
    assert over
    assert len(causes) <= 1


@pytest.mark.parametrize("grace", [0.0, 5.0])
def test_the_next_wake_up_is_never_forgotten(grace: float) -> None:
    course = Course(0.0, 1.0, grace)
    for _ in range(50):
        now = course.wake_at
        assert now < 1e9
        if _step(course, now) is Step.KILL:
            break
    else:
        raise AssertionError("never killed")
