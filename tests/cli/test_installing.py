"""`attune agent install` and `attune controller install`: what they would do, from what a host has; started for real in tests/flow."""

import json
import os
import sys
from pathlib import Path

import pytest

from attune_cli.commands.installing import install
from attune_cli.errors import BadArgument, InstallationStepFailed, ProgramsUnfit, WheelsUnusable
from attune_cli.installation.planning import COMPLETE, Host, afterwards, installation, removal, way_back
from attune_cli.installation.programs import AGENT, CONTROLLER, PROGRAMS, Program
from attune_cli.installation.steps import MakeFolder, MakeUser, Remove, RunCommand, SetLink, Step, WriteFile
from attune_cli.local import installed
from attune_cli.local.installed import look, own_version, version_of
from attune_cli.local.installing import carry_out
from attune_cli.tokens import read_token
from tests.cli.commands import attune
from tests.small_disk import small_disk

OLD, NEW = PROGRAMS / "0.1.0", PROGRAMS / "0.2.0"


def commands(steps: list[Step]) -> list[str]:
    return [" ".join(step.argv) for step in steps if isinstance(step, RunCommand)]


def test_a_dry_run_shows_every_file_with_its_content_and_changes_nothing(tmp_path: Path) -> None:
    done = attune("agent", "install", "--dry-run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for line in (
        "folder  /var/lib/attune/agent  0700 attune:attune",
        "    User=attune",
        "    ExecStart=/opt/attune/agent/bin/attune-agent run",
    ):
        assert line in done.stdout.splitlines()
    told = json.loads(attune("controller", "install", "--dry-run", "--json", cwd=tmp_path).stdout)
    [rate] = [step for step in told if step["step"] == "rate"]
    assert rate["argv"] == ["systemd-analyze", "security", "--no-pager", "attune-controller.service"]
    assert "run     systemd-analyze security --no-pager attune-executor.service" in done.stdout.splitlines()
    [unit] = [step for step in told if step["step"] == "file"]
    assert (unit["path"], unit["mode"], unit["owner"]) == ("/etc/systemd/system/attune-controller.service", "0644", "root")
    assert "@PROGRAMS@" not in unit["content"]


def test_a_join_token_is_asked_for_once_and_stands_in_no_command() -> None:
    fresh = [step for step in installation(AGENT, Host(version=OLD, joined=False)) if isinstance(step, RunCommand) and step.token]
    assert [(step.user, step.argv[-2:]) for step in fresh] == [("attune", ("agent", "join"))]
    assert not [step for step in installation(AGENT, Host(version=OLD)) if isinstance(step, RunCommand) and step.token]


def test_an_upgrade_restarts_the_agent_alone() -> None:
    host = Host(version=NEW, users=frozenset(["attune"]), executor_runs=True)
    steps = [*installation(AGENT, host), *afterwards(AGENT, host)]
    assert not [step for step in steps if isinstance(step, MakeUser)]
    assert [line for line in commands(steps) if "restart" in line or "stop" in line] == ["systemctl restart attune-agent.service"]


@pytest.mark.parametrize(("serving", "restarted"), [(None, "if changed"), (NEW, "if changed"), (OLD, "always")])
def test_an_upgrade_that_was_interrupted_before_the_restart_is_ended_by_the_next_one(serving: Path | None, restarted: str) -> None:
    steps = installation(AGENT, Host(version=NEW, serving=serving))
    [restart] = [step for step in steps if isinstance(step, RunCommand) and "restart" in step.argv]
    assert ("if changed" if restart.after_changes else "always") == restarted


@pytest.mark.parametrize("program", [AGENT, CONTROLLER], ids=["agent", "controller"])
def test_the_way_back_is_the_link_and_the_version_befores_own_installation(program: Program) -> None:
    assert way_back(program, Host(version=NEW, before=OLD)) == [
        SetLink(path=program.link, target=OLD),
        RunCommand(argv=(str(OLD / "bin" / "attune"), program.name, "install")),
        Remove(path=NEW / COMPLETE),
    ]


def test_there_is_no_way_back_from_a_first_installation_or_to_an_agent_that_never_joined() -> None:
    assert not way_back(AGENT, Host(version=NEW))
    assert not way_back(AGENT, Host(version=NEW, before=OLD, joined=False))


@pytest.mark.parametrize(("how", "words"), [("idle", ["stop"]), ("now", ["stop", "--now"])])
def test_an_executor_is_replaced_when_that_is_asked(how: str, words: list[str]) -> None:
    steps = afterwards(AGENT, Host(version=NEW, executor_runs=True), executor="idle" if how == "idle" else "now")
    assert " ".join([f"{AGENT.link}/bin/attune-executor", *words]) in commands(list(steps))


def test_versions_that_nothing_runs_from_go_and_the_one_before_stays() -> None:
    ancient = PROGRAMS / "0.0.9"
    host = Host(version=NEW, versions=frozenset([ancient, OLD, NEW]), used=frozenset([OLD]))
    assert [step.path for step in afterwards(AGENT, host) if isinstance(step, Remove)] == [ancient]


