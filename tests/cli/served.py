"""An operator's home beside a controller in this process, whose public side is served on loopback; used by tests of commands."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from attune_controller.http.app import build_public_app
from attune_controller.store.records.agents import Agent
from attune_controller.store.records.credentials import JoinToken
from tests.controller.http.house import House
from tests.controller.http.serving import listening, port_of


@asynccontextmanager
async def served(house: House, home: Path, *scopes: str) -> AsyncIterator[str]:
    """Serve it, and write the profile `default` below `home`; yield the address."""
    _, token = await house.tokens.create("ops", list(scopes or ("operate",)))
    async with listening(build_public_app(house.parts)) as listener:
        url = f"http://127.0.0.1:{port_of(listener)}"
        write_profile(home, url, token)
        yield url


async def enrol(house: House, one: Agent) -> None:
    """Let an agent have joined."""
    await house.store.add_join_token(JoinToken(token_hash=one.name, name=one.name, labels={}, expires_at=house.clock.time + 9))
    await house.store.enrol(one, one.name, house.clock.time)
    house.fleet.enrolled([one])


def write_profile(home: Path, url: str, token: str = "") -> None:
    """Write the profile `default` below `home`."""
    profile = home / ".config/attune/profiles/default.json"
    profile.parent.mkdir(parents=True, exist_ok=True)
    profile.touch(0o600)
    profile.write_text(json.dumps({"url": url, "authority": "", "token": token}))
