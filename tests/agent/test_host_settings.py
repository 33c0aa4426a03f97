import os
from pathlib import Path

import pytest

from attune_agent.host_settings import DEFAULT_PATH, HostSettings, read_host_settings
from attune_agent.preparation_errors import HostSettingsRefused


def written(tmp_path: Path, text: str, mode: int = 0o644) -> Path:
    path = tmp_path / "agent.yaml"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_host_without_a_file_has_the_defaults_unless_the_file_was_named(tmp_path: Path) -> None:
    settings = read_host_settings(tmp_path / "agent.yaml", required=False)
    assert settings == HostSettings()
    assert settings.path == DEFAULT_PATH
    assert settings.allows("any.thing")
    with pytest.raises(HostSettingsRefused, match="no file"):
        read_host_settings(tmp_path / "agent.yaml")


def test_every_key_is_read(tmp_path: Path) -> None:
    text = """
slots: 8
uids: 60706-60800
path: [/opt/python/bin, /usr/bin]
secrets: /srv/secrets
network:
  ca_file: /etc/ssl/certs/ca-certificates.crt
  proxy: http://proxy:3128
  environment: {UV_DEFAULT_INDEX: "https://pypi.example.org/simple", npm_config_registry: "https://npm.example.org"}
allow: {packs: [web], actions: [db.backup]}
users: {root: {actions: [web.restart]}, deploy: {packs: [web], privileges: true}}
limits: {memory: 2GiB, processes: 100, time: 2h}
sandbox: strict
"""
    settings = read_host_settings(written(tmp_path, text))
    assert (settings.slots, settings.uids, settings.secrets) == (8, "60706-60800", "/srv/secrets")
    assert settings.path == ("/opt/python/bin", "/usr/bin")
    variables = settings.network.variables()
    assert variables["HTTPS_PROXY"] == variables["https_proxy"] == "http://proxy:3128"
    assert variables["UV_DEFAULT_INDEX"] == "https://pypi.example.org/simple"
    assert [settings.allows(action) for action in ("web.restart", "db.backup", "db.drop")] == [True, True, False]
    asked = [("root", "web.restart"), ("root", "web.stop"), ("deploy", "web.stop"), ("deploy", "db.backup"), ("www", "web.restart")]
    assert [settings.grants(user, action) for user, action in asked] == [True, False, True, False, False]
    assert (settings.limits.memory, settings.limits.processes, settings.limits.time) == (2 << 30, 100, 7200.0)
    assert settings.sandbox == "strict"


def test_nobody_is_granted_a_user_without_being_named() -> None:
    assert not HostSettings.model_validate({"users": {"root": {}}}).grants("root", "web.restart")


def test_the_example_of_the_documentation_is_one(tmp_path: Path) -> None:
    example = Path(__file__).resolve().parents[2] / "docs" / "agent.yaml"
    settings = read_host_settings(written(tmp_path, example.read_text()))
    assert settings.grants("root", "web.restart")
    assert settings.users["deploy"].privileges


