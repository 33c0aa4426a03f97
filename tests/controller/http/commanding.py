"""The command line beside a served house: a folder with a profile for it."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from attune_controller.http.app import build_public_app
from tests.cli.commands import attune
from tests.controller.http.house import House
from tests.controller.http.serving import listening, port_of


@dataclass
class Here:
    """Where commands run, with a token."""

    place: Path

    async def run(self, *arguments: str, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
        return await asyncio.to_thread(attune, *arguments, cwd=cwd or self.place, home=self.place)


@asynccontextmanager
async def commanding(house: House, place: Path, *scopes: str) -> AsyncIterator[Here]:
    """Serve the house, and give a place from which commands reach it, with a token that may read unless other scopes are named."""
    _, token = await house.tokens.create("reader", scopes or ("read",))
    async with listening(build_public_app(house.parts)) as listener:
        profile = place / ".config" / "attune" / "profiles" / "default.json"
        profile.parent.mkdir(parents=True)
        profile.write_text(json.dumps({"url": f"http://127.0.0.1:{port_of(listener)}", "authority": "", "token": token}))
        profile.chmod(0o600)
        yield Here(place)
