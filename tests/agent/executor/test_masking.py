"""Masking over chunk borders equals masking the whole stream at once."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from attune_agent.executor.masking import MASK, Masker, masked

_secret = st.binary(min_size=1, max_size=6).map(lambda raw: bytes(b"abc"[byte % 3] for byte in raw))
_long = st.binary(min_size=9, max_size=24).map(lambda raw: bytes(b"ab"[byte % 8 == 0] for byte in raw))
_chunks = st.lists(st.binary(max_size=12).map(lambda raw: bytes(b"abcd"[byte % 4] for byte in raw)), max_size=12)


def _fed(masker: Masker, chunks: list[bytes]) -> bytes:
    return b"".join([*(masker.feed(chunk) for chunk in chunks), masker.finish()])


@given(secret=_secret, chunks=_chunks)
@settings(deadline=None)  # a shared machine is no measure
def test_one_secret_is_replaced_as_bytes_replace_does_on_the_whole(secret: bytes, chunks: list[bytes]) -> None:
    assert _fed(Masker([secret]), chunks) == b"".join(chunks).replace(secret, MASK)


@given(secrets=st.lists(_secret, min_size=1, max_size=4), chunks=_chunks)
@settings(deadline=None)  # a shared machine is no measure
def test_several_secrets_are_replaced_leftmost_and_longest_first_on_the_whole(secrets: list[bytes], chunks: list[bytes]) -> None:
    longest_first = sorted(set(secrets), key=lambda secret: (-len(secret), secret))
    assert _fed(Masker(secrets), chunks) == re.sub(b"|".join(map(re.escape, longest_first)), MASK, b"".join(chunks))


@given(secrets=st.lists(_long, min_size=1, max_size=3), data=st.data())
@settings(deadline=None, max_examples=300)  # a shared machine is no measure
def test_long_secrets_in_any_pieces_are_replaced_as_on_the_whole(secrets: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(data.draw(st.lists(st.sampled_from([*secrets, secrets[0][:9], secrets[-1][3:], b"a", b"b", b"c"]), max_size=12)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    chunks = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    longest_first = sorted(set(secrets), key=lambda secret: (-len(secret), secret))
    assert _fed(Masker(secrets), chunks) == re.sub(b"|".join(map(re.escape, longest_first)), MASK, stream)


def test_a_secret_right_behind_one_whose_end_looks_like_a_beginning_is_masked() -> None:
    secrets = [b"aaaaaaaaba", b"aaaaaaaaabab"]
    assert _fed(Masker(secrets), [secrets[0] * 2]) == MASK * 2


@given(chunks=st.lists(st.binary(max_size=200), max_size=8), secret=st.binary(min_size=1, max_size=64))
@settings(deadline=None)  # a shared machine is no measure
def test_arbitrary_bytes_keep_their_order_and_value_around_the_mask(chunks: list[bytes], secret: bytes) -> None:
    assert _fed(Masker([secret]), chunks) == b"".join(chunks).replace(secret, MASK)


def test_a_line_without_a_beginning_of_a_secret_is_not_held_back() -> None:
    masker = Masker([b"hunter2-hunter2"])
    assert masker.feed(b"progress 10 %\n") == b"progress 10 %\n"
    assert masker.feed(b"x hunter2") == b"x "
    assert masker.feed(b"!\n") == b"hunter2!\n"


def test_a_secret_of_expression_characters_is_taken_literally() -> None:
    assert masked(b"a].*[b and a]..[b", [b"a].*[b"]) == b"*** and a]..[b"
    assert masked(b"^-]\\", [b"^", b"-", b"]", b"\\"]) == MASK * 4


def test_no_secrets_leaves_every_byte() -> None:
    assert masked(bytes(range(256)), []) == bytes(range(256))
    assert masked(b"abc", [b""]) == b"abc"
