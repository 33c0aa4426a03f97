"""Installed services, started by a real systemd: docs/howto/install.md by the letter, with actions running through what it does.

The host is this machine's root in namespaces of its own (tests/booted.py), without a network; both versions come from wheels.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from attune_cli.local.origin import Origin
from attune_core.values import JsonObject
from tests.booted import SHARED, Host, booted, reason
from tests.pages import blocks, file_in, typed
from tests.running import action_document, pack
from tests.unprivileged import require_system_python
from tests.waiting import wait_until
from tests.wheels import make_wheels

pytestmark = [pytest.mark.flow, pytest.mark.root, pytest.mark.timeout(180)]
NEWER = "0.2.0"
HOLD = f"""\
echo "began $NAME" >> {SHARED}/open/witness
until [ -e {SHARED}/open/$NAME ]; do sleep 0.05; done
echo "ended $NAME" >> {SHARED}/open/witness
"""


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    if why := reason():
        pytest.skip(why)
    require_system_python()
    shared = tmp_path / "shared"
    (shared / "open").mkdir(parents=True)
    (shared / "open").chmod(0o1777)
    (shared / "open" / "witness").touch()
    (shared / "open" / "witness").chmod(0o666)
    make_wheels(shared / "wheels", shared / f"wheels-{NEWER}", shared / "broken", NEWER)
    origin = Origin(shared / "git")
    parameters: JsonObject = {"name": {"type": "string"}}
    document = action_document("hold.sh", parameters=parameters, env={"NAME": "${{ parameters.name }}"}, concurrency={"limit": 4})
    origin.write(pack("web", {"actions/hold.yaml": document, "actions/hold.sh": HOLD}))
    origin.push()
    with booted(tmp_path) as host:
        yield host


class Installed:
    """What is looked at while the page is followed."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.running = ""
        self.executor = ""

    def start(self, name: str) -> str:
        """Begin an action that ends when it is let go, and return its execution."""
        made = json.loads(self.host.must(f"attune action run web.hold --input name={name} --agent role=web --no-wait --json"))
        wait_until(lambda: f"began {name}" in self.witness(), what=f"the start of {name}")
        return str(made["executions"][0])

    def let_go(self, name: str) -> None:
        (self.host.shared / "open" / name).touch()

    def end(self, execution: str) -> tuple[str, str]:
        """Return the outcome and reason of an execution, once it has them."""
        wait_until(lambda: self.execution(execution)["state"] == "settled", what=f"the end of {execution}")
        found = self.execution(execution)
        return str(found["outcome"]), str(found["reason"])

    def runs(self, name: str) -> None:
        execution = self.start(name)
        self.let_go(name)
        assert self.end(execution)[0] == "succeeded"

    def execution(self, execution: str) -> JsonObject:
        found: JsonObject = json.loads(self.host.must(f"attune execution show {execution} --json"))
        return found

    def witness(self) -> str:
        return (self.host.shared / "open" / "witness").read_text()

    def pid(self, unit: str) -> str:
        return self.host.must(f"systemctl show --property MainPID --value {unit}").strip()

    def await_agent(self, version: str) -> None:
        def there() -> bool:
            [agent] = json.loads(self.host.must("attune agent list --json"))
            return bool(agent["state"] == "connected" and agent["version"] == version)

        wait_until(there, what=f"the agent of {version}")

    # What follows is done around commands of the page.

    def after_dry_run(self) -> None:
        assert self.host.run("ls /etc/systemd/system/attune-controller.service").returncode != 0

    def after_controller(self) -> None:
        self.host.must(f"chown -R attune-controller {SHARED}/git")  # git reads no repository of another user
        login = "attune login --state /var/lib/attune-controller && attune controller status"
        wait_until(lambda: "live" in self.host.must(login), what="the revision")

    def after_install(self) -> None:
        self.await_agent("0.1.0")
        self.runs("first")
        self.units_are_sound()
        self.the_doctor_is_content()
        self.repeated_changes_nothing()
        assert "[Service]" in self.host.must("runuser -u nobody -- attune agent install --dry-run")
        self.executor_opens_no_network()
        self.crashes_are_survived()
        self.running, self.executor = self.start("upgrade"), self.pid("attune-executor")
        self.what_does_not_start_is_taken_back()

    def what_does_not_start_is_taken_back(self) -> None:
        units = "cat /etc/systemd/system/attune-*.service | sha256sum"
        before = self.host.must(units)
        failed = self.host.run("attune agent install --wheels broken")
        assert failed.returncode != 0
        for said in ("ATT795", f"{NEWER} did not start, and 0.1.0 runs again", "journalctl --unit attune-agent.service"):
            assert said in failed.stderr
        assert "broken on purpose" in self.host.must("journalctl --no-pager --unit attune-agent.service")
        failed = self.host.run(f"/opt/attune/{NEWER}/bin/attune controller install")
        assert "ATT795" in failed.stderr, failed.stdout + failed.stderr
        assert self.host.must("readlink /opt/attune/agent /opt/attune/controller").split() == ["/opt/attune/0.1.0"] * 2
        assert self.host.must(units) == before
        self.await_agent("0.1.0")
        assert self.execution(self.running)["state"] == "started", "what ran is not touched by any of this"

    def after_upgrade(self) -> None:
        self.await_agent(NEWER)
        assert self.pid("attune-executor") == self.executor, "the executor goes on"
        assert self.execution(self.running)["state"] == "started"
        self.let_go("upgrade")
        assert self.end(self.running)[0] == "succeeded"
        assert self.witness().count("began upgrade") == 1

    def after_replacement(self) -> None:
        wait_until(
            lambda: f"/opt/attune/{NEWER}/" in self.host.run("cat /proc/$(systemctl show -P MainPID attune-executor)/cmdline").stdout,
            what="the new executor",
        )
        self.runs("replaced")
        self.host.must("cd /opt/attune; ln -sfn /opt/attune/0.1.0 agent; systemctl restart attune-agent; ln -sfn /opt/attune/0.2.0 agent")
        self.host.must("attune agent install")  # as after an upgrade that was killed before its restart
        self.host.must("systemctl restart attune-controller attune-executor attune-agent")
        self.await_agent(NEWER)
        self.runs("restarted")

    def after_uninstall(self) -> None:
        assert "attune" not in self.host.must("ls /etc/systemd/system /usr/local/bin")
        assert self.host.run("ls -d /opt/attune /var/lib/attune-controller").stdout == ""
        self.host.must("test -e /var/lib/attune/agent/controller.json")

    def units_are_sound(self) -> None:
        units = "attune-agent.service attune-executor.service attune-controller.service"
        assert self.host.must(f"cd /etc/systemd/system && systemd-analyze verify {units} 2>&1 | grep attune || true") == ""
        self.host.must("systemd-analyze security --threshold=20 attune-agent attune-controller")
        modes = "stat -c '%A %U:%G %n' /var/lib/attune /var/lib/attune/* /var/lib/attune-executor /var/lib/attune-controller"
        assert self.host.must(modes).splitlines() == [
            "drwx--x--x attune:attune /var/lib/attune",
            "drwx------ attune:attune /var/lib/attune/agent",
            "drwxr-xr-x attune:root /var/lib/attune/environments",
            "drwxr-s--- root:attune /var/lib/attune/logs",
            "drwxr-xr-x attune:attune /var/lib/attune/packs",
            "drwx------ root:root /var/lib/attune-executor",
            "drwx------ attune-controller:attune-controller /var/lib/attune-controller",
        ]

    def the_doctor_is_content(self) -> None:
        found = json.loads(self.host.run("attune doctor --json").stdout)
        wrong = [one for one in found["findings"] if one["level"] == "error"]
        assert (found["programs"], wrong) == (["controller", "agent", "profile"], [])

    def repeated_changes_nothing(self) -> None:
        agent = self.pid("attune-agent")
        said = self.host.must("attune agent install")
        rated = [line for line in said.splitlines() if line.startswith("score")]
        assert not [line for line in said.splitlines() if not line.startswith(("run     systemctl", "score ", "attune agent 0.1.0"))], said
        ratings = [line.partition(":")[0].split() for line in rated]
        assert [(unit, rating) for _, unit, _, rating in ratings] == [("attune-executor.service", "MEDIUM"), ("attune-agent.service", "OK")]
        assert float(ratings[1][2]) <= 2.0
        assert "eight capabilities" in rated[0]
        assert self.pid("attune-agent") == agent

    def executor_opens_no_network(self) -> None:
        pid = self.pid("attune-executor")
        held = re.findall(r"socket:\[(\d+)\]", self.host.must(f"ls -l /proc/{pid}/fd"))
        network = self.host.must(f"cd /proc/{pid}/net; cat tcp tcp6 udp udp6 raw raw6 packet").split()
        assert held
        assert not set(held) & set(network)

    def crashes_are_survived(self) -> None:
        execution = self.start("crash")
        self.host.must("systemctl kill --kill-whom=main --signal=KILL attune-agent")
        self.await_agent("0.1.0")
        self.let_go("crash")
        assert self.end(execution)[0] == "succeeded"
        execution = self.start("lost")
        self.host.must("systemctl kill --kill-whom=main --signal=KILL attune-executor")
        assert self.end(execution) == ("lost", "executor_died")
        self.runs("again")
        assert self.witness().count("began lost") == 1


def test_the_page_installs_upgrades_under_a_running_action_and_uninstalls(host: Host) -> None:
    installed = Installed(host)
    after: Mapping[str, Callable[[], None]] = {
        "/opt/attune/0.1.0/bin/attune controller install --dry-run": installed.after_dry_run,
        "/opt/attune/0.1.0/bin/attune controller install": installed.after_controller,
        "attune agent list": installed.after_install,
        f"attune agent install --wheels wheels-{NEWER}": installed.after_upgrade,
        "attune agent install --executor idle": installed.after_replacement,
        "attune controller uninstall --purge --yes": installed.after_uninstall,
    }
    seen = []
    for kind, content in blocks("install.md"):
        if kind == "yaml":
            path, text = file_in(content)
            local = text.replace("https://git.example.org/ops/packs.git", f"{SHARED}/git/origin.git").replace(
                "branch: main", "branch: main, poll: 1s, allow_local: true"
            )
            host.must(f"mkdir -p {Path(path).parent} && cat > {path}", stdin=local)
        for command, _ in typed(content, "#") if kind == "console" else ():
            host.must(command)
            seen.append(command)
            after.get(command, lambda: None)()
    assert set(after) <= set(seen)
