"""Cron expressions: what is one, and when it matches on a calendar without zones."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune_core.timers.cron import NAMES, NotCron, parse_cron


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("expression", "times"),
    [
        ("30 1 * * *", ["2026-01-01 01:30", "2026-01-02 01:30"]),
        ("*/20 * * * *", ["2026-01-01 00:20", "2026-01-01 00:40", "2026-01-01 01:00"]),
        ("0 0 29 2 *", ["2028-02-29 00:00", "2032-02-29 00:00"]),
        ("0 0 13 * 5", ["2026-01-02 00:00", "2026-01-09 00:00", "2026-01-13 00:00"]),  # one of both is enough, unless one begins with *
        ("0 9 * * 1-5", ["2026-01-01 09:00", "2026-01-02 09:00", "2026-01-05 09:00"]),
        ("0 0 L * *", ["2026-01-31 00:00", "2026-02-28 00:00"]),
        ("0 0 * * 5#3", ["2026-01-16 00:00", "2026-02-20 00:00"]),
        ("@hourly", ["2026-01-01 01:00"]),
        ("@Daily", ["2026-01-02 00:00"]),
        ("@weekly", ["2026-01-04 00:00", "2026-01-11 00:00"]),
        ("@monthly", ["2026-02-01 00:00"]),
        ("@yearly", ["2027-01-01 00:00"]),
        ("  0   12 1 JAN,jul *  ", ["2026-01-01 12:00", "2026-07-01 12:00"]),
    ],
)
def test_an_expression_matches_when_cron_5_says(expression: str, times: list[str]) -> None:
    cron, wall = parse_cron(expression), at("2026-01-01 00:00")
    for expected in times:
        found = cron.after(wall)
        assert found == at(expected)
        wall = found


@pytest.mark.parametrize(
    ("expression", "word"),
    [
        ("", "0 fields"),
        ("* * * *", "4 fields"),
        ("* * * * * *", "6 fields"),
        ("60 * * * *", "minute"),
        ("* 24 * * *", "hour"),
        ("* * 0 * *", "day-of-month"),
        ("* * 32 * *", "day-of-month"),
        ("* * * 13 *", "month"),
        ("* * * * 8", "day-of-week"),
        ("*/0 * * * *", "minute"),
        ("5-1 * * * *", "minute"),
        ("a * * * *", "minute"),
        ("٣ * * * *", "minute"),
        ("@reboot", "none of @yearly"),
        ("@every 5m", "none of"),
    ],
)
def test_what_is_none_is_refused_with_the_field(expression: str, word: str) -> None:
    with pytest.raises(NotCron, match=word):
        parse_cron(expression)


@pytest.mark.parametrize("expression", ["0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "* * 31 feb *"])
def test_a_day_that_no_month_has_never_comes(expression: str) -> None:
    assert parse_cron(expression).after(at("2026-01-01 00:00")) is None


def test_the_calendar_ends() -> None:
    assert parse_cron("@yearly").after(at("9999-06-01 00:00")) is None


def test_every_name_is_an_expression() -> None:
    assert [parse_cron(name).text for name in NAMES] == list(NAMES.values())


FIELD = st.text(alphabet="0123456789*,-/L#WMONJAN \t٣-", max_size=12)


@given(st.lists(FIELD, min_size=4, max_size=6).map(" ".join))
def test_any_text_is_an_expression_or_refused(text: str) -> None:
    try:
        cron = parse_cron(text)
    except NotCron:
        return
    found = cron.after(at("2026-01-01 00:00"))
    assert found is None or found > at("2026-01-01 00:00")
