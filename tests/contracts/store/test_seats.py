"""What every store promises of seats: which agents run which sensors."""

from dataclasses import replace

from attune_controller.store.port import Store
from attune_controller.store.records.sensors import Seat
from tests.controller.store.making import event

DISK = Seat(sensor="web.disk", agent="web1", emits=frozenset({"web.full", "web.alert"}), since=5.0)


async def test_seats_are_kept_by_sensor_and_agent_and_the_last_word_counts(store: Store) -> None:
    other = replace(DISK, agent="web2", emits=frozenset(), held=False, leaving=True, failover=300.0, failing_since=7.5)
    await store.put_seats([other, DISK])
    assert await store.seats() == [DISK, other]
    moved = replace(DISK, since=6.0, failing_since=7.5)
    await store.put_seats([moved], gone=[other])
    assert await store.seats() == [moved]


async def test_what_tells_of_a_seat_is_an_event_of_the_same_transaction_and_comes_once(store: Store) -> None:
    await store.put_seats([DISK], events=[event("failing"), event("failing")])
    assert [one.new.id for one in await store.unplanned(limit=5)] == ["failing"]
    await store.put_seats([], gone=[DISK])
    assert await store.seats() == []
