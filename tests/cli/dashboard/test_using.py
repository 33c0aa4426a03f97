"""Keys, questions, filters, the palette, long lists, and what happens when nobody answers any more."""

from functools import partial

import pytest

from tests.cli.dashboard.recorded import Recorded, everything, execution, overview
from tests.cli.dashboard.seen import Seen, dashboard
from tests.waiting import eventually


@pytest.fixture
def recorded() -> Recorded:
    return Recorded(everything())


def has_sent(recorded: Recorded, count: int) -> bool:
    return len(recorded.keys) == count


async def test_nothing_is_sent_before_a_person_says_yes_to_what_it_will_do(recorded: Recorded) -> None:
    async with dashboard(recorded) as seen:
        await seen.press("2")
        await seen.shows("1208")
        await seen.press("down", "c")
        await seen.shows("Cancel execution 1208, web.restart?")
        await seen.shows("It runs on web1: all its processes are asked to end")
        assert recorded.posted == []
        await seen.press("n")
        await seen.no_longer_shows("Cancel execution 1208")
        assert recorded.posted == []
        await seen.press("c", "y")
        await seen.shows("execution 1208 is cancelled, or being cancelled")
        assert recorded.posted == [("/v1/executions/0190f0c0-0000-7000-8000-000000001208/cancel", {})]


async def test_a_new_execution_with_the_same_input_is_one_key_and_a_yes_away(recorded: Recorded) -> None:
    async with dashboard(recorded) as seen:
        await seen.press("colon")
        await seen.type("1207")
        await seen.shows("exit code")
        await seen.press("R", "y")
        await seen.shows("execution 1207 runs again as a new one")
        assert recorded.posted == [("/v1/executions/0190f0c0-0000-7000-8000-000000001207/rerun", {})]


async def test_a_pause_wants_to_know_why(recorded: Recorded) -> None:
    async with dashboard(recorded) as seen:
        await seen.press("4")
        await seen.shows("(fleet)")
        await seen.press("p", "enter")
        await seen.shows("say why in a few words")
        await seen.type("release freeze")
        await seen.shows("web.restart is paused")
        assert recorded.posted == [("/v1/queues/pause", {"action": "web.restart", "key": None, "note": "release freeze"})]


async def test_a_paused_queue_is_told_to_go_on(recorded: Recorded) -> None:
    async with dashboard(recorded) as seen:
        await seen.press("down", "down", "p")
        await seen.shows('Let db.backup with the key "orders" go on')
        await seen.shows("release freeze (by ada)")
        await seen.press("y")
        await seen.shows("goes on in its order")
        assert recorded.posted == [("/v1/queues/resume", {"action": "db.backup", "key": None})]


async def test_an_agent_is_cordoned_with_a_note_or_without(recorded: Recorded) -> None:
    async with dashboard(recorded) as seen:
        await seen.press("5")
        await seen.shows("web2")
        await seen.press("o")
        await seen.shows("Cordon agent db1?")
        await seen.press("enter")
        await seen.shows("db1 is cordoned")
        assert recorded.posted == [("/v1/agents/db1/cordon", {"note": ""})]


async def test_a_key_that_is_for_something_else_says_so(recorded: Recorded) -> None:
    async with dashboard(recorded) as seen:
        await seen.press("2")
        await seen.shows("1208")
        await seen.press("o")
        await seen.shows("choose an agent first")


async def test_a_readonly_dashboard_changes_nothing_and_does_not_offer_to(recorded: Recorded) -> None:
    async with dashboard(recorded, readonly=True) as seen:
        await seen.shows("read only")
        await seen.press("2")
        await seen.shows("1208")
        assert "cancel" not in seen.text
        for key in ("c", "R", "p", "o", "y"):
            await seen.press(key)
        await seen.shows("this dashboard is read only")
        assert recorded.posted == []


async def test_a_filter_is_the_servers_where_it_can_and_looks_for_words_else(recorded: Recorded) -> None:
    async with dashboard(recorded) as seen:
        await seen.press("2")
        await seen.shows("1208")
        await seen.press("slash")
        await seen.type("failed agent=web1 exit")
        await seen.shows("/failed agent=web1 exit")
        assert recorded.asked[-1] == ("/v1/executions", {"state": "failed", "agent": "web1", "limit": "100"})
        await seen.no_longer_shows("1206")
        assert "1207" in seen.text
        await seen.press("slash", "ctrl+u")
        await seen.type("nothing-of-that")
        await seen.shows("no executions match 'nothing-of-that'")


async def test_the_palette_goes_anywhere_and_says_what_it_does_not_know(recorded: Recorded) -> None:
    async with dashboard(recorded) as seen:
        await seen.press("colon")
        await seen.type("nonsense")
        await seen.shows("there is no 'nonsense'")
        await seen.press("colon")
        await seen.type("ag web1")
        await seen.shows("/web1  1 of 1")
        await seen.press("colon", "q", "escape")
        await seen.press("colon")
        await seen.type("expl agent")
        await seen.shows("say what")


