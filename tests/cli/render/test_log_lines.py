"""Pieces of logs become bytes or lines, wherever the pieces were cut."""

import itertools
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune_cli.log_reader import Piece
from attune_cli.render.log_lines import BytesPrinter, Line, LinesPrinter, lines_as_json, lines_as_text


def _piece(data: bytes, offset: int = 0, *, gap: int = 0, stream: str = "stdout", attempt: int = 1) -> Piece:
    return Piece(stream=stream, attempt=attempt, offset=offset, gap=gap, data=data)


@given(
    stream=st.binary(max_size=60).map(lambda raw: bytes(b"ab\n"[byte % 3] for byte in raw)), cuts=st.lists(st.integers(0, 60), max_size=5)
)
def test_lines_are_those_of_the_whole_stream_with_their_own_offsets(stream: bytes, cuts: list[int]) -> None:
    lines: list[Line] = []
    printer = LinesPrinter(lambda _line: True, lines.append, lambda _piece: None)
    places = sorted({0, *(min(cut, len(stream)) for cut in cuts), len(stream)})
    for begin, end in itertools.pairwise(places):
        printer.show(_piece(stream[begin:end], begin))
    printer.finish()
    assert [line.text for line in lines] == stream.split(b"\n")[: len(lines)]
    assert b"".join(stream[line.offset : line.end] for line in lines) == stream
    assert all(stream[line.offset : line.end].rstrip(b"\n") == line.text for line in lines)


def test_a_gap_ends_a_line_and_stands_between_the_lines(capsys: pytest.CaptureFixture[str]) -> None:
    printer = lines_as_json(lambda _line: True)
    printer.show(_piece(b"begun"))
    printer.show(_piece(b"rest\nnext\n", 105, gap=100))
    printer.finish()
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"stream": "stdout", "attempt": 1, "offset": 0, "end": 5, "text": "begun"},
        {"stream": "stdout", "attempt": 1, "offset": 5, "end": 105, "dropped": 100},
        {"stream": "stdout", "attempt": 1, "offset": 105, "end": 110, "text": "rest"},
        {"stream": "stdout", "attempt": 1, "offset": 110, "end": 115, "text": "next"},
    ]


def test_a_line_that_does_not_end_is_shown_in_parts(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attune_cli.render.log_lines.LONGEST_LINE", 100)
    printer = lines_as_text(lambda _line: True, raw=True, named=True)
    for number in range(4):
        printer.show(_piece(b"x" * 60, 60 * number, stream="stderr"))
    printer.finish()
    assert capsys.readouterr().out == ("stderr | " + "x" * 120 + "\n") * 2


def test_another_attempt_begins_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    printer = lines_as_text(lambda _line: True, raw=True, named=False)
    printer.show(_piece(b"first"))
    printer.show(_piece(b"second\n", attempt=2))
    assert capsys.readouterr().out == "first\nsecond\n"


def test_on_a_terminal_a_character_in_two_pieces_is_one_and_controls_are_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    printer = BytesPrinter(raw=False)
    printer.show(_piece("ä\x1b[2J".encode()[:1]))
    printer.show(_piece("ä\x1b[2J\n".encode()[1:], 1))
    printer.show(_piece(b"\xc3", 7))
    printer.show(_piece(b"x", 1008, gap=1000))
    printer.finish()
    said = capsys.readouterr()
    assert said.out == "ä\\x1b[2J\n\\xc3x"
    assert said.err == "… 1,000 bytes of stdout dropped …\n"
