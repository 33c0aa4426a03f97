"""Which words a shell is offered: from the table of commands, the files around it and a controller; nothing, where there is none."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typer.main import get_command

from attune_cli.completion.answering import PATIENCE, lines_for
from attune_cli.completion.meanings import EXCEPTIONS, PARAMETERS
from attune_cli.main import app
from tests.cli.commands import attune
from tests.cli.commands_table import every_command
from tests.cli.served import enrol, served, write_profile
from tests.controller.http.executions import plan
from tests.controller.http.house import House
from tests.controller.store.making import agent

TEMPLATE = Path(__file__).resolve().parents[3] / "packs-template"

#: What is typed -> what is offered for its last word, in the template's folder and beside a controller with two executions.
OFFERED = {
    "val": ["validate"],
    "execution ": ["list", "show", "logs", "watch", "tree", "rerun", "cancel"],
    "execution show ": ["2", "1"],
    "execution list --agent ": ["web1"],
    "execution list --agent=": ["--agent=web1"],
    "execution list --state=time": ["--state=timed_out"],
    "action run h": ["hello.greet"],
    "action run web.": ["web.restart"],
    "action run hello.greet --agent ": ["name=web1", "role=web"],
    "rule test hello.greet_b": ["hello.greet_by_hand"],
    "event send ": ["github.push", "hello.greeting", "web.alert"],
    "event show ": ["2", "1"],
    "explain queue_f": ["queue_full"],
    "explain execution ": ["2", "1"],
    "agent cordon ": ["web1"],
    "agent invite ": [],
    "webhook test ": ["github"],
    "pack lock ": ["github", "hello"],
    "plan --format ": ["text", "json", "markdown"],
    "validate --format=sa": ["--format=sarif"],
    "schema ru": ["rule"],
    "event list --ty": ["--type"],
    "event list --profile ": ["default"],
    "validate ": [":files"],
}


def offered(line: str, shell: str = "fish") -> list[str]:
    return [one.partition("\t")[0] for one in lines_for(shell, line.split(" "), get_command(app))]


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    (tmp_path / "house").mkdir()
    house = House(tmp_path / "house")
    await enrol(house, agent())
    await plan(house.store, "1", agents=("web1",))
    await plan(house.store, "2", agents=("web1",))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("ATTUNE_PROFILE", raising=False)
    monkeypatch.chdir(TEMPLATE)
    async with served(house, tmp_path, "read"):
        yield house


async def test_commands_options_and_live_names_are_offered(house: House) -> None:
    for line, words in OFFERED.items():
        found = await asyncio.to_thread(offered, line)
        assert found[: len(words)] == words if words else not found, line


async def test_what_a_shell_would_read_something_into_is_not_offered(house: House) -> None:
    evil = {"role": "web; rm -rf ~", "x": "$(touch /tmp/x)", "y": "a\x1b[31m", "z": "`id`", "w": "new\nline"}
    await enrol(house, agent("web2", labels=evil))
    assert await asyncio.to_thread(offered, "action run web.restart --agent ") == ["name=web1", "role=web", "name=web2"]


async def test_what_is_said_of_a_word_is_one_harmless_line(house: House) -> None:
    lines = await asyncio.to_thread(lambda: list(lines_for("zsh", ["execution", "show", ""], get_command(app))))
    assert lines[0] == "2\tweb.restart web1"
    assert all(character == "\t" or character.isprintable() for line in lines for character in line)


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        (["execution", "list", "--state", "=", "time"], ["timed_out"]),
        (["execution", "list", "--state", "="], ["accepted", "queued"]),
        (["action", "run", "'hello.g"], ["hello.greet"]),
        (["explain", "queue_"], ["queue_full"]),
    ],
)
def test_bash_gets_the_part_of_a_word_that_it_still_lacks(pieces: list[str], words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(TEMPLATE)
    monkeypatch.setenv("HOME", "/nowhere")
    found = [line.partition("\t")[0] for line in lines_for("bash", pieces, get_command(app))]
    assert found[: len(words)] == words


def test_without_a_server_nothing_is_offered_nothing_is_said_and_nobody_waits(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:  # takes the connection and never answers
        write_profile(tmp_path, f"http://127.0.0.1:{mute.getsockname()[1]}")
        began = time.monotonic()
        done = attune("execution", "show", "", cwd=tmp_path, env={"_ATTUNE_COMPLETE": "zsh"}, timeout=PATIENCE + 20)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert time.monotonic() - began < PATIENCE + 15
    for content in ("{", '{"url": "http://[::1", "authority": "x", "token": ""}'):
        (tmp_path / ".config/attune/profiles/default.json").write_text(content)
        done = attune("agent", "cordon", "", cwd=tmp_path, env={"_ATTUNE_COMPLETE": "bash"})
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_the_tables_name_is_there_and_every_needed_argument_is_in_them() -> None:
    parameters = {(words, parameter.name or "") for words, command in every_command() for parameter in command.params}
    named = {(words.removesuffix(" event").removesuffix(" execution").removesuffix(" agent"), name) for words, name in EXCEPTIONS}
    assert named <= parameters
    assert set(PARAMETERS) <= {name for _, name in parameters}
    names_nothing = {"url", "data", "states", "directory", "file", "environment", "key", "where", "revisions", "path", "shell", "event"}
    for words, command in every_command():
        for parameter in command.params:
            if parameter.param_type_name == "argument" and parameter.name not in names_nothing:
                known = (words, parameter.name or "") in EXCEPTIONS or parameter.name in PARAMETERS
                assert known or words in ("agent invite", "controller token create"), f"{words}: {parameter.name}"