def test_a_removal_keeps_the_state_and_what_another_program_needs() -> None:
    host = Host(version=OLD, installed=frozenset(["agent", "controller"]), users=frozenset(["attune"]), executor_runs=True)
    steps = list(removal(AGENT, host, purge=False, now=False))
    gone = [str(step.path) for step in steps if isinstance(step, Remove)]
    assert not [path for path in gone if path.startswith(("/var", "/etc/attune")) or path == str(PROGRAMS)]
    assert SetLink(path=Path("/usr/local/bin/attune"), target=CONTROLLER.link / "bin" / "attune") in steps
    order = commands(steps)
    assert order.index("systemctl disable --quiet --now attune-agent.service") < order.index(f"{AGENT.link}/bin/attune-executor stop")
    purged = removal(AGENT, host, purge=True, now=False)
    assert {Remove(path=folder.path) for folder in AGENT.folders} <= {step for step in purged if isinstance(step, Remove)}


def test_a_removal_that_was_interrupted_finds_what_is_left_to_be_ended() -> None:
    steps = removal(AGENT, Host(version=OLD, installed=frozenset(["agent"])), purge=False, now=False)
    units = [step.path.name for step in steps if isinstance(step, Remove) and step.path.suffix == ".service"]
    assert units == ["attune-agent.service", "attune-executor.service"], "the one by which an installation is known goes first"


def test_what_no_installation_made_stays_beside_the_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installed, "PROGRAMS", tmp_path)
    (tmp_path / "0.1.0").mkdir()
    (tmp_path / "0.1.0" / "pyvenv.cfg").touch()
    (tmp_path / "wheels").mkdir()
    host = look(AGENT, tmp_path / "0.2.0")
    assert (host.versions, host.foreign) == (frozenset([tmp_path / "0.1.0"]), True)
    gone = [step.path for step in removal(AGENT, host, purge=False, now=False) if isinstance(step, Remove)]
    assert (tmp_path / "0.1.0" in gone, PROGRAMS in gone, tmp_path in gone) == (True, False, False)
    (tmp_path / "wheels").rmdir()
    alone = removal(AGENT, look(AGENT, tmp_path / "0.2.0"), purge=False, now=False)
    assert Remove(path=PROGRAMS) in alone


@pytest.mark.root
@pytest.mark.parametrize(("mode", "owner"), [(0o700, 0), (0o775, 0), (0o755, 65534)])
def test_programs_that_others_can_change_or_cannot_read_become_no_services(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, owner: int
) -> None:
    version = tmp_path / "0.1.0"
    (version / "bin").mkdir(parents=True)
    (version / "bin" / "attune").touch()
    monkeypatch.setattr(installed, "PROGRAMS", tmp_path)
    monkeypatch.setattr(sys, "prefix", str(version))
    tmp_path.chmod(0o755)
    assert own_version() == version
    version.chmod(mode)
    os.chown(version, owner, 0)
    with pytest.raises(ProgramsUnfit, match="root's alone"):
        own_version()


@pytest.mark.root
def test_a_folder_that_the_agent_made_something_else_is_not_given_away(tmp_path: Path) -> None:
    place = tmp_path / "agent"
    for command in (("touch", str(place)), ("mkfifo", str(place)), ("ln", "-s", "/etc", str(place))):
        carry_out([RunCommand(argv=command)], list[Step]().append, token=str)
        with pytest.raises(InstallationStepFailed, match="agent"):
            carry_out([MakeFolder(path=place, mode=0o700, owner="nobody", group="nogroup")], list[Step]().append, token=str)
        assert place.lstat().st_uid == 0
        place.unlink()


@pytest.mark.root
def test_a_state_on_a_disk_of_its_own_is_emptied(tmp_path: Path) -> None:
    with small_disk(tmp_path / "state", "1m"):
        (tmp_path / "state" / "agent" / "secrets").mkdir(parents=True)
        (tmp_path / "state" / "file").touch()
        for _ in range(2):
            carry_out([Remove(path=tmp_path / "state")], list[Step]().append, token=str)
        assert not list((tmp_path / "state").iterdir())


def test_a_file_that_holds_no_text_is_no_token(tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"\xff\xfe")
    with pytest.raises(BadArgument, match="is no text"):
        read_token(tmp_path / "token", prompt="Join token")


@pytest.mark.root
def test_steps_are_done_once_and_a_repetition_tells_of_nothing(tmp_path: Path) -> None:
    folder, told = tmp_path / "made", list[Step]()
    steps: list[Step] = [
        MakeFolder(path=folder, mode=0o711),
        WriteFile(path=folder / "unit", text="a\n"),
        SetLink(path=folder / "link", target=Path("unit")),
        RunCommand(argv=("true",), after_changes=True),
    ]
    for _ in range(2):
        carry_out(steps, told.append, token=str)
    assert told == steps
    assert (folder.stat().st_mode & 0o777, (folder / "link").readlink()) == (0o711, Path("unit"))
    with pytest.raises(InstallationStepFailed, match="`sh -c echo no >&2; exit 3` ended with 3: no"):
        carry_out([RunCommand(argv=("sh", "-c", "echo no >&2; exit 3"))], told.append, token=str)


def test_a_directory_that_no_version_can_be_installed_from_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WheelsUnusable, match="is no directory"):
        install(AGENT, wheels=tmp_path / "none", dry_run=True, json=False)
    with pytest.raises(WheelsUnusable, match="holds no wheels of attune"):
        version_of(tmp_path)
    (tmp_path / "attune-0.2.0-py3-none-any.whl").touch()
    with pytest.raises(WheelsUnusable, match=r"no requirements\.txt"):
        version_of(tmp_path)
    (tmp_path / "requirements.txt").touch()
    assert version_of(tmp_path) == "0.2.0"
