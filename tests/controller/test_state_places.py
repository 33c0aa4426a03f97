"""Places on which a state directory is refused."""

import fcntl
from pathlib import Path

import pytest

from attune_agent import app as agent_app
from attune_agent.errors import StateOnNetwork as AgentOnNetwork
from attune_agent.settings import parse_flags, read_settings
from attune_controller import app
from attune_controller.errors import StateOnNetwork
from attune_controller.settings import ControllerSettings
from attune_controller.store.errors import LocksMissing, StoreLocked
from attune_controller.store.sqlite.store import open_sqlite_store
from attune_core.ports import SystemClock, SystemRandom


async def test_a_network_file_system_is_refused_unless_the_settings_take_the_risk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "network_disk", lambda _place: "nfs4")
    document = {"state": str(tmp_path), "repository": {"url": "https://git.example.org/x"}, "public": {"listen": "127.0.0.1:0"}}
    document["agents"] = {"listen": "127.0.0.1:0"}
    with pytest.raises(StateOnNetwork, match="lies on nfs4"):
        await app.build(ControllerSettings.model_validate(document), SystemClock(), SystemRandom())
    assert list(tmp_path.iterdir()) == []
    store = await open_sqlite_store(tmp_path / "store")
    with pytest.raises(StoreLocked):  # that far it comes
        await app.build(ControllerSettings.model_validate(document | {"allow_network_state": True}), SystemClock(), SystemRandom())
    await store.close()


def test_an_agent_does_not_start_there_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_app, "network_disk", lambda _place: "cifs")
    with pytest.raises(AgentOnNetwork, match="lies on cifs"):
        agent_app.build(read_settings(parse_flags(["run", "--state", str(tmp_path)]), {}))


async def test_a_file_system_that_gives_a_lock_twice_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lock_nothing(_descriptor: int, _how: int) -> None:
        return

    monkeypatch.setattr(fcntl, "flock", lock_nothing)
    with pytest.raises(LocksMissing):
        await open_sqlite_store(tmp_path / "store")
