"""What every ecosystem keeps, judged from outside: the real executor, users and registries."""

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

import attune_core
from attune_agent.ecosystems.table import ECOSYSTEMS
from tests.agent.environments.hosts import NOBODY, Answer, RealHost, real_host, until
from tests.agent.environments.places import (
    ROOT,
    SYSTEM_PATH,
    node_lock,
    path_with_rust,
    project_lock,
)
from tests.contracts.ecosystem_examples import BUILD_RS, Example, make_examples

pytestmark = pytest.mark.registry
HOW_TO = ROOT / "docs/howto/add-an-ecosystem.md"
ME = os.geteuid()
#: Ecosystems whose builds take long.
SLOW = ("go", "rust", "java")
#: Whether actions have uids of their own, and who the agent is.
KINDS = [
    pytest.param((True, 0), marks=pytest.mark.root, id="agent is root"),
    pytest.param((True, NOBODY), marks=pytest.mark.root, id="agent has a user"),
    pytest.param((False, NOBODY if ME == 0 else ME), id="all one user"),
]
#: What builds long is no different on another kind of host: one of them is enough for it, the others are for `make soak`.
ENOUGH = KINDS[0 if ME == 0 else 2]
HOSTS = [
    pytest.param(
        *kind.values,
        name,
        marks=[*kind.marks, *([pytest.mark.soak] if name in SLOW and kind is not ENOUGH else [])],
        id=f"{kind.id}-{name}",
    )
    for kind in KINDS
    for name in ("python", "node", *SLOW)
]


@pytest.fixture(scope="session")
def rust_path() -> Iterator[tuple[str, ...]]:
    with path_with_rust() as path:
        yield path


@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory, rust_path: tuple[str, ...]) -> Mapping[str, Example]:
    return make_examples(tmp_path_factory.mktemp, rust_path)


@pytest.fixture(params=["python", "node", "go", "rust", "java"])
def example(request: pytest.FixtureRequest, examples: Mapping[str, Example]) -> Example:
    return examples[str(request.param)]


@pytest.fixture(params=["go", *(pytest.param(name, marks=pytest.mark.soak) for name in SLOW[1:])])  # promise 3 has the others
def compiled(request: pytest.FixtureRequest, examples: Mapping[str, Example]) -> Example:
    return examples[str(request.param)]


@pytest.fixture
def each_host(request: pytest.FixtureRequest) -> Iterator[RealHost]:
    uids, agent = request.param
    with real_host(uids=uids, agent=agent) as host:
        yield host


@pytest.fixture
def host() -> Iterator[RealHost]:
    """Give the more confined kind of host that is possible here."""
    with real_host(uids=ME == 0, agent=ME) as host:
        yield host


def fill_cache(host: RealHost, example: Example) -> None:
    if example.cache is not None:
        host.fill_cache(example.cache)


def prove(host: RealHost, example: Example, answer: Answer) -> None:
    """Let an action use what was installed."""
    folder = host.place / f"pack-{answer.key}"
    folder.mkdir(exist_ok=True)
    for name, target in answer.links.items():
        if not (folder / name).exists():
            (folder / name).symlink_to(target)
    program, *words = example.proof
    ended = host.act((program, *answer.arguments.get(program, ()), *words), path=answer.path, cwd=folder)
    assert ended.exit_code == 0, ended
    assert json.loads(ended.result.body) == example.proven


def test_every_ecosystem_of_the_table_has_an_example_here_and_a_line_in_the_how_to(examples: Mapping[str, Example]) -> None:
    assert {name for name in ECOSYSTEMS if name != "shell"} == set(examples)
    text = HOW_TO.read_text()
    for name in ECOSYSTEMS:
        assert f"`{name}`" in text
        assert (ROOT / f"attune_agent/ecosystems/{name}.py").is_file()


@pytest.mark.parametrize(("each_host", "example"), HOSTS, indirect=True)
def test_actions_use_what_the_lock_says_and_can_change_nothing_of_it(each_host: RealHost, example: Example) -> None:
    host = each_host
    fill_cache(host, example)
    answer = host.prepare(example.document, example.files, example.path)
    assert answer.code == "", answer
    assert not answer.variables
    prove(host, example, answer)
    tree = host.environments / answer.key / "tree"
    record = json.loads((tree.parent / "READY").read_text())
    assert record["key"].startswith(answer.key)
    again = host.prepare(example.document, example.files, example.path)
    assert (again.key, again.path) == (answer.key, answer.path)
    if host.uids is None:
        return
    builder = host.uids[0]
    assert {path.lstat().st_uid for path in tree.rglob("*")} == {builder}
    assert {path.stat().st_uid for path in (tree.parent, tree.parent / "READY", tree.parent / "declared")} == {host.agent}
    places = f"{tree} {tree}/bin {tree.parent} {host.environments}"
    ended = host.act(("sh", "-c", f"for place in {places}; do touch $place/x && echo touched; done; exec rm -rf {tree}"))
    assert ended.result.body == b""
    assert ended.exit_code != 0
    prove(host, example, answer)