def test_the_json_that_programs_write_is_read_alike(tmp_path: Path) -> None:
    assert read_host_settings(written(tmp_path, '{"slots": 2, "network": {"ca_file": "/a.pem"}}')).slots == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("slots: 4\nslts: 5\n", "agent.yaml:2:1: unknown key `slts`"),
        ("slots: many\n", "agent.yaml:1:8: expected an integer"),
        ("slots: 0\n", "agent.yaml:1:8: expected at least 1"),
        ("slots: 4\nslots: 5\n", "stands twice"),
        ("users: {web.restart: [root]}\n", "agent.yaml:1:9: "),
        ("users: {root: [web.restart]}\n", "expected a mapping"),
        ("users: {root: {actions: [web]}}\n", "pack.name"),
        ("users: {root: {privilege: true}}\n", "unknown key `privilege`"),
        ("limits: {memory: 512}\n", "number with a unit"),
        ("limits: {memory: 1MiB}\n", "agent.yaml:1:18: "),
        ("limits: {time: 0s}\n", "agent.yaml:1:16: "),
        ("sandbox: yes\n", "agent.yaml:1:10: "),
        ("path: [bin]\n", "no absolute path"),
        ("path: [/usr/../bin]\n", "no absolute path"),
        ("path: ['/usr/bin:/bin']\n", "no absolute path"),
        ("path: []\n", "at least 1"),
        ("uids: 5\n", "expected text"),
        ("uids: '0-5'\n", "'0-5'"),
        ("network: {proxy: 'socks5://x'}\n", "socks5"),
        ("network: {proxy: 'http://user:hunter2@proxy'}\n", "no place for a secret"),
        ("network: {environment: {UV_DEFAULT_INDEX: 'https://u:hunter2@x/simple'}}\n", "no place for a secret"),
        ("network: {environment: {PATH: /tmp}}\n", "PATH cannot be set"),
        ("network: {credentials: [{host: 'https://x', username: u, password: p}]}\n", "https://x"),
        ("network: {credentials: [{host: x, username: 'u v', password: p}]}\n", "u v"),
        ("network: {credentials: [{host: x, username: u}]}\n", "password"),
        ("environments: {size: 10}\n", "a number with a unit"),
        ("environments: {size: 1KiB}\n", "1048576"),
        ("network: {environment: {ATTUNE_RESULT: /tmp}}\n", "ATTUNE_RESULT cannot be set"),
        ("network: {environment: {'a=b': x}}\n", "a=b"),
        ("allow: {packs: [Web]}\n", "Web"),
        ("allow: {actions: [web]}\n", "pack.name"),
        ("[1]\n", "expected a mapping"),
        ("a: &x 1\n", "anchor"),
        ("", "empty"),
        ("slots: [\n", "agent.yaml:"),
    ],
)
def test_a_mistake_is_refused_with_its_line_and_column(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(HostSettingsRefused) as refused:
        read_host_settings(written(tmp_path, text))
    assert said in refused.value.message


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o622])
def test_settings_that_others_can_change_are_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(HostSettingsRefused, match="changed by others"):
        read_host_settings(written(tmp_path, "slots: 4\n", mode))


@pytest.mark.root
def test_settings_of_another_user_are_refused_by_root(tmp_path: Path) -> None:
    path = written(tmp_path, "slots: 4\n")
    os.chown(path, 65534, 65534)
    with pytest.raises(HostSettingsRefused, match="belongs to uid 65534"):
        read_host_settings(path)


def test_settings_that_are_no_file_or_too_large_are_refused(tmp_path: Path) -> None:
    with pytest.raises(HostSettingsRefused):
        read_host_settings(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(HostSettingsRefused, match="not a regular file"):
        read_host_settings(tmp_path / "pipe")
    with pytest.raises(HostSettingsRefused, match="MiB"):
        read_host_settings(written(tmp_path, "# " + "x" * (2 << 20)))


def test_a_secret_in_a_refused_address_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(HostSettingsRefused) as refused:
        read_host_settings(written(tmp_path, "network: {proxy: 'http://user:hunter2@proxy'}\n"))
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("allow", "allowed"),
    [
        ({}, True),
        ({"packs": ["web"]}, True),
        ({"sensors": ["web.disk"]}, True),
        ({"actions": ["web.restart"]}, False),
        ({"packs": ["db"], "sensors": ["web.load"]}, False),
    ],
)
def test_a_host_that_names_what_it_runs_runs_no_other_sensor(allow: dict[str, list[str]], *, allowed: bool) -> None:
    assert HostSettings.model_validate({"allow": allow}).allows_sensor("web.disk") is allowed


def test_a_user_is_granted_to_sensors_by_pack_or_by_name() -> None:
    users = {"root": {"sensors": ["web.disk"]}, "deploy": {"packs": ["web"]}, "www": {"actions": ["web.disk"]}}
    settings = HostSettings.model_validate({"users": users})
    assert [settings.grants_sensor(user, "web.disk") for user in ("root", "deploy", "www", "nobody")] == [True, True, False, False]
    assert not settings.grants("root", "web.disk")
