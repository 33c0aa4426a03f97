"""What an agent.yaml means for the executor: the flags that the unit passes, read by the executor's own parser."""

import subprocess
import sys
from pathlib import Path

from attune_agent.executor.arguments import parser
from attune_agent.executor.host_bounds import DEFAULT_PROCESSES
from attune_agent.executor_flags import executor_flags
from attune_agent.host_settings import HostSettings


def test_a_host_without_settings_has_the_executors_own_defaults() -> None:
    told = parser().parse_args(["run", *executor_flags(HostSettings())])
    assert vars(told) == vars(parser().parse_args(["run"]))
    assert told.processes == DEFAULT_PROCESSES


def test_every_setting_that_the_executor_enforces_is_told_to_it() -> None:
    settings = HostSettings.model_validate(
        {
            "slots": 8,
            "sensors": 12,
            "uids": "60706-60800",
            "limits": {"memory": "2GiB", "processes": 100},
            "users": {
                "root": {"actions": ["web.restart"], "sensors": ["web.disk"]},
                "deploy": {"packs": ["web", "db"], "privileges": True},
                "www": {},
            },
        }
    )
    told = parser().parse_args(["run", *executor_flags(settings)])
    assert (told.slots, told.sensors, told.uids, told.memory, told.processes) == (8, 12, (60706, 60800), 2 << 30, 100)
    assert dict(told.grant) == {"root": frozenset({"web.restart", "web.disk"}), "deploy": frozenset({"web.*", "db.*"})}
    assert told.privileged == ["deploy"]


def printed(settings: Path) -> "subprocess.CompletedProcess[str]":
    argv = [sys.executable, "-m", "attune_agent.main", "executor-flags", "--config", str(settings)]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def test_the_program_prints_them_one_a_line_and_the_executor_reads_them_from_a_file(tmp_path: Path) -> None:
    settings, flags = tmp_path / "agent.yaml", tmp_path / "flags"
    settings.write_text("slots: 3\nusers: {root: {actions: [web.restart]}}\n")
    flags.write_text(printed(settings).stdout)
    told = parser().parse_args(["run", f"@{flags}", "--agent-uid=990"])
    assert (told.slots, told.grant, told.agent_uid) == (3, [("root", frozenset({"web.restart"}))], 990)


def test_settings_that_cannot_be_used_give_no_flags(tmp_path: Path) -> None:
    settings = tmp_path / "agent.yaml"
    settings.write_text("users: {root: [web.restart]}\n")
    done = printed(settings)
    assert (done.returncode, done.stdout) == (3, "")
    assert "agent.yaml:1:" in done.stderr
