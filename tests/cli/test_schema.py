"""`attune schema`: what editors read, and one key of it in plain words."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from attune_cli.errors import NoSuchSchema
from attune_cli.schema_words import Key, key_at, schema_kinds
from attune_core.json_schema import SchemaValidator
from attune_core.models.schema_export import DOCUMENTS, exported
from attune_core.shipped import shipped
from tests.cli.commands import attune


def test_a_schema_is_printed_as_it_is_shipped(tmp_path: Path) -> None:
    for kind in schema_kinds():
        assert json.loads(attune("schema", kind, cwd=tmp_path).stdout) == json.loads(exported()[f"{kind}.json"])


def test_without_a_kind_all_are_listed(tmp_path: Path) -> None:
    listed = attune("schema", cwd=tmp_path).stdout.split()
    assert listed == sorted({"report", *(model.KIND for model in DOCUMENTS)})
    assert json.loads(attune("schema", "--json", cwd=tmp_path).stdout) == listed


def test_a_key_is_explained_in_plain_words(tmp_path: Path) -> None:
    done = attune("schema", "explain", "action.concurrency.limit", cwd=tmp_path)
    assert done.stdout == (
        "action.concurrency.limit\n"
        "How many executions of one queue may run at once.\n"
        "\n"
        "takes       a whole number, at least 1, at most 1000\n"
        "without it  1\n"
    )


def test_a_key_with_keys_inside_lists_them(tmp_path: Path) -> None:
    shown = attune("schema", "explain", "rule", cwd=tmp_path).stdout
    assert "trigger (required)" in shown
    assert "\nwhen " in shown


@pytest.mark.parametrize(
    ("path", "takes", "required"),
    [
        ("rule.trigger", "text", True),
        ("rule.agents.match.role", "text", False),
        ("action.parameters.anything.secret", "true or false", False),
        ("pack.environments.python.ecosystem", "one of shell, python, node", True),
        ("action.emits", "a list, each text", False),
        ("test.cases.expect.rule", "text", True),
        ("report.problems.span", "a mapping or null", True),
        ("repository.format", "1", True),
    ],
)
def test_every_kind_of_key_is_found(path: str, takes: str, *, required: bool) -> None:
    key = key_at(path)
    assert key.takes().startswith(takes)
    assert key.required is required


def test_an_example_is_shown_and_json_has_the_schema(tmp_path: Path) -> None:
    assert "example     ${{ parameters.unit }}" in attune("schema", "explain", "action.concurrency.key", cwd=tmp_path).stdout
    shown = json.loads(attune("schema", "explain", "action.retry.place", "--json", cwd=tmp_path).stdout)
    assert shown["key"] == "action.retry.place"
    assert shown["schema"]["default"] == "keep"


@pytest.mark.parametrize(("path", "meant"), [("acton", "action"), ("action.concurency", "concurrency"), ("rule.agents.pik", "pick")])
def test_a_misspelt_key_is_answered_with_what_was_meant(path: str, meant: str) -> None:
    with pytest.raises(NoSuchSchema) as refused:
        key_at(path)
    assert refused.value.hint == f"did you mean '{meant}'?"


@pytest.mark.parametrize("words", [["explain"], ["write"], ["rule", "more"], ["../rule"], ["explain", "rule..x"], ["explain", ""]])
def test_bad_use_ends_with_two(words: list[str], tmp_path: Path) -> None:
    done = attune("schema", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_schemas_for_an_editor_need_no_network(tmp_path: Path) -> None:
    attune("schema", "write", "a/b", cwd=tmp_path)
    written = {path.name: path.read_text() for path in (tmp_path / "a/b").iterdir()}
    assert set(written) == set(exported())
    for name, text in written.items():
        assert all(reference.startswith("#/$defs/") for reference in re.findall(r'"\$ref": "([^"]*)"', text))
        published = json.loads(exported()[name])
        assert json.loads(text)["properties"].keys() == published["properties"].keys()
        assert SchemaValidator(json.loads(text)).fits({}) == SchemaValidator(published).fits({})


def keys(key: Key) -> Iterator[Key]:
    for child in key.children().values():
        yield child
        yield from keys(child)


@pytest.mark.parametrize("kind", schema_kinds())
def test_no_key_lacks_a_description(kind: str) -> None:
    found = list(keys(key_at(kind)))
    assert found
    assert [key.path for key in found if not str(key.schema.get("description", "")).endswith(".")] == []


def test_the_template_names_schemas_that_init_writes(tmp_path: Path) -> None:
    assert attune("init", "new", cwd=tmp_path).returncode == 0
    documents = sorted((tmp_path / "new").rglob("*.yaml"))
    assert len(documents) == len(list(shipped("packs-template").rglob("*.yaml")))
    for document in documents:
        first = document.read_text().splitlines()[0]
        assert first.startswith("# yaml-language-server: $schema=")
        assert (document.parent / first.partition("=")[2]).is_file()
    assert attune("validate", "new", cwd=tmp_path).returncode == 0


def test_a_key_is_sent_to_explain(tmp_path: Path) -> None:
    assert "`attune schema explain action.concurrency` says" in attune("schema", "action.concurrency", cwd=tmp_path).stderr


@pytest.mark.parametrize("words", [("schema", "write", "file"), ("schema", "write", "file/inside"), ("init", "file/inside")])
def test_a_folder_that_cannot_be_written_is_no_defect(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "file").touch()
    done = attune(*words, cwd=tmp_path)
    assert (done.returncode, "ATT720" in done.stderr) == (3, True)


def test_an_event_of_the_controllers_own_is_explained_like_a_kind(tmp_path: Path) -> None:
    shown = attune("schema", "explain", "core.agent_unreachable", cwd=tmp_path).stdout
    assert "its stream ended" in shown
    assert "labels (required)" in shown
    assert "When it was last heard of" in attune("schema", "explain", "core.agent_unreachable.last_seen", cwd=tmp_path).stdout
    wrong = attune("schema", "explain", "core.agent_unreacheable", cwd=tmp_path)
    assert "did you mean 'core.agent_unreachable'?" in wrong.stderr
