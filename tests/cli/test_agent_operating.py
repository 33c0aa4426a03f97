"""`attune agent cordon|pause|drain` and back, against a real API: what people and programs read, and how a wait ends."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from attune_controller.http.app import build_public_app
from attune_controller.store.records.credentials import JoinToken
from attune_core.marks import MarkKind
from attune_core.wire.agent_frames import Status
from attune_core.wire.api import AgentView
from tests.cli.commands import attune
from tests.controller.http.executions import plan
from tests.controller.http.house import House
from tests.controller.http.serving import listening, port_of
from tests.controller.store.making import agent
from tests.waiting import eventually


@dataclass
class Shell:
    """An operator's shell beside a controller with one agent, web1, that has one execution in hand and one waiting."""

    house: House
    home: Path

    async def attune(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return await asyncio.to_thread(attune, *words, cwd=self.home)

    async def view(self, *words: str) -> AgentView:
        done = await self.attune(*words, "--json")
        assert done.returncode == 0, done.stderr
        return AgentView.model_validate_json(done.stdout)


@pytest.fixture
async def shell(tmp_path: Path) -> AsyncIterator[Shell]:
    house = House(tmp_path)
    await house.store.add_join_token(JoinToken(token_hash="h", name="web1", labels={}, expires_at=house.clock.time + 9))
    await house.store.enrol(agent(), "h", house.clock.time)
    house.fleet.enrolled([agent()])
    await plan(house.store, "1", agents=("web1",))
    await house.store.take_handovers("web1", window=9, window_bytes=1 << 20, limit=1)
    await plan(house.store, "2", agents=("web1",))
    _, token = await house.tokens.create("ops", ["operate"])
    async with listening(build_public_app(house.parts)) as listener:
        profile = tmp_path / ".config/attune/profiles/default.json"
        profile.parent.mkdir(parents=True)
        profile.touch(0o600)
        profile.write_text(json.dumps({"url": f"http://127.0.0.1:{port_of(listener)}", "authority": "", "token": token}))
        yield Shell(house, tmp_path)


async def test_every_command_prints_the_agent_as_json_too(shell: Shell) -> None:
    assert [mark.kind for mark in (await shell.view("agent", "cordon", "web1", "--note", "old kernel")).marks] == ["cordoned"]
    view = await shell.view("agent", "pause", "web1", "--note", "disk swap")
    assert [(mark.kind, mark.note, mark.by, mark.applied) for mark in view.marks] == [
        ("cordoned", "old kernel", "ops", True),
        ("paused", "disk swap", "ops", False),
    ]
    assert [mark.kind for mark in (await shell.view("agent", "resume", "web1")).marks] == ["cordoned"]
    view = await shell.view("agent", "drain", "web1")
    assert ([mark.kind for mark in view.marks], view.in_hand, view.waiting) == (["cordoned", "draining"], 1, 1)
    assert (await shell.view("agent", "uncordon", "web1")).marks == []


async def test_a_pause_that_is_not_confirmed_is_not_called_one(shell: Shell) -> None:
    done = await shell.attune("agent", "pause", "web1", "--note", "disk \x1b[31mswap")
    assert done.stdout.startswith("web1 (unreachable): pausing: disk \\x1b[31mswap by ops since 2")
    assert "web1 has not confirmed it" in done.stdout
    shell.house.fleet.joined("web1")
    shell.house.fleet.said("web1", Status(slots=4, busy=0, paused=True))
    assert "web1 (connected): paused: disk" in (await shell.attune("agent", "pause", "web1", "--note", "disk \x1b[31mswap")).stdout
    assert "paused: disk \\x1b[31mswap by ops" in (await shell.attune("agent", "list")).stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("cordon", "web2"), "did you mean 'web1'?"),
        (("resume", "web 1?"), "no agent 'web 1?' is enrolled; did you mean 'web1'?"),
        (("pause", "web1"), "Missing option '--note'"),
        (("pause", "web1", "--note", "x" * 501), "note: String should have at most 500 characters"),
    ],
)
async def test_a_mistake_is_said_with_its_remedy(shell: Shell, words: tuple[str, ...], says: str) -> None:
    done = await shell.attune("agent", *words)
    assert done.returncode == 2
    assert says in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


async def test_a_wait_for_a_drain_that_somebody_ends_says_so(shell: Shell) -> None:
    waiting = asyncio.create_task(shell.attune("agent", "drain", "web1", "--note", "new disk", "--wait"))
    await eventually(lambda: MarkKind.DRAINING in shell.house.fleet.candidates()[0].marks)
    await shell.house.marking.put("web1", MarkKind.PAUSED, note="x", by="other")
    await shell.house.marking.lift("web1", MarkKind.DRAINING, by="other")
    done = await waiting
    assert done.returncode == 2
    assert "code: ATT544" in done.stderr
    assert "web1 does not drain any more: 1 in hand" in done.stderr


async def test_forgetting_asks_unless_told_not_to_and_says_what_became_of_the_work(shell: Shell) -> None:
    done = await shell.attune("agent", "forget", "web1", "--note", "the host is gone")
    assert done.returncode == 2
    assert "code: ATT651" in done.stderr
    assert (await shell.view("agent", "cordon", "web1")).in_hand == 1
    done = await shell.attune("agent", "forget", "web1", "--note", "the host is gone", "--yes")
    assert (done.returncode, done.stdout) == (0, "web1 is forgotten: 1 lost or rejected, 1 to be placed again\n")
    done = await shell.attune("agent", "forget", "web1", "--note", "again", "--yes", "--json")
    assert done.returncode == 2
    assert "no agent 'web1' is enrolled" in done.stderr