def test_nothing_of_attune_is_importable_and_no_path_leads_to_it(host: RealHost, examples: Mapping[str, Example]) -> None:
    answer = host.prepare(examples["python"].document, examples["python"].files)
    question = (
        "import importlib.util, json, os, sys;"
        "print(json.dumps([sys.path, sys.prefix, [name for name in ('attune_core', 'attune_agent', 'pydantic', 'uv', 'pip') "
        "if importlib.util.find_spec(name)], dict(os.environ)]))"
    )
    ended = host.act(("python", "-c", question), path=answer.path)
    paths, prefix, found, variables = json.loads(ended.result.body)
    tree = str(host.environments / answer.key / "tree")
    assert found == []
    assert prefix == tree
    assert all(path == "" or path.startswith((tree, "/usr/lib/python3", "/usr/local/lib/python3")) for path in paths), paths
    assert not [path for path in paths if str(Path(attune_core.__file__).parents[1]) in path]
    assert set(variables) <= {"PATH", "LANG", "HOME", "TMPDIR", "ATTUNE_RESULT", "LC_CTYPE"}


def test_two_agents_that_want_it_at_once_make_one_build(host: RealHost, example: Example) -> None:
    fill_cache(host, example)
    agents = [host.begin(example.document, example.files, example.path) for _ in range(2)]
    answers = [host.end(agent) for agent in agents]
    assert len({answer.key for answer in answers}) == 1, answers
    prove(host, example, answers[0])
    assert len({path.parent.parent for path in host.place.glob("logs/*/*.build/*")}) == 1


@pytest.mark.parametrize("example", ["python", "node", *(pytest.param(name, marks=pytest.mark.soak) for name in SLOW)], indirect=True)
@pytest.mark.parametrize(("moment", "victims"), [(0, "agent"), (1, "agent executor"), (2, "executor")])
def test_a_build_that_was_killed_is_wiped_and_made_again(host: RealHost, example: Example, moment: int, victims: str) -> None:
    example = replace(example, files=example.longer or example.files)
    agent = host.begin(example.document, example.files, example.path)
    until(lambda: bool(list(host.environments.glob(f"*/tree/{example.moments[moment]}"))), agent, "the moment to kill")
    was_ready = bool(list(host.environments.glob("*/READY")))
    if "agent" in victims:
        agent.kill()
        agent.communicate()
    if "executor" in victims:
        host.kill_executor()
        host.start_executor()
    answer = host.prepare(example.document, example.files, example.path) if "agent" in victims else host.end(agent)
    assert answer.code == "", answer
    assert not was_ready, "the build was over before the kill"
    prove(host, example, answer)
    assert (host.environments / answer.key / "READY").is_file()


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_whenever_a_build_is_killed_no_execution_runs_in_half_an_environment(host: RealHost, example: Example) -> None:
    """Agent, executor or both, twenty times, at any moment of a build or of what comes after it."""
    example = replace(example, files=example.longer or example.files)
    fill_cache(host, example)
    began = time.monotonic()
    answer = host.prepare(example.document, example.files, example.path)
    whole = time.monotonic() - began
    random, cut_short = Random(example.ecosystem), 0
    for number in range(20):
        (host.environments / answer.key / "READY").unlink()
        agent = host.begin(example.document, example.files, example.path)
        with suppress(subprocess.TimeoutExpired):
            agent.wait(random.uniform(0.1, whole))
        victims = ("agent", "executor", "agent executor")[number % 3]
        if "agent" in victims:
            agent.kill()
            agent.communicate()
        if "executor" in victims:
            host.kill_executor()
            host.start_executor()
        if (host.environments / answer.key / "READY").is_file():
            prove(host, example, answer)
        else:
            cut_short += 1
        again = host.prepare(example.document, example.files, example.path) if "agent" in victims else host.end(agent)
        assert (again.code, again.key) == ("", answer.key), again
        prove(host, example, again)
    assert cut_short >= 5, "the kills came too late to say anything"


@pytest.mark.root
def test_a_forged_environment_is_emptied_as_the_build_user_before_anything_is_installed(host: RealHost, example: Example) -> None:
    fill_cache(host, example)
    first = host.prepare(example.document, example.files, example.path)
    tree = host.environments / first.key / "tree"
    (tree.parent / "READY").unlink()
    builder = tree.stat().st_uid
    forge = f"cd {tree} && echo '{{}}' > READY && mkdir -p locked/away && echo x > locked/away/y && chmod 000 locked/away && ln -s /etc etc"
    subprocess.run(["sh", "-c", forge], user=builder, group=builder, extra_groups=[], check=True)
    assert host.prepare(example.document, example.files, example.path).key == first.key
    assert not (tree / "READY").exists()
    assert not (tree / "locked").exists()
    assert not (tree / "etc").is_symlink()
    assert Path("/etc/passwd").exists()


