"""A queue in memory: positions are taken once, at the end, and what is gone stays gone."""

from dataclasses import replace

import pytest

from attune_agent.fifo import Fifo
from attune_agent.state.records import SMALL_BODY, Held, Item, Phase, item_of
from tests.agent.assignments import assignment
from tests.agent.world import QUEUE


def item(execution: str, sequence: int, *, text: str = "") -> Item:
    return item_of(assignment(execution, sequence, text=text), wall=0.0)


@pytest.fixture
def fifo() -> Fifo:
    found = Fifo()
    for number in (1, 2, 3):
        found.append(item(str(number), number))
    return found


def test_what_is_appended_stands_in_its_order_and_moves_the_last(fifo: Fifo) -> None:
    assert list(fifo.waiting(QUEUE)) == ["1", "2", "3"]
    assert list(fifo.held()) == [Held(queue=QUEUE, epoch=0, last=3)]
    assert (len(fifo), list(fifo.queues()), fifo.epoch(QUEUE)) == (3, [QUEUE], 0)


def test_a_restart_goes_on_from_what_was_held(fifo: Fifo) -> None:
    again = Fifo([*fifo.held(), Held(queue=QUEUE, epoch=2, last=1)], fifo.items())
    assert (again.last(QUEUE, 0), again.last(QUEUE, 2), again.last(QUEUE, 3)) == (3, 1, 0)
    assert again.epoch(QUEUE) == 2
    assert list(again.waiting(QUEUE)) == ["1", "2", "3"]


def test_what_could_not_be_stored_is_taken_back_from_the_end(fifo: Fifo) -> None:
    assert [one.execution for one in fifo.retract(QUEUE, 0, 1)] == ["2", "3"]
    assert (list(fifo.waiting(QUEUE)), fifo.last(QUEUE, 0)) == (["1"], 1)


def test_what_is_gone_is_neither_replaced_nor_removed_again(fifo: Fifo) -> None:
    gone = fifo.item("2")
    assert gone is not None
    fifo.remove("2")
    fifo.remove("2")
    fifo.replace(gone)
    assert fifo.item("2") is None
    assert list(fifo.waiting(QUEUE)) == ["1", "3"]


def test_active_ones_are_counted_through_every_move(fifo: Fifo) -> None:
    for number in (1, 2):
        fifo.replace(replace(item(str(number), number), phase=Phase.PREPARING))
    assert fifo.active(QUEUE) == 2
    fifo.replace(item("1", 1))
    fifo.remove("2")
    assert fifo.active(QUEUE) == 0
    fifo.remove("1")
    fifo.remove("3")
    assert (fifo.active(QUEUE), list(fifo.queues())) == (0, [])


def test_there_is_room_for_who_stands_within_a_limit_that_is_not_exceeded(fifo: Fifo) -> None:
    first, second = (replace(item(str(number), number), phase=Phase.PREPARING) for number in (1, 2))
    fifo.replace(first)
    fifo.replace(second)
    assert (fifo.has_room(first, 2), fifo.has_room(second, 2)) == (True, True)
    assert (fifo.has_room(first, 1), fifo.has_room(second, 1)) == (False, False)


def test_a_large_body_that_is_on_disk_leaves_memory_unless_it_is_about_to_be_used() -> None:
    fifo = Fifo()
    for number in (1, 2):
        fifo.append(item(str(number), number, text="x" * SMALL_BODY))
    fifo.replace(replace(item("2", 2, text="x" * SMALL_BODY), phase=Phase.PREPARING))
    for execution in ("1", "2", "3"):
        fifo.stored(execution)
    assert [one.assign is None for one in fifo.items()] == [True, False]


def test_each_change_that_admission_sees_names_its_queue_and_each_arrival_itself() -> None:
    said: list[object] = []
    fifo = Fifo()
    fifo.changed, fifo.appended = said.append, lambda one: said.append(one.execution)
    fifo.append(item("1", 1))
    fifo.replace(replace(item("1", 1), note="waits"))
    fifo.replace(replace(item("1", 1), note="waits", state_id="s", life="l"))  # which executor is asked
    fifo.remove("1")
    assert said == ["1", QUEUE, QUEUE, QUEUE]
