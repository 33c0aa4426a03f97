"""Queues under operation, on the real programs: paused, looked at, put in another order, and gone on in it; the page by the letter."""

import shlex
from collections.abc import Iterator

import pytest

from attune_core.states import State
from tests.flow.operated import Operated, assert_prints, operated_system
from tests.pages import blocks, typed
from tests.waiting import wait_until

pytestmark = [pytest.mark.flow, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def operated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operated]:
    with operated_system(tmp_path_factory.mktemp("queues")) as system:
        yield system


def test_what_is_paused_queues_up_in_order_and_goes_on_in_the_order_that_the_page_makes(operated: Operated) -> None:
    for kind, content in blocks("operate-queues.md"):
        for command, printed in typed(content) if kind == "console" else ():
            words = shlex.split(command)[1:]
            operated.count += words[:2] == ["event", "send"]
            assert_prints(operated, words, printed.strip())
    wait_until(lambda: {one.state for one in operated.views(["1", "2", "3"])} == {State.SETTLED}, what="the end of all three")
    lines = operated.witness.read_text(encoding="utf-8").splitlines()
    assert [line.split()[2] for line in lines if line.startswith("S ")] == ["0", "2", "1"], "the one in the middle ran last"
    assert [line.split()[0] for line in lines] == ["S", "E"] * 3, "one after the other"
