"""Lesson 3: whatever the language, a pack author declares a lock file and an argv and is done; the same steps hold for every ecosystem.

One pack gets an action of each from the templates, its locks are made by `attune pack lock`, and it takes the ordinary path: validated,
pushed, an event, an agent that builds. The steps below are one table for all; what each ecosystem refuses is tests/contracts' business.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from attune_agent.ecosystems.table import ECOSYSTEMS
from attune_cli.languages import LANGUAGES
from attune_core.locks.table import COMPILED, RULES
from attune_core.states import Outcome
from attune_core.wire.api import ExecutionView
from tests.agent.environments.places import rust_on_path
from tests.cli.commands import attune
from tests.running import Running, running_system

pytestmark = [pytest.mark.flow, pytest.mark.registry, pytest.mark.timeout(400)]

#: Ecosystem -> the language whose template stands for it.
LANGUAGE_OF = {language.ecosystem: name for name, language in reversed(tuple(LANGUAGES.items()))}
RULE = """\
description: For tests
trigger: poly.hello
action: poly.{name}
input: {{name: "${{{{ event.data.name }}}}"}}
agents: {{match: {{role: test}}}}
"""
TRIGGER = "description: For tests\ndata: {type: object, required: [name], properties: {name: {type: string}}}\n"
#: A first build may have to fetch and compile, on a machine with little to spare.
PATIENCE = 240.0


@dataclass(frozen=True)
class Polyglot:
    """The running system, and what the first event's executions became, by ecosystem."""

    running: Running
    first: dict[str, ExecutionView]

    def say(self, name: str) -> dict[str, ExecutionView]:
        """Send one event and return how the execution of each ecosystem ended."""
        accepted = self.running.send("poly.hello", {"name": name}, event_id=name)
        ended = [self.running.settled(one, timeout=PATIENCE) for one in self.running.executions_of(accepted.position)]
        return {view.action.partition(".")[2]: view for view in ended}

    def environment(self, ecosystem: str) -> list[Path]:
        """Return the READY records of an ecosystem's environments, oldest first."""
        found = (self.running.agent.state / "environments").glob("*/READY")
        made = [path for path in found if json.loads(path.read_text())["made_from"]["ecosystem"] == ecosystem]
        return sorted(made, key=lambda path: path.stat().st_mtime_ns)

    @property
    def pack(self) -> Path:
        return self.running.origin.clone / "packs/poly"


@pytest.fixture(scope="module")
def rust() -> Iterator[None]:
    with rust_on_path():
        yield


@pytest.fixture(scope="module")
def polyglot(tmp_path_factory: pytest.TempPathFactory, rust: None) -> Iterator[Polyglot]:
    place = tmp_path_factory.mktemp("polyglot")
    files = {"attune.yaml": 'format: 1\nattune: ">=0.1"\n', "packs/poly/triggers/hello.yaml": TRIGGER}
    files["packs/poly/pack.yaml"] = "name: poly\nversion: 1.0.0\ndescription: One action of each ecosystem\n"
    with running_system(place, files) as running:
        for ecosystem, language in LANGUAGE_OF.items():
            done = attune("action", "new", f"poly.{ecosystem}", "--language", language, cwd=running.origin.clone, home=place)
            assert done.returncode == 0, done.stderr
        locked = attune("pack", "lock", "poly", cwd=running.origin.clone, home=place, timeout=300)
        assert locked.returncode == 0, locked.stderr
        running.origin.write({f"packs/poly/rules/{name}.yaml": RULE.format(name=name) for name in LANGUAGE_OF})
        checked = attune("validate", "--strict", cwd=running.origin.clone, home=place)
        assert checked.returncode == 0, checked.stdout
        status = running.push({})
        assert status.sync.code == "", status.sync
        poly = Polyglot(running, {})
        poly.first.update(poly.say("everybody"))
        yield poly


def test_every_ecosystem_has_a_template_of_some_language() -> None:
    assert set(LANGUAGE_OF) == set(ECOSYSTEMS)


@pytest.mark.parametrize("ecosystem", ECOSYSTEMS)
def test_a_pushed_action_runs_on_one_event(polyglot: Polyglot, ecosystem: str) -> None:
    ended = polyglot.first[ecosystem]
    log = polyglot.running.printed(ended.id, "build").decode() if ended.outcome is not Outcome.SUCCEEDED else ""
    assert (ended.outcome, ended.result) == (Outcome.SUCCEEDED, {"greeting": "hello everybody"}), (ended, log)
    assert polyglot.running.printed(ended.id, "stderr") == b"greeting everybody\n"


@pytest.mark.parametrize("ecosystem", ECOSYSTEMS)
def test_what_installs_something_is_built_once_and_marked_ready(polyglot: Polyglot, ecosystem: str) -> None:
    ready = polyglot.environment(ecosystem)
    assert len(ready) == (1 if ecosystem in RULES else 0)
    again = polyglot.say(f"again {ecosystem}")[ecosystem]
    assert (again.outcome, again.result) == (Outcome.SUCCEEDED, {"greeting": f"hello again {ecosystem}"})
    assert polyglot.environment(ecosystem) == ready
    assert polyglot.running.printed(again.id, "build") == b"", "nothing was built for it"


@pytest.mark.parametrize("ecosystem", sorted(RULES))
def test_without_its_lock_file_it_is_refused_before_the_merge(polyglot: Polyglot, ecosystem: str, tmp_path: Path) -> None:
    environment = LANGUAGES[LANGUAGE_OF[ecosystem]].environment
    assert environment is not None
    lock = polyglot.pack / str(environment["lock"])
    content = lock.read_bytes()
    lock.unlink()
    try:
        refused = attune("validate", cwd=polyglot.running.origin.clone, home=tmp_path)
    finally:
        lock.write_bytes(content)
    assert refused.returncode == 1
    assert "error ATT164" in refused.stdout


@pytest.mark.parametrize("ecosystem", sorted(COMPILED))
def test_a_changed_line_of_source_runs_the_new_code(polyglot: Polyglot, ecosystem: str) -> None:
    (source,) = [path for path in polyglot.pack.rglob("*") if path.is_file() and b"hello " in path.read_bytes() and ecosystem in path.parts]
    source.write_text(source.read_text().replace("hello ", "good day "))
    old = polyglot.environment(ecosystem)
    status = polyglot.running.push({})
    assert status.sync.code == "", status.sync
    changed = polyglot.say(f"you {ecosystem}")[ecosystem]
    assert (changed.outcome, changed.result) == (Outcome.SUCCEEDED, {"greeting": f"good day you {ecosystem}"})
    assert polyglot.environment(ecosystem)[:-1] == old
