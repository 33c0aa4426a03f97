"""Row 20 for groups of waiting events: one that ends the controller whenever it ends is set aside, and everything else goes on."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from attune_controller import groups
from attune_controller.planning import Planner
from attune_controller.suspects import Suspects
from attune_core.catalog.catalog import Catalog
from attune_core.ports import SystemRandom
from attune_core.rules.ending import Outcome, what_of
from attune_core.rules.groups import Ended
from attune_core.rules.matching import Occurrence
from tests.controller.test_planning import World
from tests.controller.test_throttled_planning import catalog_of, fired, send


class Died(BaseException):
    """Stands for a signal: no handler of the program sees it."""


async def test_a_group_that_ends_the_controller_is_set_aside_and_no_event_behind_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(catalog_of(page={"throttle": {"debounce": "5m", "key": "${{ event.id }}"}}))
    for number in range(1, 6):
        await send(world.store, number, at=float(number))
    world.clock.time = 10.0
    await world.planner.plan_all()
    await send(world.store, 6, at=1000.0)

    def ends(ended: Ended, catalog: Catalog, events: Mapping[int, Occurrence]) -> Outcome:
        if ended.group.last == 3:
            raise Died
        return what_of(ended, catalog, events)

    monkeypatch.setattr(groups, "what_of", ends)
    deaths, alive = 0, False
    world.clock.time = 2000.0
    while not alive:
        suspects = Suspects(tmp_path / "suspects.json")
        planner = Planner(world.store, world, world, world.clock, SystemRandom(), planned=world.told.append, suspects=suspects)
        try:
            await planner.plan_all()
            alive = True
        except Died:
            deaths += 1
    assert deaths <= 4
    assert [event for event, _ in await fired(world.store)] == [1, 2, 4, 5, 6]
    end = await world.store.group_end(("web.page", '"3"'), 3)
    assert end is not None
    assert end.outcome == "set_aside"
