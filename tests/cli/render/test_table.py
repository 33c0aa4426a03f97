"""Tables on a terminal: what fits stands in columns, what does not is broken where one can read on, and names stay whole if they can."""

from collections import Counter

import pytest
from rich.cells import cell_len

from attune_cli.render.table import table_lines

COLUMNS = ("number", "action", "reason", "rule", "accepted")
ROWS = [
    ("1", "hello.greet", "", "hello.greet_by_hand", "2026-01-02T03:04:05"),
    ("12", "web.restart", "", "web.restart_on_alert", "2026-01-02T03:04:06"),
]


def drawn(width: int) -> str:
    return "\n".join(table_lines(COLUMNS, ROWS, width))


def test_a_wide_terminal_shows_a_row_a_line_and_no_column_that_is_empty() -> None:
    assert (
        drawn(100)
        == """\
number  action       rule                  accepted
1       hello.greet  hello.greet_by_hand   2026-01-02 03:04:05
12      web.restart  web.restart_on_alert  2026-01-02 03:04:06"""
    )


def test_a_narrow_one_breaks_at_spaces_before_it_breaks_names() -> None:
    assert drawn(55).splitlines()[1:3] == [
        "1       hello.greet  hello.greet_by_hand   2026-01-02",
        "                                           03:04:05",
    ]


def test_names_are_broken_behind_a_mark() -> None:
    assert drawn(45).splitlines()[1:3] == [
        "1       hello.greet  hello.greet_  2026-01-02",
        "                     by_hand       03:04:05",
    ]


def test_where_columns_do_not_fit_each_row_is_a_block() -> None:
    assert (
        drawn(22).split("\n\n")[0]
        == """\
number    1
action    hello.greet
rule      hello.greet_by_hand
accepted  2026-01-02
          03:04:05"""
    )


LONG = [
    (*ROW, "2026-01-02T03:04:05")
    for ROW in (
        ("123456", "a_pack_of_a_long_name.an_action_of_a_longer_name", "no agent has the labels that it asks for", "a_pack.a_rule"),
        ("7", "網路.重啟動_服務器", "ホストが見つかりません 三つの 試み", "e\u0301quipe.re\u0301gle"),
        ("8", "한국어.다시_시작", "🟥 failed", "web.restart"),
    )
]


@pytest.mark.parametrize("width", [40, 80, 120])
def test_characters_of_two_cells_and_of_none_break_no_table(width: int) -> None:
    head, *lines = "\n".join(table_lines(COLUMNS, LONG, width)).split("\n")
    assert all(cell_len(line) <= width or len(line.split()) <= 2 for line in lines), "only a name that is longer than the line is"
    if width > 40:
        starts = [cell_len(head.partition(name)[0]) for name in COLUMNS]
        assert all(_at(line, start - 1) == " " for line in lines for start in starts if start), "a column is shifted"


@pytest.mark.parametrize("width", [20, 40, 80, 120])
def test_no_width_loses_a_character_of_a_field(width: int) -> None:
    shown = Counter("".join(table_lines(COLUMNS, LONG, width)))
    assert not Counter("".join(cell.replace(" ", "") for row in LONG for cell in row[:-1])) - shown


def _at(line: str, cell: int) -> str:
    """Return the character that begins at a cell of a line, a space behind its end, nothing inside a wide one."""
    taken = 0
    for each in line:
        if taken == cell and cell_len(each):
            return each
        taken += cell_len(each)
    return " " if cell >= taken else ""


@pytest.mark.parametrize("width", range(20, 90))
def test_no_line_is_wider_than_the_terminal_unless_a_word_is(width: int) -> None:
    assert max(map(len, drawn(width).splitlines())) <= max(width, len("accepted  web.restart_on_alert"))
