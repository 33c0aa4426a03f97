"""An agent of a restored controller says what it holds before anything else is said; one that cannot is not talked to."""

import httpx2
import pytest

from attune_core.states import Outcome, State
from attune_core.values import JsonObject
from attune_core.wire.inventory import InHand, Inventory
from tests.controller.live import Live, Refused, Spoken
from tests.controller.sessions.test_hand_over import report, send, states


async def say_inventory(spoken: Spoken, page: Inventory) -> httpx2.Response:
    return await spoken.client.post("/agent/v1/inventory", content=page.model_dump_json(), headers=spoken.headers)


async def test_nothing_is_taken_or_handed_over_before_the_inventory(it: Live) -> None:
    agent = await it.enrol("one")
    before = await agent.hello()
    await send(it, "a", "b")
    a, b = await before.assigned(2)
    await before.say(before.ack(b))
    await before.close()
    await it.controller.store.restored("another life")
    await send(it, "c")
    (alarm,) = (await it.status()).alarms
    assert alarm.endswith("have not said what they hold: one")
    spoken = await agent.greet(held={("web.restart", "null"): 2})
    assert (spoken.welcome.incarnation, spoken.welcome.inventory) == ("another life", True)
    with pytest.raises(Refused, match="ATT658"):
        await spoken.say(report(a, State.STARTED))
    with pytest.raises(Refused, match="ATT658"):
        await spoken.open()
    pages = Inventory(in_hand=(InHand(assign=b, attempt=1, started=True),)), Inventory(complete=True)
    for page in (*pages, pages[-1]):
        assert (await say_inventory(spoken, page)).is_success
    assert await states(it, [a, b]) == ["settled", "started"]
    assert (await it.execution(a.execution)).outcome is Outcome.LOST
    assert (await it.status()).alarms == []
    again = await agent.hello(held={("web.restart", "null"): 2})
    assert not again.welcome.inventory
    (c,) = await again.assigned()
    assert (c.input["unit"], c.epoch, c.after) == ("c", 1, 0)
    await again.say(again.ack(c), report(b, State.SETTLED, Outcome.SUCCEEDED))
    assert await states(it, [b, c]) == ["settled", "assigned"]


@pytest.mark.parametrize("body", ["{", '{"in_hand": [{}]}', '{"in_hand": 3}'])
async def test_an_inventory_that_is_none_is_refused(it: Live, body: str) -> None:
    await (await it.enrol("one")).hello()
    await it.controller.store.restored("another life")
    spoken = await (await it.enrol("one")).greet()
    answer = await spoken.client.post("/agent/v1/inventory", content=body, headers=spoken.headers)
    assert answer.status_code == httpx2.codes.BAD_REQUEST
    assert list(await it.controller.store.unmerged()) == ["one"]


async def test_an_inventory_can_exhaust_no_numbers_and_no_places_and_touches_nobody_else_s_queue(it: Live) -> None:
    spoken = await (await it.enrol("one")).hello()
    await send(it, "a")
    (a,) = await spoken.assigned()
    await spoken.close()
    await it.controller.store.restored("another life")
    spoken = await (await it.enrol("one")).greet()
    lies: list[tuple[JsonObject, int]] = [({"number": 2**63 - 1}, 1), ({"sequence": 2**63 - 1}, 1), ({"epoch": 2**60}, 1), ({}, 2**63 - 1)]
    for lie, attempt in lies:
        page = Inventory(in_hand=(InHand(assign=a.model_copy(update=lie), attempt=attempt),), complete=True)
        assert (await say_inventory(spoken, page)).status_code == httpx2.codes.BAD_REQUEST
    spoken = await spoken.agent.greet(place="two", held={("web.restart", "null"): 7})
    page = Inventory(in_hand=(InHand(assign=a.model_copy(update={"age": 1e300}), attempt=1),), complete=True)
    assert (await say_inventory(spoken, page)).is_success
    two = await (await it.enrol("two")).hello()
    await send(it, "b")
    assert [(one.epoch, one.sequence) for one in await two.assigned()] == [(0, 1)]
    assert (await it.get("/v1/executions")).is_success
