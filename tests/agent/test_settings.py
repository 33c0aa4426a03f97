"""Where the agent's settings come from, which of them wins, and how the program says that one cannot be used."""

import subprocess
import sys
from pathlib import Path

import pytest

from attune_agent.contact import Contact
from attune_agent.errors import SettingsRefused, StateFormatUnknown
from attune_agent.layout import Layout
from attune_agent.preparation_errors import HostSettingsRefused
from attune_agent.recovery import waiting_again
from attune_agent.settings import parse_flags, read_settings
from attune_agent.state.records import Phase, item_of
from tests.agent.assignments import assignment
from tests.agent.scripted import StillClock


def test_flags_win_over_the_environment_and_that_over_defaults(tmp_path: Path) -> None:
    environment = {"ATTUNE_AGENT_STATE": "/from/environment", "ATTUNE_AGENT_RUN": "/run/from/environment"}
    settings = read_settings(parse_flags(["run", "--state", str(tmp_path)]), environment)
    assert settings.layout == Layout(state=tmp_path, run=Path("/run/from/environment"))
    assert settings.log_level == "info"


def test_without_anything_the_directories_are_the_documented_ones() -> None:
    layout = read_settings(parse_flags(["run"]), {}).layout
    assert (str(layout.state), str(layout.run)) == ("/var/lib/attune", "/run/attune")
    assert str(layout.socket) == "/run/attune/executor.sock"


def test_a_config_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(HostSettingsRefused):
        read_settings(parse_flags(["run", "--config", str(tmp_path / "nothing.yaml")]), {})


def test_the_host_s_file_says_the_slots(tmp_path: Path) -> None:
    config = tmp_path / "agent.yaml"
    config.write_text("slots: 7\n")
    config.chmod(0o644)
    assert read_settings(parse_flags(["run", "--config", str(config)]), {}).host.slots == 7


def test_a_proxy_must_be_a_url() -> None:
    with pytest.raises(SettingsRefused):
        read_settings(parse_flags(["run", "--proxy", "proxy:3128"]), {})


def test_a_state_directory_of_another_format_is_refused_and_left(tmp_path: Path) -> None:
    layout = Layout(state=tmp_path / "state")
    layout.prepare()
    (layout.agent / "format").write_text("2\n")
    with pytest.raises(StateFormatUnknown):
        layout.prepare()
    assert (layout.agent / "format").read_text() == "2\n"


def test_the_directories_have_their_modes_whatever_the_umask_is(tmp_path: Path) -> None:
    layout = Layout(state=tmp_path / "state")
    program = "import os, sys, pathlib, attune_agent.layout as it; os.umask(0o077); it.Layout(state=pathlib.Path(sys.argv[1])).prepare()"
    subprocess.run([sys.executable, "-c", program, str(layout.state)], check=True)
    modes = {
        path.name: path.stat().st_mode & 0o777 for path in (layout.state, layout.agent, layout.secrets, layout.packs, layout.environments)
    }
    assert modes == {"state": 0o711, "agent": 0o700, "secrets": 0o700, "packs": 0o755, "environments": 0o755}


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ((), 2, "usage"),
        (("run", "--nonsense"), 2, "nonsense"),
        (("run", "--proxy", "x"), 3, "ATT386"),
        (("run", "--state", "{place}"), 3, "ATT375"),
    ],
)
def test_the_program_says_what_is_wrong_without_a_traceback(tmp_path: Path, arguments: tuple[str, ...], code: int, says: str) -> None:
    argv = [argument.format(place=tmp_path) for argument in arguments]
    done = subprocess.run([sys.executable, "-m", "attune_agent.main", *argv], capture_output=True, text=True, check=False, env={})
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_contact_closes_starts_after_the_offline_limit_and_opens_them_again() -> None:
    clock = StillClock()
    contact = Contact(clock, offline_limit=100.0)
    clock.advance(99.0)
    assert contact.closed() == ""
    clock.advance(2.0)
    assert "not heard" in contact.closed()
    contact.opened()
    assert contact.closed() == ""
    clock.advance(1000.0)
    assert contact.closed() == "", "a session that is open is no absence"
    contact.ended()
    assert "not heard" in contact.closed()


@pytest.mark.parametrize(("not_before", "rest"), [(1005.0, 5.0), (900.0, 0.0), (99_999.0, 60.0)])
def test_a_stored_pause_goes_on_after_a_restart_within_its_bound(not_before: float, rest: float) -> None:
    from dataclasses import replace

    item = replace(item_of(assignment("1", 1), wall=1000.0), attempt=2, not_before=not_before)
    again = waiting_again(item, wall=1000.0, monotonic=50.0, longest=60.0)
    assert again.ready_at == 50.0 + rest


def test_what_is_under_way_does_not_wait_again() -> None:
    from dataclasses import replace

    item = replace(item_of(assignment("1", 1), wall=1000.0), phase=Phase.STARTED, not_before=5000.0)
    assert waiting_again(item, wall=1000.0, monotonic=50.0, longest=60.0).ready_at == 0.0
