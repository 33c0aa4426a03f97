"""NDJSON comes in chunks of any size, and a line that does not end is refused before it fills the memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune_agent.errors import FrameRefused
from attune_agent.lines import Lines


@given(
    lines=st.lists(st.binary(min_size=1, max_size=20).filter(lambda line: b"\n" not in line), max_size=8),
    cut=st.integers(min_value=1, max_value=7),
)
def test_however_the_bytes_are_cut_the_lines_are_the_same(lines: list[bytes], cut: int) -> None:
    whole = b"".join(line + b"\n" for line in lines)
    reader = Lines(100)
    found = [line for start in range(0, len(whole), cut) for line in reader.feed(whole[start : start + cut])]
    assert found == lines


def test_a_line_without_an_end_is_not_given() -> None:
    assert list(Lines(100).feed(b"half")) == []


def test_a_line_beyond_the_limit_is_refused_before_its_end_comes() -> None:
    reader = Lines(10)
    assert list(reader.feed(b"123456")) == []
    with pytest.raises(FrameRefused):
        list(reader.feed(b"7890123"))


def test_a_line_of_exactly_the_limit_is_taken() -> None:
    assert list(Lines(4).feed(b"1234\n\n5678\n")) == [b"1234", b"5678"]
