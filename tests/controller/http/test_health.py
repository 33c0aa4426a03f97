"""/health and /ready on the public listener: for everybody, without a secret, and true."""

import pytest

from attune_controller.reconcile.active import ActiveCatalog
from tests.controller.http.house import House


async def test_everybody_may_ask_and_hears_nothing_else(house: House) -> None:
    async with house.client() as client:
        health, ready = await client.get("/health"), await client.get("/ready")
    assert (health.status_code, health.json()) == (200, {"status": "ok"})
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "reasons": []})


async def test_without_a_revision_or_room_it_is_not_ready(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    object.__setattr__(house.parts, "active", ActiveCatalog())
    monkeypatch.setattr(type(house.store), "alarm", "the disk of the store is full: /secret/place")
    async with house.client() as client:
        ready = await client.get("/ready")
    assert (ready.status_code, ready.json()["reasons"]) == (503, ["the disk of the store is full", "no revision is active"])
    assert "/secret" not in ready.text
