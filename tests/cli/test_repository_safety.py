"""Whatever a pack repository, git, an event, this host or a controller that is followed says, a terminal shows text."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from attune_cli import watching
from attune_cli.changes import Disconnected
from attune_cli.client import Client
from attune_cli.doctor.findings import Finding, Judgement, Level
from attune_cli.errors import ControllerUnreachable
from tests.cli.hostile import EVIL, Shown, harm_in, on_terminal
from tests.cli.served import write_profile
from tests.cli.test_terminal_safety import HostileClient
from tests.cli.working_copy import RULE, WorkingCopy

#: EVIL as JSON may have it.
DATA = EVIL.replace("\0", "")
#: EVIL as YAML may have it between double quotes.
QUOTED = '"' + "".join(f"\\U{ord(each):08x}" for each in DATA) + '"'
#: What of it a document may hold, because one can see it.
SEEN = EVIL[EVIL.index("[bold]") : EVIL.index(" \U000e0041")]
#: Parts of it that a file's and a branch's name may have.
NAMES = ["H!\x1b[7;35mred\x1b]0;title\x07", "\x9b31m\r\n\x08\x7fx", "\u202eesrever\u202c\u200b\u2066", "[bold]loud ##[error]x 網路e\u0301"]
BRANCH = "\u202eesrever\u200b\u0085網路e\u0301"
#: What rich sends to draw a screen of its own.
DRAWING = r"\x1b\[(?:\?1049[hl]|\?25[hl]|H|2K|\d*[ABCDG]|[\d;]*m)|\r"

RULE_TEST = f"""
description: '{SEEN}'
cases:
  - name: '{SEEN}'
    events:
      - trigger: web.alert
        data: {{unit: '{SEEN}', severity: high, host: '{SEEN}'}}
    expect:
      - rule: web.restart_on_alert
        action: web.restart
        input: {{unit: '{SEEN}', token: '${{{{ secrets.web_token }}}}'}}
        agents: {{role: '{SEEN}'}}
  - name: 'another {SEEN}'
    events:
      - trigger: web.alert
        data: {{unit: web_a, severity: high, host: '{SEEN}'}}
    expect: []
