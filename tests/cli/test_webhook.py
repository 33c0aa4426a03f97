"""`attune webhook` beyond its page: forms, Slack's empty answer, what standard input cannot be twice, and mistakes of whoever types."""

import asyncio
import json
from pathlib import Path

import pytest
import typer

from attune_cli.commands.webhook import list_webhooks, send, show, try_payload
from attune_cli.errors import BadArgument
from attune_cli.hook_request import body_of, headers_of, sendable
from attune_core.models.webhook import WebhookDocument
from tests.controller.http.house import House

SECRET = b"shared with Slack"
BUTTON = """verify: slack
secret: ${{ controller.secrets.slack }}
trigger: chat.pressed
body: form
field: payload
"""
FILES = {
    "attune.yaml": 'format: 1\nattune: ">=0.1"\n',
    "packs/chat/pack.yaml": "name: chat\nversion: 1.0.0\ndescription: What people press\n",
    "packs/chat/triggers/pressed.yaml": (
        "description: A button is pressed\ndata: {type: object, required: [button], properties: {button: {type: string}}}\n"
    ),
    "webhooks/slack.yaml": BUTTON,
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "packs"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "pressed.json").write_text('{"button": "roll back ü"}')
    (tmp_path / "secret").write_bytes(SECRET)
    return root


def _document(**keys: str) -> WebhookDocument:
    return WebhookDocument.model_validate({"verify": "slack", "secret": "${{ controller.secrets.s }}", "trigger": "a.b", **keys})


async def test_a_button_of_slack_is_sent_as_a_form_and_answered_with_nothing(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    house = House(tmp_path / "controller")
    house.write_secret("slack", SECRET)
    house.activate(FILES)
    async with house.client() as client:
        profiles = tmp_path / "configuration" / "attune" / "profiles"
        profiles.mkdir(parents=True)
        (profiles / "default.json").write_text(json.dumps({"url": str(client.base_url), "authority": "", "token": ""}))
        (profiles / "default.json").chmod(0o600)
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
        payload = str(repository / "pressed.json")
        with pytest.raises(typer.Exit) as ended:
            await asyncio.to_thread(send, "slack", payload, secret_file=tmp_path / "secret", path=repository)
    assert ended.value.exit_code == 0
    assert capsys.readouterr().out == "200: accepted\n"
    event = await house.store.event(1)
    assert event is not None
    assert (event.new.type, event.new.data) == ("chat.pressed", {"button": "roll back ü"})


def test_a_webhook_is_shown_with_the_names_of_its_secrets_and_who_listens(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show("slack", path=repository)
    shown = capsys.readouterr().out
    assert [line.split(None, 1)[0] for line in shown.splitlines()] == [
        *("webhook", "address", "body", "verify", "secrets", "times", "repeated", "trigger", "each", "declared")
    ]
    assert "POST /hooks/slack" in shown
    assert "a form, its field payload, at most 1 MiB" in shown
    assert "chat.pressed: no rule" in shown
    show("slack", path=repository, json=True)
    told = json.loads(capsys.readouterr().out)
    assert (told["secrets"], told["rules"], told["document"]["field"]) == (["slack"], {"chat.pressed": []}, "payload")
    with pytest.raises(BadArgument, match="there is no webhook 'slakc' here"):
        show("slakc", path=repository)


def test_payload_and_secret_are_not_both_read_from_standard_input(repository: Path) -> None:
    with pytest.raises(BadArgument, match="cannot both come from standard input"):
        send("slack", "-", path=repository)


def test_an_empty_secret_signs_nothing(tmp_path: Path, repository: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\n")
    with pytest.raises(BadArgument, match="the secret is empty"):
        send("slack", str(repository / "pressed.json"), secret_file=tmp_path / "secret", path=repository)


def test_a_secret_that_is_not_there_is_not_called_a_payload(tmp_path: Path, repository: Path) -> None:
    with pytest.raises(BadArgument, match="No such file") as missing:
        send("slack", str(repository / "pressed.json"), secret_file=tmp_path / "none", path=repository)
    assert "with the secret" in str(missing.value.hint)


def test_another_name_or_a_header_without_a_colon_is_said(repository: Path) -> None:
    with pytest.raises(BadArgument, match="there is no webhook 'slak' here") as unknown:
        try_payload("slak", str(repository / "pressed.json"), path=repository)
    assert unknown.value.hint == "did you mean 'slack'?"
    with pytest.raises(BadArgument, match="not a header"):
        headers_of(["X-Slack"], _document())
    with pytest.raises(BadArgument, match="visible ASCII") as unsendable:
        sendable({"x-gitlab-token": "geheim-ü"})
    assert "geheim" not in unsendable.value.message


def test_what_would_be_a_dead_letter_ends_with_1(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "other.json").write_text("{}")
    with pytest.raises(typer.Exit) as ended:
        try_payload("slack", str(repository / "other.json"), path=repository)
    assert ended.value.exit_code == 1
    assert '"button" is a required property' in capsys.readouterr().out


def test_the_list_has_the_same_content_as_json(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    list_webhooks(repository, json=True)
    assert json.loads(capsys.readouterr().out) == [
        {
            "name": "slack",
            "path": "webhooks/slack.yaml",
            "address": "/hooks/slack",
            "verify": "slack",
            "secrets": ["slack"],
            "triggers": ["chat.pressed"],
        }
    ]


def test_a_form_carries_the_payload_in_its_field_or_as_its_fields() -> None:
    assert body_of(b'{"a": 1}', _document()) == b'{"a": 1}'
    assert body_of(b'{"a": 1}', _document(body="form", field="payload")) == b"payload=%7B%22a%22%3A+1%7D"
    assert body_of(b'{"a": "1 2"}', _document(body="form")) == b"a=1+2"
    with pytest.raises(BadArgument, match="an object of texts"):
        body_of(b'{"a": 1}', _document(body="form"))
