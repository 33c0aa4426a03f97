"""Completion typed into real shells on a real terminal: bash, zsh and fish load the script that is printed, and Tab does the rest."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cli.completion.test_answering import TEMPLATE
from tests.cli.served import served
from tests.controller.http.executions import plan
from tests.controller.http.house import House
from tests.tmux import Pane, terminal

#: Shell -> how it starts without anybody's files, and how it loads the script, as `attune completion --help` says.
SHELLS = {
    "bash": (["bash", "--norc", "-i"], 'eval "$(attune completion bash)"'),
    "zsh": (["zsh", "-f", "-i"], 'eval "$(_ATTUNE_COMPLETE=source_zsh attune)"'),
    "fish": (["fish", "--no-config", "-i"], "attune completion fish | source"),
}


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Path]:
    (tmp_path / "house").mkdir()
    house = House(tmp_path / "house")
    for number in range(12):
        await plan(house.store, str(number))
    async with served(house, tmp_path, "read"):
        yield tmp_path


@pytest.mark.parametrize("shell", SHELLS)
async def test_a_shell_completes_commands_options_live_names_and_files(shell: str, home: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    await asyncio.to_thread(use, shell, home)


def use(shell: str, home: Path) -> None:
    start, load = SHELLS[shell]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    with terminal(start, cwd=TEMPLATE, env={"PATH": path, "HOME": str(home), "LANG": "C.UTF-8", "PS1": "$ "}) as pane:
        pane.type(f"{load}; echo is_$((40 + 2))" if shell != "fish" else f"{load}; echo is_(math 40 + 2)")
        pane.press("Enter")
        pane.shows("is_42")
        for typed, then in (
            ("attune exec", "attune execution"),
            ("attune action run hel", "attune action run hello.greet"),
            ("attune execution show 1", "12"),
            ("attune event list --status=dead", "attune event list --status=dead_letter"),
            ("attune validate pac", "attune validate packs/"),
        ):
            complete(pane, typed, then)


def complete(pane: Pane, typed: str, then: str) -> None:
    pane.press("C-u")
    pane.type(typed)
    pane.shows(typed)
    pane.press("Tab", "Tab")
    pane.shows(then)
