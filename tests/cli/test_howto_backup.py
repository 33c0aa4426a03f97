"""docs/howto/backup-and-restore.md, typed: every command of the page, on a real store."""

import asyncio
from pathlib import Path

from attune_controller.store.records.credentials import JoinToken
from attune_controller.store.sqlite.store import open_sqlite_store
from tests.cli.commands import attune
from tests.controller.store.making import agent, plan_some
from tests.pages import blocks, typed


async def a_controller(state: Path) -> None:
    store = await open_sqlite_store(state / "store")
    await plan_some(store, "a")
    await store.add_join_token(JoinToken(token_hash="t", name="web1", labels={}, expires_at=1000.0))
    await store.enrol(agent(), "t", 500.0)
    await store.close()
    (state / "ca").mkdir()
    (state / "ca/key.pem").write_text("key")
    (state / "admin-token").write_text("token")


async def test_the_page_is_true(tmp_path: Path) -> None:
    await a_controller(tmp_path / "var/lib/attune-controller")
    (tmp_path / "backup").mkdir()
    count = 0
    for kind, block in blocks("backup-and-restore.md"):
        assert kind == "console"
        for command, printed in typed(block):
            name, *arguments = command.split()
            assert name == "attune"
            here = [f"{tmp_path}{word}" if word.startswith("/") else word for word in arguments]
            done = await asyncio.to_thread(attune, *here, cwd=tmp_path)
            assert done.returncode == 0, done.stderr
            words = [line.split("  ")[0].split(": ")[0] for line in printed.strip().splitlines()]
            assert [line.replace(str(tmp_path), "").split("  ")[0].split(": ")[0] for line in done.stdout.strip().splitlines()] == words
            count += 1
    assert count == 4
