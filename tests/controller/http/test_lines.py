"""A body of lines is the same lines however it is cut, and holds no more than one of them in memory."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterable

from hypothesis import given
from hypothesis import strategies as st

from attune_controller.http.many import lines_of


async def _chunks(parts: Iterable[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def read(parts: Iterable[bytes], limit: int) -> list[bytes | None]:
    async def all_of_them() -> list[bytes | None]:
        return [line async for line in lines_of(_chunks(parts), limit)]

    return asyncio.run(all_of_them())


@given(
    st.lists(st.binary(max_size=12).filter(lambda line: b"\n" not in line), max_size=8),
    st.lists(st.integers(0, 80), max_size=9),
    st.booleans(),
)
def test_however_it_is_cut(lines: list[bytes], cuts: list[int], ended: bool) -> None:  # noqa: FBT001 - hypothesis gives it
    body = b"\n".join(lines) + (b"\n" if ended and lines else b"")
    places = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})
    parts = [body[start:end] for start, end in itertools.pairwise(places)]
    expected = [line if len(line) <= 8 else None for line in body.split(b"\n")]
    assert read(parts, 8) == (expected if expected[-1] != b"" else expected[:-1])
