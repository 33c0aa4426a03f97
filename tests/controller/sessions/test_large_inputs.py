"""An input larger than a line of the wire never becomes an execution that could not be handed over."""

from tests.controller.live import Live

LARGE = """\
description: Takes much
run: [sh, restart.sh]
parameters:
  a: {type: string}
  b: {type: string}
  c: {type: string}
  d: {type: string}
  e: {type: string}
"""
TRIGGER = "description: Much\ndata: {type: object, properties: {text: {type: string}}, required: [text]}\n"
RULE = """\
description: Five times the same
trigger: web.much
action: web.take
input:
  a: ${{ event.data.text }}
  b: ${{ event.data.text }}
  c: ${{ event.data.text }}
  d: ${{ event.data.text }}
  e: ${{ event.data.text }}
agents: {match: {role: web}}
"""


async def test_an_input_beyond_the_bound_is_rejected_and_the_next_one_goes_on(it: Live) -> None:
    commit = it.pushes.publish(
        {"packs/web/actions/take.yaml": LARGE, "packs/web/triggers/much.yaml": TRIGGER, "packs/web/rules/on_much.yaml": RULE}
    )
    await it.live_at(commit)
    spoken = await (await it.enrol("one")).hello()
    large = await it.event({"text": "x" * 250_000}, "large", "web.much")
    small = await it.event({"text": "x" * 200_000}, "small", "web.much")
    (rejected,) = await it.executions(large.position)
    assert (rejected.outcome, rejected.reason) == ("rejected", "input_invalid")
    assert "more than 1048576" in rejected.detail
    (assign,) = await spoken.assigned()
    assert assign.input["a"] == "x" * 200_000
    (queued,) = await it.executions(small.position)
    assert queued.id == assign.execution
