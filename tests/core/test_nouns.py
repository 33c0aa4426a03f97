"""States, quantities, identifiers and safe text: the nouns that every program shares."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune_core.ids import uuid7
from attune_core.names import is_name
from attune_core.ports import SystemClock, SystemRandom, rfc3339
from attune_core.quantities import parse_duration, parse_size, show_duration
from attune_core.safe_text import safe_json, safe_text
from attune_core.states import MOVES, State, may_move


def test_every_state_has_its_moves_and_settled_has_none() -> None:
    assert set(MOVES) == set(State)
    assert not MOVES[State.SETTLED]
    assert all(State.SETTLED in MOVES[state] for state in State if state is not State.SETTLED)


def test_nothing_goes_back_in_the_order_but_a_retry() -> None:
    order = list(State)
    backwards = {(a, b) for a in State for b in State if may_move(a, b) and order.index(b) <= order.index(a)}
    assert backwards == {(State.STARTED, State.PREPARING)}


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("5m", 300), ("24h", 86_400), ("1h30m", 5400), ("250ms", 0.25), ("1.5s", 1.5)])
def test_durations_are_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "5 m", "m5", "-5m", "5m\n", "1e3s", "５m", "5M", "30s5m", "1s" * 40])
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="30s, 5m"):
        parse_duration(text)


@given(st.integers(0, 10**12))
def test_a_shown_duration_is_read_back(milliseconds: int) -> None:
    assert round(parse_duration(show_duration(milliseconds / 1000)) * 1000) == milliseconds


@pytest.mark.parametrize(("text", "size"), [("0B", 0), ("64KiB", 65_536), ("8MiB", 8 << 20), ("1GiB", 1 << 30)])
def test_sizes_are_read(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["8MB", "8", "8 MiB", "-1B", "8mib", "8MiB\n"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="8MiB"):
        parse_size(text)


def test_identifiers_are_version_7_and_never_the_same() -> None:
    made = {uuid7(SystemClock(), SystemRandom()) for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", one) for one in made)


def test_times_are_rfc_3339_in_utc() -> None:
    assert rfc3339(0) == "1970-01-01T00:00:00.000000Z"


@pytest.mark.parametrize("text", ["Web", "1web", "web-1", "", "web\n", "wéb", "\u0430ction", "w" * 64])
def test_what_is_no_name_is_none(text: str) -> None:
    assert not is_name(text)


@pytest.mark.parametrize(
    "dangerous",
    ["\x1b[2J", "\x1b]8;;http://x\x07", "\x9b31m", "\u202e", "\u2066", "\u200b", "\x07", "\r", "\u2028", "\ufeff", "\U000e0041"],
)
def test_what_a_terminal_would_obey_becomes_visible(dangerous: str) -> None:
    shown = safe_text(f"a{dangerous}b")
    assert not set(dangerous) & set("\x1b\x9b\u202e\u2066\u200b\x07\r\u2028\ufeff\U000e0041") & set(shown)
    assert shown.startswith("a")
    assert shown.endswith("b")


@given(st.text() | st.binary())
def test_safe_text_is_printable_on_one_line(text: str | bytes) -> None:
    shown = safe_text(text)
    assert "\n" not in shown
    shown.encode("utf-8")
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in shown)


@pytest.mark.parametrize("command", ["##[error]x", "##[add-mask]a", "##vso[task.setvariable variable=a]b", "##teamcity[testFailed]"])
def test_what_a_ci_system_would_obey_in_a_log_becomes_visible(command: str) -> None:
    assert safe_text(f"a {command}") == f"a {command}".replace("[", "\\x5b")
    assert json.loads(safe_json(json.dumps([command]))) == [command]
    assert command not in safe_json(json.dumps([command]))
    assert safe_text("# [a] and a[0]") == "# [a] and a[0]"


def test_long_text_is_cut_and_newlines_are_kept_only_when_asked() -> None:
    assert safe_text("x" * 100, limit=10) == "x" * 10 + "…"
    assert safe_text("a\n\tb\x1b", keep_newlines=True) == "a\n\tb\\x1b"
    assert safe_text("a\nb") == "a\\nb"
