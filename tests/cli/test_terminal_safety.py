"""Whatever stands in a field, a terminal shows text: hostile documents, through every command that shows any, on captured screens."""

import base64
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import TypeAlias, TypeVar

import pytest
from pydantic import BaseModel

from attune_cli.client import Client
from attune_core.states import Outcome, State
from attune_core.wire.api import Document, ExecutionView, LogView, Page
from attune_core.wire.ingest import EventResult, Fate, ManyRefused
from tests.cli.commands_table import every_command
from tests.cli.hostile import EVIL, filled, harm_in, on_terminal
from tests.cli.served import write_profile

Answer = TypeVar("Answer", bound=BaseModel)
Listed = TypeVar("Listed", bound=Document)
Show: TypeAlias = Callable[[str, int], str]

#: Every command that asks a controller, with the least that it takes.
ASKING = (
    "agent list", "agent cordon web1", "agent uncordon web1", "agent pause web1 --note x", "agent resume web1", "agent drain web1",
    "agent forget web1 --note x --yes", "agent invite web1",
    "event list", "event show 1", "event send web.alert", "event replay 1 --yes", "event replay 1 --dry-run",
    "event import -", "event export",
    "event dead-letter list", "event dead-letter show 1 --data", "event dead-letter retry 1", "event dead-letter drop 1",
    "execution list", "execution show 1", "execution logs 1", "execution logs 1 --stream both", "execution logs 1 -f",
    "execution cancel 1", "execution tree 1", "execution rerun 1",
    "explain event 1", "explain execution 1", "explain agent web1", "explain 7777777",
    "queue list", "queue show web.restart", "queue pause web.restart --note x", "queue resume web.restart", "queue requeue 1",
    "rule list", "rule show web.restart", "sensor list", "sensor show web.disk", "sensor logs web.disk", "throttle list",
    "timer list", "timer show web.nightly",
    "action run web.restart", "action run web.restart --no-wait", "verify order",
    "controller status", "controller token create x --scope read", "controller token list", "controller token remove x",
)  # fmt: skip
#: Those of them that say nothing but numbers and words of ours.
SILENT = (
    "event import -", "event dead-letter drop 1", "execution cancel 1", "execution rerun 1", "queue requeue 1",
    "action run web.restart --no-wait",
    "verify order", "controller token remove x", "event export",
)  # fmt: skip
#: Commands that ask no controller, or whose fields come from the repository: each is in a test below, or shows nothing of others.
OTHERS = {
    "agent install", "agent uninstall", "controller install", "controller uninstall",
    "init", "validate", "schema", "test", "plan", "up", "demo", "login", "completion", "doctor", "dashboard",
    "top", "execution watch", "rule test", "webhook list", "webhook show",
    "webhook test", "webhook send", "trigger list", "trigger infer", "sensor run", "sensor new",
    "timer next", "action new", "action types", "pack lock",
    "agent join", "agent environments list", "agent environments build", "agent environments remove", "agent environments why",
    "store check", "controller run", "controller backup", "controller restore",
}  # fmt: skip


class HostileClient:
    """In the place of a client's methods: answers every question with what it asks for, hostile in each text."""

    @staticmethod
    def get(_client: Client, _path: str, kind: type[Answer], _parameters: object = None) -> Answer:
        return one(kind)

    @staticmethod
    def pages(_client: Client, _path: str, kind: type[Page[Listed]], _parameters: object, *, most: int) -> Iterator[Listed]:
        item: type[Listed] = kind.model_fields["items"].annotation.__args__[0]  # type: ignore[union-attr]  # it is list[Listed]
        yield from [one(item)] * min(2, most)

    @staticmethod
    def post(_client: Client, _path: str, _body: object, kind: type[Answer], **_more: object) -> Answer:
        return one(kind)

    @staticmethod
    def post_lines(_client: Client, _path: str, _body: bytes) -> ManyRefused:
        return filled(ManyRefused, events=[filled(EventResult, n=1, fate=Fate.REFUSED)])


def one(kind: type[Answer]) -> Answer:
    if kind is LogView:
        content = base64.b64encode(EVIL.encode() + b"\xff\xfe\n").decode()
        return filled(kind, content=content, offset=0, total=len(EVIL.encode()) + 3, ended=True, gap=3, missing=False, attempt=1)
    if kind is ExecutionView:
        return filled(kind, state=State.SETTLED, outcome=Outcome.FAILED, attempt=1)
    given = {"next": ""} if "next" in kind.model_fields else {}
    return filled(kind, **given)


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Show]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    write_profile(tmp_path, "http://127.0.0.1:9")
    for name in ("get", "pages", "post", "post_lines"):
        monkeypatch.setattr(Client, name, getattr(HostileClient, name))
    monkeypatch.setattr(Client, "delete", lambda _client, _path: None)

    def show(line: str, columns: int) -> str:
        shown = on_terminal(*line.split(), columns=columns, monkeypatch=monkeypatch)
        kept = "\t" if " logs " in line else "\0"  # a log keeps its tabs
        wrong.extend(f"{line}: {place}" for place in harm_in((shown.screen + shown.beside).replace(kept, "")))
        if "ATT900" in shown.beside:
            wrong.append(f"{line}: {shown.beside}")
        return shown.screen + shown.beside

    wrong: list[str] = []
    yield show
    assert not wrong, wrong[:5]


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_whatever_a_controller_says_a_terminal_shows_text(hostile: Show, columns: int) -> None:
    silent = []
    for line in ASKING:
        shown = re.sub(r"\s", "", hostile(line, columns))
        if "H!\\x1b[7;35m" not in shown:
            silent.append(line)
        elif "[bold]" in shown or "loud" in shown:
            assert "[bold]loud[/bold]" in shown, f"{line}: markup was taken for markup"
    assert sorted(silent) == sorted(SILENT)


def test_every_command_is_in_one_of_the_lists() -> None:
    asking = {" ".join(word for word in line.split() if not word.startswith("-")) for line in ASKING}
    for words, _ in every_command():
        assert words in OTHERS or any(line == words or line.startswith(f"{words} ") for line in asking), words


#: Where a stream is written to, apart from attune_cli/render: each has a reason to be no line of a list, and makes its text safe itself.
WRITERS = {
    "main.py",  # the boundary, which must not need what may be broken
    "completion/answering.py", "commands/completion.py",  # what shells read
    "commands/trigger.py",  # a document
    "local/sensor_run.py", "local/system.py",  # programs' own output, as it comes
    "written.py",  # a file
}  # fmt: skip
_WRITES = re.compile(r"\b(stdout|stderr)(\.buffer)?\.write\(|\bprint\(|\becho\(|from_markup|Console\(")


def test_only_few_modules_write_and_each_of_them_knows_safe_text() -> None:
    root = Path(str(import_module("attune_cli").__file__)).parent
    for path in root.rglob("*.py"):
        place, text = path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")
        if not _WRITES.search(text) or place.startswith("dashboard/"):
            continue
        assert place in WRITERS or place.startswith("render/"), f"{place} writes to a terminal past attune_cli/render"
        safe = ("safe_text", "safe_json", "as_text", "plan_markdown", "plan_lines", "SCRIPTS", "trigger_document", "rich.progress")
        assert any(word in text for word in safe), f"{place} writes what is not safe"
