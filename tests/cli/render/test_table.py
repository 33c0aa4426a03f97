"""Tables on a terminal: what fits stands in columns, what does not is broken where one can read on, and names stay whole if they can."""

import pytest

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


@pytest.mark.parametrize("width", range(20, 90))
def test_no_line_is_wider_than_the_terminal_unless_a_word_is(width: int) -> None:
    assert max(map(len, drawn(width).splitlines())) <= max(width, len("accepted  web.restart_on_alert"))