def test_a_changed_source_line_runs_the_new_code_and_an_unchanged_one_builds_nothing(host: RealHost, compiled: Example) -> None:
    fill_cache(host, compiled)
    first = host.prepare(compiled.document, compiled.files, compiled.path)
    assert first.code == "", host.build_log()
    again = host.prepare(compiled.document, {**compiled.files, "README.md": b"of no source"}, compiled.path)
    changed = {name: content.replace(*compiled.change) for name, content in compiled.files.items()}
    second = host.prepare(compiled.document, changed, compiled.path)
    assert second.code == "", host.build_log()
    assert first.key == again.key != second.key
    assert len(list(host.place.glob("logs/*/*.build"))) == 2
    prove(host, compiled, first)
    prove(host, replace(compiled, proven=compiled.changed), second)


def test_another_file_than_the_hash_names_is_refused(host: RealHost, examples: Mapping[str, Example]) -> None:
    example = examples["python"]
    wrong = re.sub(rb"sha256:[0-9a-f]{64}", b"sha256:" + b"0" * 64, example.files["requirements.lock"])
    answer = host.prepare(example.document, {"requirements.lock": wrong})
    assert answer.code == "ATT316", answer
    assert "sha256" not in answer.message, "the message holds nothing of the installer's output"
    assert "Hash mismatch" in host.build_log()


@pytest.mark.parametrize("lock", ["pylock.toml", "uv.lock"])
def test_the_other_forms_of_python_lock_install_alike_and_hold_to_their_hashes(
    host: RealHost, examples: Mapping[str, Example], tmp_path: Path, lock: str
) -> None:
    files = {f"own/{name}": content for name, content in project_lock(tmp_path, lock, "tomli==2.0.1", "six==1.16.0").items()}
    document = {"environments": {"own": {"ecosystem": "python", "interpreter": ">=3.9", "lock": f"own/{lock}"}}}
    answer = host.prepare(document, files)
    assert answer.code == "", host.build_log()
    prove(host, examples["python"], answer)
    files[f"own/{lock}"] = re.sub(rb"[0-9a-f]{64}", b"0" * 64, files[f"own/{lock}"])
    refused = host.prepare(document, files)
    assert refused.code == "ATT316", refused


def test_another_package_than_the_integrity_names_is_refused(host: RealHost, examples: Mapping[str, Example]) -> None:
    example = examples["node"]
    lock = json.loads(example.files["js/package-lock.json"])
    for place, entry in lock["packages"].items():
        if place:
            entry["integrity"] = "sha512-" + "A" * 86 + "=="
    answer = host.prepare(example.document, {**example.files, "js/package-lock.json": json.dumps(lock).encode()})
    assert answer.code == "ATT316", answer
    assert "EINTEGRITY" in host.build_log()


def test_another_module_than_go_sum_names_is_refused(host: RealHost, examples: Mapping[str, Example]) -> None:
    example = examples["go"]
    wrong = re.sub(rb"(v0.8.0 h1):.*=", rb"\1:" + b"A" * 43 + b"=", example.files["go/go.sum"])
    answer = host.prepare(example.document, {**example.files, "go/go.sum": wrong}, example.path)
    assert answer.code == "ATT316", answer
    assert "checksum mismatch" in host.build_log()


@pytest.mark.root
def test_code_that_runs_in_a_build_reaches_neither_other_environments_nor_the_caches(
    host: RealHost, examples: Mapping[str, Example]
) -> None:
    example = examples["rust"]
    (own,) = example.document["environments"].values()  # type: ignore[attr-defined]  # a JSON object
    other = host.prepare(example.document, example.files, example.path)
    document = {"environments": {"own": {**own, "sources": ["rust/**/*.rs"]}}}
    curious = {"rust/build.rs": BUILD_RS, "rust/src/main.rs": b'fn main() { print!("{}", env!("REACHED")); }'}
    answer = host.prepare(document, {**example.files, **curious}, example.path)
    assert answer.code == "", host.build_log()
    ended = host.act(("probe",), path=answer.path)
    assert ended.result.body.decode() == f"{answer.key}/tree", "its own tree is what a build may write"
    prove(host, example, other)


def test_another_crate_than_the_checksum_names_is_refused(host: RealHost, examples: Mapping[str, Example]) -> None:
    example = examples["rust"]
    wrong = re.sub(rb'checksum = "[0-9a-f]{64}"', b'checksum = "' + b"0" * 64 + b'"', example.files["rust/Cargo.lock"])
    answer = host.prepare(example.document, {**example.files, "rust/Cargo.lock": wrong}, example.path)
    assert answer.code == "ATT316", answer
    assert "checksum" in host.build_log()