async def test_a_list_of_any_length_is_read_a_page_at_a_time_and_keeps_a_few(recorded: Recorded) -> None:
    recorded.answers["/v1/executions"] = [execution(number) for number in range(10_000, 0, -1)]
    async with dashboard(recorded) as seen:
        await seen.press("2")
        await seen.shows("10000")
        assert [path for path, _ in recorded.asked].count("/v1/executions") == 1
        while " 701 " not in seen.text and "of 1,000+" not in seen.text:
            await seen.press("pagedown")
        assert len(kept(seen)) == 600
        await seen.press("home")
        await seen.shows(" 1 of 100+")
        await seen.shows("10000")


def kept(seen: Seen) -> list[int]:
    """Return the numbers of the executions that a list keeps."""
    return [row.number for row in seen.app.screen._paging.rows]  # type: ignore[attr-defined]  # a ListScreen


async def test_the_end_of_a_list_is_one_key_away_and_so_is_its_beginning(recorded: Recorded) -> None:
    recorded.answers["/v1/executions"] = [execution(number) for number in range(2_000, 0, -1)]
    async with dashboard(recorded) as seen:
        await seen.press("2")
        await seen.shows("2000")
        await seen.press("G")
        await seen.shows("the last")
        assert recorded.asked[-1] == ("/v1/executions", {"limit": "100", "order": "oldest"})
        assert kept(seen) == list(range(100, 0, -1))
        while kept(seen)[-1] == 1:
            await seen.press("pageup")
        assert kept(seen) == list(range(700, 100, -1)), "above the end pages are read without a gap, and few are kept"
        while kept(seen)[0] == 700:
            await seen.press("pagedown")
        assert kept(seen) == list(range(600, 0, -1)), "and back again"
        await seen.press("g")
        await seen.shows(" 1 of 100+")
        await seen.shows("2000")
        await seen.press("G", "g", "G")
        await seen.shows("the last")


async def test_a_list_in_one_order_is_read_to_its_end(recorded: Recorded) -> None:
    [first, *_] = agents = recorded.answers["/v1/agents"] if isinstance(recorded.answers["/v1/agents"], list) else []
    assert isinstance(first, dict)
    recorded.answers["/v1/agents"] = [*agents, *({**first, "name": f"node{number:04}"} for number in range(1_000))]
    async with dashboard(recorded) as seen:
        await seen.press("5")
        await seen.shows("web2")
        await seen.press("end")
        await seen.shows("node0999")
        await seen.press("home")
        await seen.shows("web2")


async def test_an_order_whose_answer_was_lost_is_the_same_order_when_it_is_given_again(recorded: Recorded) -> None:
    async with dashboard(recorded) as seen:
        await seen.press("colon")
        await seen.type("1207")
        await seen.shows("exit code")
        recorded.deaf = True
        await seen.press("R", "y")
        await seen.shows("the connection was broken off")
        recorded.deaf = False
        for count in (2, 3):
            await seen.press("R", "y")
            await eventually(partial(has_sent, recorded, count))
            await seen.shows("execution 1207 runs again as a new one")
        first, again, another = recorded.keys
        assert (first == again, again == another) == (True, False)


async def test_what_is_chosen_stays_chosen_when_new_rows_come_above_it(recorded: Recorded) -> None:
    async with dashboard(recorded) as seen:
        await seen.press("2")
        await seen.shows("1208")
        await seen.press("down", "down")
        rows = recorded.answers["/v1/executions"]
        assert isinstance(rows, list)
        rows.insert(0, execution(1210))
        await seen.press("ctrl+l")
        await seen.shows("1210")
        await seen.press("enter")
        await seen.shows("execution 1207")


async def test_lost_connection_is_said_with_cause_and_remedy_keeps_what_was_seen_and_comes_back(recorded: Recorded) -> None:
    async with dashboard(recorded) as seen:
        recorded.there = False
        seen.clock[0] += 12
        await seen.shows("no connection for 0 s; what is shown is 12 s old")
        await seen.shows("connection refused")
        await seen.shows("what to do: see that the controller runs")
        assert "web.restart" in seen.text
        seen.clock[0] += 5
        await seen.shows("no connection for 5 s; what is shown is 17 s old")
        recorded.there = True
        seen.clock[0] += 3
        await seen.no_longer_shows("no connection")
        await seen.shows("● live")


async def test_what_changes_in_the_overview_is_shown(recorded: Recorded) -> None:
    async with dashboard(recorded) as seen:
        recorded.answers["/v1/overview"] = overview(running=77)
        seen.clock[0] += 11
        await seen.shows("77 running")


async def test_the_way_back_leads_through_what_was_opened(recorded: Recorded) -> None:
    async with dashboard(recorded) as seen:
        await seen.press("down", "down", "down", "enter")  # the first agent of the overview
        await seen.shows("agent web1")
        await seen.press("enter")
        await seen.shows("there is no /v1/executions/1209; what to do")
        await seen.press("escape")
        await seen.shows("agent web1")
        await seen.press("escape")
        await seen.shows("not settled")
        await seen.press("escape")
        await seen.shows("not settled")


async def test_a_mistake_in_the_program_ends_it_and_is_left_for_the_commands_boundary(recorded: Recorded) -> None:
    recorded.answers["/v1/agents"] = 3
    with pytest.raises(ValueError, match="validation error"):
        await open_agents(recorded)


async def open_agents(recorded: Recorded) -> None:
    async with dashboard(recorded) as seen:
        await seen.press("5")
        await eventually(lambda: seen.app.broken is not None)
