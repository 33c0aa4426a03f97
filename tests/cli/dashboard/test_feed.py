"""What the feed collects between two ticks."""

from collections.abc import Iterable

import pytest

from attune_cli.changes import Change
from attune_cli.dashboard.feed import Feed
from attune_core.wire.changes import EventChange


class Ended(Exception):
    """Nothing more comes."""


def told(position: int, status: str) -> EventChange:
    return EventChange(position=position, id=f"{position}", source="s", type="web.alert", status=status)


def test_an_event_counts_once_whether_it_is_told_as_it_came_or_only_as_planned() -> None:
    def watch() -> Iterable[Change]:
        yield from (told(1, "accepted"), told(1, "planned"), told(2, "planned"), told(3, "dead_letter"))
        raise Ended

    feed = Feed(watch)
    with pytest.raises(Ended):
        feed.follow()
    assert feed.take().events == 3
