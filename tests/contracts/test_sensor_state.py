"""What every SensorState promises, on disk and in memory."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from attune_agent.state.sensor_memory import MemorySensors, SensorDisk
from attune_agent.state.sensor_port import SensorState
from attune_agent.state.sensor_records import LoadedSensors, Poll, SensorRun
from attune_agent.state.sqlite import SqliteState
from attune_core.wire.sensors import SensorAssignment


class Lives:
    """One state through restarts of its agent."""

    def __init__(self, kind: str, place: Path) -> None:
        self._kind, self._place, self._disk = kind, place, SensorDisk()
        self._open: SqliteState | None = None
        self.state: SensorState = self._begin()

    async def again(self) -> LoadedSensors:
        """End this life and begin the next; return what it finds."""
        await self.end()
        self.state = self._begin()
        return self.state.load()

    async def end(self) -> None:
        if self._open is not None:
            await self._open.close()

    def _begin(self) -> SensorState:
        if self._kind == "memory":
            return MemorySensors(self._disk)
        self._open = SqliteState(self._place / "agent.sqlite", instance="one")
        return self._open.sensors


@pytest.fixture(params=["memory", "sqlite"])
async def lives(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Lives]:
    it = Lives(str(request.param), tmp_path)
    yield it
    with suppress(ValueError):
        await it.end()


def assigned(name: str, **keys: object) -> SensorAssignment:
    document = {"sensor": f"web.{name}", "pack": "web", "digest": "0" * 64, "revision": "r", "fingerprint": "f" * 64, "mode": "poll"}
    return SensorAssignment.model_validate({**document, "config": {"a": [1, None]}, "secrets": {"token": "web_token"}, **keys})


def run(name: str, sensor: str = "web.disk", **keys: object) -> SensorRun:
    return replace(SensorRun(run=name, sensor=sensor, fingerprint="f", state_id="journal"), **keys)  # type: ignore[arg-type]  # the record's own names


async def test_a_new_state_has_none(lives: Lives) -> None:
    loaded = await lives.again()
    assert (list(loaded.assigned), list(loaded.runs), dict(loaded.polls)) == ([], [], {})


async def test_what_is_assigned_is_replaced_as_a_whole(lives: Lives) -> None:
    await lives.state.assign([assigned("disk"), assigned("load", every=60.0)])
    assert list((await lives.again()).assigned) == [assigned("disk"), assigned("load", every=60.0)]
    await lives.state.assign([assigned("load")])
    assert list((await lives.again()).assigned) == [assigned("load")]


async def test_runs_come_back_in_the_order_in_which_they_began(lives: Lives) -> None:
    for name in ("b", "a", "c"):
        await lives.state.begin(run(name, poll=name == "a", digest=name * 64))
    assert list((await lives.again()).runs) == [run(name, poll=name == "a", digest=name * 64) for name in ("b", "a", "c")]


async def test_a_run_moves_on_ends_and_is_dropped(lives: Lives) -> None:
    await lives.state.begin(run("a"))
    await lives.state.advance("a", 70, skipping=True)
    assert list((await lives.again()).runs) == [run("a", offset=70, skipping=True)]
    await lives.state.advance("a", 80, skipping=False)
    await lives.state.end("a", 99)
    assert list((await lives.again()).runs) == [run("a", offset=80, length=99)]
    await lives.state.drop("a")
    assert list((await lives.again()).runs) == []


async def test_what_a_poll_returned_is_stored_with_its_end_or_with_its_going(lives: Lives) -> None:
    await lives.state.assign([assigned("disk"), assigned("load")])
    await lives.state.begin(run("a"))
    await lives.state.begin(run("b", "web.load"))
    await lives.state.end("a", 10, Poll(state='{"at":1}', began=5.0))
    await lives.state.drop("b", Poll(state="7", began=6.0))
    loaded = await lives.again()
    assert dict(loaded.polls) == {"web.disk": Poll(state='{"at":1}', began=5.0), "web.load": Poll(state="7", began=6.0)}
    assert [one.run for one in loaded.runs] == ["a"]


async def test_what_a_poll_returned_goes_with_its_assignment(lives: Lives) -> None:
    """Another agent has run it meanwhile when it comes back."""
    await lives.state.assign([assigned("disk"), assigned("load")])
    for sensor in ("web.disk", "web.load"):
        await lives.state.begin(run(sensor, sensor))
        await lives.state.drop(sensor, Poll(state="1", began=1.0))
    await lives.state.assign([assigned("load")])
    assert set((await lives.again()).polls) == {"web.load"}


async def test_words_about_a_run_that_is_gone_change_nothing(lives: Lives) -> None:
    await lives.state.advance("gone", 5, skipping=False)
    await lives.state.end("gone", 5, Poll(state="1"))
    await lives.state.drop("gone", Poll(state="1"))
    loaded = await lives.again()
    assert (list(loaded.runs), dict(loaded.polls)) == ([], {})
