"""`attune sensor run --local` and `attune sensor new`: an author sees what Attune makes of each line, and has one that works."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from attune_cli.languages import SENSOR_LANGUAGES
from attune_cli.local.sensor_run import run_here
from attune_cli.render.sensor import sensor_fields, sensor_rows
from attune_core.catalog.errors import RepositoryMissing
from attune_core.catalog.folder_tree import working_tree
from attune_core.catalog.load import load
from attune_core.shipped import shipped
from attune_core.wire.sensor_views import SensorOnAgent, SensorView
from tests.cli.commands import attune
from tests.waiting import wait_until

SCRIPT = """\
#!/bin/sh
. /dev/stdin
echo '{"trigger": "web.alert", "data": {"unit": "a"}}'
echo '{"trigger": "web.alert", "data": {"unit": 5}, "id": "mine"}'
echo '{"trigger": "web.other", "data": {}}'
echo 'no JSON'
echo '{"heartbeat": true}'
echo "token $CONFIG_TOKEN, path $CONFIG_PATH" >&2
exit 3
"""
FILES = {
    "attune.yaml": 'format: 1\nattune: ">=0.1"\n',
    "packs/web/pack.yaml": "name: web\nversion: 1.0.0\ndescription: x\n",
    "packs/web/triggers/alert.yaml": "description: x\ndata: {type: object, properties: {unit: {type: string}}}\n",
    "packs/web/triggers/other.yaml": "description: x\ndata: {type: object}\n",
    "packs/web/sensors/watch.yaml": "description: x\nrun: [./watch.sh]\nemits: [web.alert]\ninput: {format: dotenv}\n"
    'config: {path: /srv, token: "${{ secrets.web_token }}"}\n',
    "packs/web/sensors/watch.sh": SCRIPT,
    "secrets/web_token": "hunter2-hunter2",
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "packs/web/sensors/watch.sh").chmod(0o755)
    (tmp_path / "secrets/web_token").chmod(0o600)
    return tmp_path


@pytest.mark.flow
def test_each_line_is_shown_as_it_is_understood_with_what_is_wrong_with_it(repository: Path) -> None:
    done = attune("sensor", "run", "--local", "web.watch", "--secrets", str(repository / "secrets"), "--json", cwd=repository)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, len(lines)) == (1, 5), done.stderr
    run, _, offset = lines[0]["id"].rpartition(":")
    assert (len(run), offset, lines[0]["trigger"], lines[0]["data"], "wrong" in lines[0]) == (36, "0", "web.alert", {"unit": "a"}, False)
    assert (lines[1]["id"], lines[1]["wrong"][:40]) == ("mine", "the data does not fit the trigger's sche")
    assert lines[2]["wrong"] == "the sensor web.watch does not declare that it emits web.other"
    assert lines[3]["wrong"].startswith("the line at byte ")
    assert lines[4] == {"heartbeat": True}
    assert "token ***, path /srv" in done.stderr
    assert "it ended with exit code 3" in done.stderr
    assert "1 event(s), 3 wrong line(s)" in done.stderr


def test_what_cannot_run_here_is_said_before_anything_starts(repository: Path) -> None:
    for words, said in (
        (["web.watch"], "here one runs with --local"),
        (["--local", "web.wtch"], "no sensor 'web.wtch'"),
        (["--local", "web.watch"], "--secrets"),
    ):
        done = attune("sensor", "run", *words, cwd=repository)
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_outside_a_repository_nothing_is_read(tmp_path: Path) -> None:
    with pytest.raises(RepositoryMissing, match="not in a pack repository"):
        run_here(tmp_path, "web.watch", None, json=False)


def test_a_new_sensor_of_each_language_validates_and_emits_its_own_trigger(repository: Path) -> None:
    assert {path.name for path in shipped("sensor-templates").iterdir()} == set(SENSOR_LANGUAGES)
    for language in SENSOR_LANGUAGES:
        done = attune("sensor", "new", f"watch.disk_{language}", "--language", language, "--json", cwd=repository)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["unlocked"] is None
    loaded = load(working_tree(repository))
    assert {problem.code for problem in loaded.problems} <= {"ATT182", "ATT183", "ATT197"}
    assert loaded.catalog is not None
    assert all(sensor.document.emits == (ref,) for ref, sensor in loaded.catalog.sensors.items() if ref.startswith("watch."))
    again = attune("sensor", "new", "watch.disk_go", "--language", "go", cwd=repository)
    assert (again.returncode, "is there already" in again.stderr) == (2, True)
    assert attune("sensor", "new", "watch.other", "--language", "cobol", cwd=repository).returncode == 2


@pytest.mark.flow
def test_control_c_ends_the_sensor_and_what_was_right_is_a_success(repository: Path) -> None:
    attune("sensor", "new", "watch.disk", "--language", "shell", cwd=repository)
    document = repository / "packs/watch/sensors/disk.yaml"
    document.write_text(document.read_text().replace("limit: 90, seconds: 60", "limit: 0, seconds: 0.05"))
    argv = [sys.executable, "-m", "attune_cli.main", "sensor", "run", "--local", "watch.disk"]
    with (repository / "out").open("wb") as out:
        running = subprocess.Popen(argv, cwd=repository, stdout=out, stderr=subprocess.PIPE, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    wait_until(lambda: (repository / "out").read_text().count("\n") > 3)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert (running.returncode, b"0 wrong line(s)" in said) == (0, True), said
    assert (repository / "out").read_text().startswith("event watch.disk ")


def test_a_sensor_is_shown_with_each_agent_or_with_why_there_is_none() -> None:
    on = SensorOnAgent(agent="web1", state="backing_off", since="2026-01-02T03:04:05.000000Z", events=7, errors=2, last_error="exit 1")
    view = SensorView(ref="web.disk", description="x", mode="poll", every="1m", run_on="one", emits=["web.full"], needed=True, agents=[on])
    assert sensor_rows(view) == [("web.disk", "web1", "backing off", "2026-01-02T03:04:05", "7", "2", "exit 1")]
    assert ("mode", "poll, every 1m") in sensor_fields(view)
    assert ("  last error", "exit 1") in sensor_fields(view)
    idle = SensorView(
        ref="web.disk", description="x", mode="stream", run_on="all", match={"role": "web"}, emits=["a.b"], needed=False, why="no"
    )
    assert sensor_rows(idle) == [("web.disk", "", "not needed", "", "", "", "no")]
    assert ("runs on", 'all of the agents with {"role": "web"}') in sensor_fields(idle)