"""


class Runs:
    """A repository whose every text is hostile, and commands in it, on terminals of two widths."""

    def __init__(self, copy: WorkingCopy, monkeypatch: pytest.MonkeyPatch) -> None:
        self.copy, self._monkeypatch = copy, monkeypatch

    def write(self, path: str, text: str) -> None:
        file = self.copy.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="")

    def shows_text(self, *words: str, besides: str = r"\r(?=\n)") -> str:
        """Run a command and return what it showed, which was text besides what the pattern finds."""
        return "".join(self._shows_text(words, columns, besides) for columns in (40, 100))

    def _shows_text(self, words: tuple[str, ...], columns: int, besides: str) -> str:
        shown: Shown = on_terminal(*words, columns=columns, monkeypatch=self._monkeypatch)
        screen = re.sub(besides, "", shown.screen)
        assert not harm_in(screen + shown.beside), words
        assert "##[" not in screen + shown.beside, words
        assert "ATT900" not in shown.beside, shown.beside
        return screen + shown.beside


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    copy = WorkingCopy(tmp_path / "repository")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(copy.root)
    return Runs(copy, monkeypatch)


def test_mistakes_in_hostile_documents(run: Runs) -> None:
    run.write(
        "packs/web/rules/keys.yaml",
        f"description: {QUOTED}\ntrigger: {QUOTED}\n{QUOTED}: {QUOTED}\naction: {QUOTED}\nagents: {{{QUOTED}: {QUOTED}}}\n",
    )
    run.write("packs/web/rules/when.yaml", f"description: x\ntrigger: web.alert\naction: web.restart\nwhen: {QUOTED}\n")
    run.write(
        "packs/web/rules/parts.yaml",
        f"description: x\ntrigger: web.alert\naction: web.restart\ninput: {{unit: 'a${{{{ {NAMES[2]} }}}}'}}\n",
    )
    run.write("packs/web/triggers/raw.yaml", EVIL)
    run.write("packs/web/actions/raw.yaml", f"description: {NAMES[3]}\nrun: [{NAMES[2]}\n")
    run.write("webhooks/raw.yaml", f"verify: {QUOTED}\nsecret: {QUOTED}\ntrigger: {QUOTED}\n")
    assert "\\u202e" in run.shows_text("validate")
    assert "##\\x5berror]" in run.shows_text("validate", "--changed", "HEAD..")
    for form in ("github", "gitlab", "sarif"):
        run.shows_text("validate", "--format", form)
    run.copy.commit()
    for words in ("trigger list", "webhook list", "test", "plan HEAD~1.. --events /dev/null", "rule test web.keys {}"):
        assert "\\u202e" in run.shows_text(*words.split())


def test_hostile_names_of_files(run: Runs) -> None:
    for name in NAMES:
        run.write(f"packs/web/rules/{name}.yaml", "x: 1\n")
        run.write(f"packs/{name}/pack.yaml", "x: 1\n")
    run.copy.commit()
    for words in ("validate", "validate --changed HEAD~1..", "trigger list", "test", "plan HEAD~1.. --events /dev/null"):
        shown = run.shows_text(*words.split())
        assert all(part in shown for part in ("H!\\x1b", "\\x9b31m", "\\u202e", "##\\x5berror]")), words


def test_what_is_right_and_hostile_all_the_same(run: Runs) -> None:
    run.copy.replace(RULE, "A failing unit is restarted on the host that reported it", "x")
    run.write("packs/web/tests/evil.yaml", RULE_TEST)
    run.copy.git("checkout", "--quiet", "-b", BRANCH)
    run.copy.replace(RULE, "${{ event.data.unit }}", f"'{SEEN}${{{{ event.data.unit }}}}'")
    run.copy.replace("packs/web/actions/restart.yaml", ', pattern: "^[a-z0-9@._-]+$"', "")
    run.copy.git("add", "--all")
    run.copy.git("-c", f"user.name={NAMES[2]}", "commit", "--quiet", "-m", DATA)
    told = NAMES[2] + SEEN
    event = {"specversion": "1.0", "id": told, "source": told, "type": "web.alert", "subject": told, "time": "2026-01-01T00:00:00Z"}
    data = {"unit": f"web_{DATA}", "severity": "critical", "host": DATA}
    high = event | {"data": data | {"severity": "high"}}
    run.write("events.ndjson", "".join(json.dumps(one) + "\n" for one in (event | {"data": data}, high | {"id": "2"})))
    run.write("wrong.ndjson", json.dumps(high | {"id": DATA, DATA: DATA}) + "\n" + EVIL)
    run.write("payload.json", json.dumps({"ref": DATA, DATA: DATA}))
    assert "##\\x5berror]" in run.shows_text("test")
    assert "\\u202e" in run.shows_text("plan", f"main..{BRANCH}", "--events", "events.ndjson")
    assert "\\u001b" in run.shows_text("rule", "test", "web.restart_on_alert", json.dumps(data))
    run.shows_text("rule", "test", "web.restart_on_alert", "@events.ndjson", "--line", "1")
    run.shows_text("rule", "test", "web.restart_on_alert", "@wrong.ndjson", "--line", "1")
    run.shows_text("plan", "main..", "--events", "wrong.ndjson")
    run.shows_text("rule", "test", DATA, json.dumps(data))
    run.shows_text("trigger", "list")
    run.shows_text("webhook", "list")
    run.write("webhooks/evil.yaml", f"description: '{SEEN}'\nverify: none\nunverified: true\ntrigger: web.alert\nid: '{SEEN}'\n")
    assert "##\\x5berror]" in run.shows_text("webhook", "show", "evil")
    run.shows_text("webhook", "show", DATA)
    delivery = ("--header", "X-GitHub-Event:push", "--header", f"X-GitHub-Delivery:{DATA}")
    run.shows_text("webhook", "test", "github", "--payload", "payload.json", *delivery)
    run.shows_text("webhook", "test", DATA, "--payload", "payload.json")
    run.shows_text("trigger", "infer", "--from", "events.ndjson", "--trigger", "web.alert")


@pytest.fixture
def asking(run: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    write_profile(tmp_path, "http://127.0.0.1:9")
    monkeypatch.setattr(Client, "get", HostileClient.get)
    return run


def test_the_screen_of_top(asking: Runs) -> None:
    assert "H!\\x1b" in asking.shows_text("top", "-n", "1", besides=DRAWING)


def test_what_follows_an_execution(asking: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    away = Disconnected(ControllerUnreachable(EVIL), 1.0)
    monkeypatch.setattr(watching, "watch_changes", lambda *_words, **_more: iter([away]))
    assert "H!\\x1b" in asking.shows_text("execution", "watch", "1", besides="[\r\t]")


def test_what_the_doctor_finds(asking: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {field.name: EVIL for field in fields(Judgement) if field.name != "level"}
    found = [Finding(code=EVIL, program=EVIL, judgement=Judgement(level=level, **texts)) for level in Level]
    monkeypatch.setattr("attune_cli.doctor.table.examine", lambda _here: found)
    assert "H!\\x1b" in asking.shows_text("doctor")
