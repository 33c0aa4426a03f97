"""Watching on the real programs: an execution to its own exit status, what came of it, a run again, and a whole controller on a screen."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from attune_cli.changes import Connected, Disconnected, watch
from attune_core.wire.changes import ExecutionChange, Reset
from attune_core.wire.overview import OverviewView
from tests.cli.commands import attune
from tests.flow.operated import Operated
from tests.running import action_document, pack, running_system
from tests.tmux import terminal
from tests.waiting import wait_until

pytestmark = [pytest.mark.flow, pytest.mark.timeout(120)]

SCRIPT = """\
echo "begins $CODE"
echo "to stderr" >&2
while [ ! -e {gate} ] && [ "$CODE" = 0 ]; do sleep 0.05; done
exit "$CODE"
"""
RULE = {
    "description": "Look after it",
    "trigger": "web.end.completed",
    "when": "event.data.outcome == 'failed'",
    "action": "web.tidy",
    "agents": {"match": {"role": "web"}},
}


@dataclass
class Watched:
    system: Operated
    gate: Path

    def start(self, code: int) -> str:
        return self.system.running.start("web.end", {"code": code})


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    place = tmp_path_factory.mktemp("watching")
    gate = place / "gate"
    files = pack(
        "web",
        {
            "actions/end.yaml": action_document(
                "end.sh", parameters={"code": {"type": "integer"}}, env={"CODE": "${{ string(parameters.code) }}"}, concurrency={"limit": 5}
            ),
            "actions/end.sh": SCRIPT.format(gate=gate),
            "actions/tidy.yaml": action_document("tidy.sh"),
            "actions/tidy.sh": "exit 0\n",
            "rules/tidy.yaml": json.dumps(RULE),
        },
    )
    with running_system(place, files, name="web1", labels={"role": "web"}) as running:
        profile = place / ".config/attune/profiles/default.json"
        profile.parent.mkdir(parents=True)
        profile.touch(0o600)
        known = running.system.profile
        profile.write_text(json.dumps({"url": known.url, "authority": known.authority, "token": known.token}))
        yield Watched(Operated(running, place / "witness", place), gate)


def test_a_failure_is_watched_to_its_own_exit_status_and_what_came_of_it_is_a_tree(watched: Watched) -> None:
    execution = watched.start(7)
    done = attune("execution", "watch", execution, cwd=watched.system.home)
    assert done.returncode == 7, done.stderr
    assert "begins 7" in done.stdout
    assert "failed (exit_code), exit code 7]" in done.stderr
    again = attune("execution", "watch", execution, "--json", cwd=watched.system.home)
    assert (again.returncode, json.loads(again.stdout.splitlines()[-1])["exit_code"]) == (7, 7), "it works when it is over, too"
    event = watched.system.running.execution(execution).event
    wait_until(lambda: "web.tidy" in watched.system.attune("execution", "tree", str(event)), what="what its end caused")
    tree = watched.system.attune("execution", "tree", str(event))
    lines = tree.splitlines()
    assert lines[0].startswith(f"event {event}  core.requested")
    assert "web.end on web1  failed" in lines[1]
    assert "web.end.completed" in lines[2]
    assert "web.tidy on web1" in lines[3]
    assert lines[3].endswith("by web.tidy")
    found = json.loads(watched.system.attune("execution", "tree", execution, "--json"))
    assert found["completion"]["executions"][0]["action"] == "web.tidy"


def test_a_rerun_is_another_execution_and_both_name_each_other(watched: Watched) -> None:
    execution = watched.start(3)
    running = watched.system.running
    first = running.settled(execution)
    said = watched.system.attune("execution", "rerun", execution)
    assert f"is a rerun of {first.number}" in said
    number = int(said.split()[1])
    second = running.settled(str(number))
    assert (second.action, second.input, second.exit_code, second.rerun_of) == (first.action, first.input, 3, first.number)
    assert running.execution(execution).reruns == [number]
    assert f"rerun of   {first.number}" in watched.system.attune("execution", "show", str(number))


def test_ctrl_c_ends_the_watching_and_not_the_execution(watched: Watched) -> None:
    watched.gate.unlink(missing_ok=True)
    execution = watched.start(0)
    shell = f"trap : INT; {sys.executable} -m attune_cli execution watch {execution}; echo status $?; cat"
    with terminal(["sh", "-c", shell], cwd=watched.system.home, env=_environment(watched)) as pane:
        pane.shows("begins 0")
        pane.press("C-c")
        assert "goes on: attune execution watch" in pane.shows("status 130")
    watched.gate.touch()
    assert attune("execution", "watch", execution, cwd=watched.system.home).returncode == 0


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (40, 12)])
def test_top_fills_the_screen_and_leaves_one_line(watched: Watched, columns: int, lines: int) -> None:
    shell = f"{sys.executable} -m attune_cli top; echo status $?; cat"
    with terminal(["sh", "-c", shell], cwd=watched.system.home, env=_environment(watched), columns=columns, lines=lines) as pane:
        screen = pane.shows("q ends")
        assert "agents" in screen
        assert "web1" in screen
        assert len(screen.rstrip("\n").splitlines()) == lines
        pane.press("q")
        left = pane.shows("status 0")
        assert "events/s" in left
        assert "q ends" not in left


def test_where_there_is_no_terminal_top_writes_lines(watched: Watched) -> None:
    assert "events/s" in watched.system.attune("top", "-n", "1")
    seen = OverviewView.model_validate_json(watched.system.attune("top", "-n", "1", "--json").splitlines()[0])
    assert [(agent.name, agent.state) for agent in seen.agents] == [("web1", "connected")]
    assert seen.sync.active_revision


def test_the_feed_goes_on_after_the_controller_was_killed(watched: Watched) -> None:
    system = watched.system.running.system
    with system.client() as client:
        changes = watch(client)
        assert isinstance(next(changes), Connected)
        assert isinstance(next(changes), Reset)
        execution = watched.start(5)
        states: list[str] = []
        for change in changes:
            if isinstance(change, ExecutionChange) and change.id == execution:
                states.append(change.state)
                if change.state == "settled":
                    break
        assert states[0] == "queued"
        assert states[-2:] == ["started", "settled"]
        assert system.controller is not None
        system.controller.kill()
        assert isinstance(next(one for one in changes if isinstance(one, Disconnected)), Disconnected)
        system.start_controller()
        reset = next(one for one in changes if isinstance(one, Reset))
        assert reset.why == "restarted"
        changes.close()


def _environment(watched: Watched) -> dict[str, str]:
    return {"HOME": str(watched.system.home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
