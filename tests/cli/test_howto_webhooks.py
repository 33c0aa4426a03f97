"""docs/howto/webhooks.md, done by the letter, with a controller's listener that answers what is sent."""

import asyncio
import json
import shutil
from pathlib import Path

from attune_core.shipped import shipped
from tests.controller.http.house import House
from tests.pages import follow

SECRET = b"the secret of every webhook here"


def _files(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text(encoding="utf-8") for path in root.rglob("*") if path.is_file()}


async def test_the_page_says_what_happens(tmp_path: Path) -> None:
    house = House(tmp_path / "controller")
    for name in ("alertmanager", "grafana"):
        house.write_secret(name, SECRET)
    (tmp_path / "secret").write_bytes(SECRET + b"\n")
    (tmp_path / "another").write_bytes(b"another")
    shutil.copytree(shipped("examples") / "payloads", tmp_path / "payloads")
    repository = shutil.copytree(shipped("examples") / "hooks", tmp_path / "hooks")
    house.activate(_files(repository))
    async with house.client() as client:
        _log_in(tmp_path, str(client.base_url))
        followed = await asyncio.to_thread(lambda: list(follow("webhooks.md", repository)))
    for done, printed in followed:
        assert done.stdout + done.stderr == printed, done.args
    assert [done.returncode for done, _ in followed] == [0, 0, 0, 0, 1, 0, 0, 2]


def _log_in(home: Path, url: str) -> None:
    folder = home / ".config" / "attune" / "profiles"
    folder.mkdir(parents=True)
    path = folder / "default.json"
    path.write_text(json.dumps({"url": url, "authority": "", "token": "no service has one"}))
    path.chmod(0o600)