def test_another_jar_than_the_checksum_names_is_refused(host: RealHost, examples: Mapping[str, Example]) -> None:
    example = examples["java"]
    wrong = re.sub(rb"[0-9a-f]{64}", b"0" * 64, example.files["jvm/classpath.lock"])
    answer = host.prepare(example.document, {**example.files, "jvm/classpath.lock": wrong})
    assert answer.code == "ATT316", answer
    assert "gson-2.11.0.jar: the checksum is 57928d6e5a6edeb2abd3770a8f95ba44dce45f3b23b7a9dc2b309c581552a78b" in host.build_log()
    assert not list(host.environments.glob("*/tree/lib/**/*.jar"))


def test_a_lock_without_hashes_is_refused_before_anything_runs(host: RealHost, examples: Mapping[str, Example]) -> None:
    python = host.prepare(examples["python"].document, {"requirements.lock": b"six==1.16.0\n"})
    assert (python.code, python.message) == ("ATT303", "requirements.lock:1: 'six==1.16.0' has no --hash=sha256:…")
    lock = json.loads(examples["node"].files["js/package-lock.json"])
    del lock["packages"]["node_modules/left-pad"]["integrity"]
    node = host.prepare(examples["node"].document, {**examples["node"].files, "js/package-lock.json": json.dumps(lock).encode()})
    assert node.code == "ATT303"
    assert "left-pad" in node.message
    assert not list(host.place.glob("logs/*/*"))


def test_a_missing_interpreter_says_what_was_found(host: RealHost, example: Example) -> None:
    (own,) = example.document["environments"].values()  # type: ignore[attr-defined]  # a JSON object
    answer = host.prepare({"environments": {"own": {**own, "interpreter": ">=99"}}}, example.files, example.path)
    assert answer.code == "ATT304"
    assert ">=99" in answer.message
    assert "/bin/" in answer.message
    assert not list(host.environments.glob("*/tree"))


@pytest.mark.root
def test_an_interpreter_below_a_closed_home_does_not_serve(host: RealHost, examples: Mapping[str, Example]) -> None:
    home = host.place / "home"
    home.mkdir(mode=0o700)
    (home / "python3").symlink_to("/usr/bin/python3")
    answer = host.prepare(examples["python"].document, examples["python"].files, (str(home), *SYSTEM_PATH))
    assert answer.code == "", "the next one on the path serves"
    alone = host.prepare(examples["python"].document, examples["python"].files, (str(home),))
    assert alone.code == "ATT304"
    assert f"{home}/python3 cannot be executed by the users of actions" in alone.message


def test_scripts_of_packages_never_run(host: RealHost, tmp_path: Path) -> None:
    files = {f"js/{name}": content for name, content in node_lock(tmp_path, '{"esbuild": "0.21.5"}').items()}
    document = {"environments": {"own": {"ecosystem": "node", "lock": "js/package-lock.json"}}}
    answer = host.prepare(document, files)
    assert answer.code == "", answer
    program = host.environments / answer.key / "tree/node_modules/esbuild/bin/esbuild"
    assert program.read_bytes().startswith(b"#!"), "its install script would have put a binary in this place"


def test_scripts_of_packages_run_where_the_environment_says_so(host: RealHost, tmp_path: Path) -> None:
    files = {f"js/{name}": content for name, content in node_lock(tmp_path, '{"esbuild": "0.21.5"}').items()}
    answer = host.prepare({"environments": {"own": {"ecosystem": "node", "lock": "js/package-lock.json", "scripts": True}}}, files)
    assert answer.code == "", answer
    program = host.environments / answer.key / "tree/node_modules/esbuild/bin/esbuild"
    assert program.read_bytes().startswith(b"\x7fELF")
    assert "node install.js" in host.build_log()


def test_what_npm_fetched_although_the_lock_calls_it_a_part_of_another_package_is_found(
    host: RealHost, examples: Mapping[str, Example]
) -> None:
    example = examples["node"]
    lock = json.loads(example.files["js/package-lock.json"])
    packages = lock["packages"]
    packages["node_modules/is-odd"]["bundleDependencies"] = ["another"]
    packages["node_modules/is-odd/node_modules/is-number"] = {
        "version": packages.pop("node_modules/is-number")["version"],
        "inBundle": True,
    }
    answer = host.prepare(example.document, {**example.files, "js/package-lock.json": json.dumps(lock).encode()})
    assert answer.code == "ATT309", answer
    assert "node_modules/is-odd/node_modules/is-number is in no archive; npm fetched it without a hash" in answer.message
