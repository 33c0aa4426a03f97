"""Lists of events on disk: a page looks at a stretch, whatever it finds there, and the next one goes on behind it."""

from dataclasses import replace
from pathlib import Path

import pytest

from attune_controller.store.records.events import EventFilter
from attune_controller.store.sqlite import listed
from attune_controller.store.sqlite.store import open_sqlite_store
from tests.controller.store.making import event


async def test_a_page_looks_at_no_more_than_its_stretch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listed, "SEARCH_STRETCH", 4)
    store = await open_sqlite_store(tmp_path)
    await store.accept_events([replace(event(f"{number}"), subject="needle" if number == 1 else "hay") for number in range(10)])
    pages: list[list[int]] = []
    before = None
    while len(pages) < 9:
        page = await store.events(before=before, limit=5, where=EventFilter(search="needle"))
        pages.append([one.position for one in page.events])
        if (before := page.next) is None:
            break
    await store.close()
    assert pages == [[], [], [2]]


async def test_a_page_ends_when_it_has_looked_at_its_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listed, "RECORDED_BYTES", 1000)
    store = await open_sqlite_store(tmp_path)
    await store.accept_events([event(f"{number}", data="x" * 600) for number in range(4)])
    page = await store.events(before=None, limit=5, where=EventFilter(search="needle"))
    whole = await store.events(before=None, limit=5, where=EventFilter(source=event("0").source))
    await store.close()
    assert (list(page.events), page.next) == ([], 3)
    assert (len(whole.events), whole.next) == (4, None), "data that are not searched cost nothing"
