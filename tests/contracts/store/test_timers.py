"""How far timers were followed: stored with the ticks that came of it, by reference, until they are forgotten."""

from attune_controller.store.port import Store
from attune_controller.store.records.timers import Progress
from tests.controller.store.making import event

NIGHTLY = Progress(timer="web.nightly", declared='{"cron":"@daily"}', done=86_400, last=86_400, missed=2, missed_in_all=7)
HOURLY = Progress(timer="web.hourly", declared="{}", done=1 << 40)


async def test_progress_is_stored_with_its_ticks_and_the_next_one_takes_its_place(store: Store) -> None:
    assert await store.timers() == {}
    first, again, second = await store.record_ticks([NIGHTLY, HOURLY], [event("1"), event("1"), event("2")])
    assert (first.duplicate, again.duplicate, second.duplicate) == (False, True, False)
    assert again.position == first.position < second.position
    assert await store.timers() == {"web.nightly": NIGHTLY, "web.hourly": HOURLY}
    later = Progress(timer="web.hourly", declared="[]", done=5)
    assert await store.record_ticks([later]) == []
    assert await store.timers() == {"web.nightly": NIGHTLY, "web.hourly": later}
    assert [one.new.id for one in await store.unplanned(limit=9)] == ["1", "2"]


async def test_a_timer_is_forgotten_and_its_ticks_are_not(store: Store) -> None:
    await store.record_ticks([NIGHTLY, HOURLY], [event("1")])
    await store.forget_timers(["web.nightly", "web.other"])
    assert await store.timers() == {"web.hourly": HOURLY}
    assert await store.find_event("hooks/github", "1")
