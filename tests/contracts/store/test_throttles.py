"""What throttles remember: stored with the plans that it is part of, found by key, forgotten when it is over."""

import pytest

from attune_controller.store.errors import EventUnknown
from attune_controller.store.port import Store
from attune_controller.store.ports.events import FORGOTTEN
from attune_controller.store.records.plans import PlannedEvent
from attune_core.rules.throttling import Admission, ThrottleKey
from tests.controller.store.making import event

FIRST, SECOND = Admission(at=100.0, until=400.0), Admission(at=500.25, until=800.25)
KEY, OTHER = ("web.page", '"ü"'), ("web.page", "null")


async def accept(store: Store, name: str) -> int:
    return (await store.accept_event(event(name))).position


def admitted(position: int, **admissions: Admission) -> PlannedEvent:
    """A plan with admissions of rules by name, each without a key."""
    return PlannedEvent(position=position, revision="r", admissions={(f"web.{rule}", "null"): one for rule, one in admissions.items()})


async def remembered(store: Store, *rules: str) -> list[str]:
    keys: list[ThrottleKey] = [(f"web.{rule}", "null") for rule in rules]
    return [rule for rule, _ in await store.admissions(keys)]


async def test_an_admission_is_found_by_rule_and_key_and_the_next_one_takes_its_place(store: Store) -> None:
    await store.record_plans([PlannedEvent(position=await accept(store, "1"), revision="r", admissions={KEY: FIRST})])
    assert await store.admissions([KEY, OTHER, ("web.other", KEY[1])]) == {KEY: FIRST}
    await store.record_plans([PlannedEvent(position=await accept(store, "2"), revision="r", admissions={KEY: SECOND, OTHER: FIRST})])
    assert await store.admissions([KEY, OTHER]) == {KEY: SECOND, OTHER: FIRST}
    assert await store.admissions([]) == {}


async def test_in_one_batch_the_later_event_has_the_last_word(store: Store) -> None:
    plans = [
        PlannedEvent(position=await accept(store, name), revision="r", admissions={KEY: one}) for name, one in [("1", FIRST), ("2", SECOND)]
    ]
    await store.record_plans(plans)
    assert await store.admissions([KEY]) == {KEY: SECOND}


async def test_plans_that_are_not_stored_admit_nothing(store: Store) -> None:
    position = await accept(store, "1")
    with pytest.raises(EventUnknown):
        await store.record_plans([admitted(position, page=FIRST), PlannedEvent(position=position + 9, revision="r")])
    assert await remembered(store, "page") == []
    await store.record_plans([admitted(position, page=FIRST)])
    await store.record_plans([admitted(position, page=SECOND, more=SECOND)])
    assert await store.admissions([("web.page", "null"), ("web.more", "null")]) == {("web.page", "null"): FIRST}, "it had its plan"


async def test_what_is_over_is_forgotten_and_nothing_else(store: Store) -> None:
    await store.record_plans([admitted(await accept(store, "1"), page=FIRST, mail=SECOND)])
    await store.record_plans([], over_before=399.0)
    assert await remembered(store, "page", "mail") == ["web.page", "web.mail"]
    await store.record_plans([], over_before=400.0)
    assert await remembered(store, "page", "mail") == ["web.mail"]


async def test_much_that_is_over_is_forgotten_some_at_a_time_the_oldest_first(store: Store) -> None:
    keys: list[ThrottleKey] = [("web.page", str(number)) for number in range(FORGOTTEN + 5)]
    admissions = {key: Admission(at=0.0, until=1.0 + number) for number, key in enumerate(keys)}
    await store.record_plans([PlannedEvent(position=await accept(store, "1"), revision="r", admissions=admissions)])
    await store.record_plans([], over_before=1e9)
    assert sorted(await store.admissions(keys)) == sorted(keys[FORGOTTEN:])
    await store.record_plans([], over_before=1e9)
    assert await store.admissions(keys) == {}


async def test_a_batch_that_makes_many_makes_room_for_as_many_and_more(store: Store) -> None:
    def made(at: float) -> dict[ThrottleKey, Admission]:
        return {("web.page", f"{at} {number}"): Admission(at=at, until=at + 1) for number in range(FORGOTTEN + 5)}

    for at in (0.0, 10.0, 20.0):
        plan = PlannedEvent(position=await accept(store, f"{at}"), revision="r", admissions=made(at))
        await store.record_plans([plan], over_before=at)
    assert await store.admissions([*made(0.0), *made(10.0)]) == {}
    assert await store.admissions([*made(20.0)]) == made(20.0)
