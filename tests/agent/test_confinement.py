"""What the host's settings make of an action's wishes: refused, bounded, put into a sandbox."""

from pathlib import Path

import pytest

from attune_agent.confinement import Confinement
from attune_agent.errors import PolicyDenied, UserDenied
from attune_agent.host import ProcessLimits, Sandbox
from attune_agent.host_settings import HostSettings
from attune_core.models.action import ActionDocument
from attune_core.values import JsonValue


def host(**settings: JsonValue) -> Confinement:
    return Confinement(HostSettings.model_validate(settings), (Path("/state"),), Path("/state/environments"))


def action(**keys: JsonValue) -> ActionDocument:
    return ActionDocument.model_validate({"description": "For tests", "run": ["true"], **keys})


def test_an_action_that_the_host_does_not_run_is_refused() -> None:
    host(allow={"packs": ["web"]}).check_action("web.restart")
    with pytest.raises(PolicyDenied, match=r"does not run db\.drop"):
        host(allow={"packs": ["web"]}).check_action("db.drop")


def test_a_user_is_refused_without_a_grant_for_this_very_action() -> None:
    confinement = host(users={"root": {"actions": ["web.restart"]}})
    assert confinement.user("web.restart", action(user="root")) == "root"
    assert confinement.user("web.stop", action()) is None
    for one, user in (("web.stop", "root"), ("web.restart", "deploy")):
        with pytest.raises(UserDenied, match=f"does not let {one} run as {user}"):
            confinement.user(one, action(user=user))


@pytest.mark.parametrize(("asked", "most", "got"), [(60.0, None, 60.0), (60.0, "30s", 30.0), (10.0, "30s", 10.0)])
def test_the_hosts_time_is_an_upper_bound(asked: float, most: str | None, got: float) -> None:
    assert host(limits={"time": most} if most else {}).timeout(asked) == got


def test_limits_are_passed_on_as_the_action_wishes_them() -> None:
    assert host().limits(action(limits={"memory": "512MiB", "processes": 64})) == ProcessLimits(memory=512 << 20, processes=64)
    assert host().limits(action()) == ProcessLimits()


@pytest.mark.parametrize(
    ("of_host", "of_action", "made"),
    [("none", "none", False), ("none", "strict", True), ("strict", "none", True), ("strict", "strict", True)],
)
def test_a_sandbox_is_made_where_either_wants_it(of_host: str, of_action: str, made: bool) -> None:  # noqa: FBT001 - a parameter of the test
    found = host(sandbox=of_host).sandbox(action(sandbox=of_action, network=True), Path("/state/packs/p"), "key")
    shown = ("/state/packs/p", "/state/environments/key")
    assert found == (Sandbox(network=True, hide=("/state",), show=shown) if made else None)


def test_an_action_without_environment_has_only_its_pack_in_the_sandbox() -> None:
    found = host().sandbox(action(sandbox="strict"), Path("/state/packs/p"), None)
    assert found == Sandbox(network=False, hide=("/state",), show=("/state/packs/p",))
