"""What an agent.yaml means for the executor: the flags that the unit passes, read by the executor's own parser."""

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
            "uids": "60706-60800",
            "limits": {"memory": "2GiB", "processes": 100},
            "users": {"root": {"actions": ["web.restart"]}, "deploy": {"packs": ["web", "db"], "privileges": True}, "www": {}},
        }
    )
    told = parser().parse_args(["run", *executor_flags(settings)])
    assert (told.slots, told.uids, told.memory, told.processes) == (8, (60706, 60800), 2 << 30, 100)
    assert dict(told.grant) == {"root": frozenset({"web.restart"}), "deploy": frozenset({"web.*", "db.*"})}
    assert told.privileged == ["deploy"]
