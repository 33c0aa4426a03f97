"""A traceparent is carried on as it is, and what is none is not."""

import pytest

from attune_core.traces import traceparent_of

FINE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize("text", [FINE, FINE.replace("00-", "cc-", 1), FINE[:-2] + "00"])
def test_one_that_is_well_formed_stays(text: str) -> None:
    assert traceparent_of(text) == text


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        FINE.upper(),
        FINE + "-more",
        FINE + "\n",
        FINE.replace("00-", "ff-", 1),
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-0af7651916cd43dd8448eb211c80319c-{'0' * 16}-01",
        FINE + FINE,
        "x\ny",
    ],
)
def test_what_is_none_is_as_good_as_not_sent(text: str | None) -> None:
    assert traceparent_of(text) == ""
