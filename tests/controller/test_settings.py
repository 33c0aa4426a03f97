"""Settings from a file, the environment and flags: who wins, and how a mistake is named."""

from pathlib import Path

import pytest

from attune_controller.errors import SettingsInvalid
from attune_controller.settings import ControllerSettings
from attune_controller.settings_file import read_settings, scalar_keys, variable_of
from attune_core.addresses import address_of

URL = {"repository.url": "https://git.example.org/packs.git"}


def file_of(tmp_path: Path, text: str) -> Path:
    place = tmp_path / "controller.yaml"
    place.write_text(text)
    return place


def test_later_sources_win(tmp_path: Path) -> None:
    path = file_of(tmp_path, "repository: {url: https://a/one, branch: one, poll: 1s}\nstate: /one\n")
    settings = read_settings(
        path,
        environ={"ATTUNE_CONTROLLER_REPOSITORY_BRANCH": "two", "ATTUNE_CONTROLLER_STATE": "/two", "HOME": "/home"},
        flags={"state": "/three", "public.names": "a.example.org, b.example.org", "public.plain": "true"},
    )
    assert settings.repository.url == "https://a/one"
    assert (settings.repository.branch, settings.repository.poll) == ("two", 1.0)
    assert settings.state == Path("/three")
    assert settings.public.names == ("a.example.org", "b.example.org")
    assert settings.public.plain


def test_defaults_are_the_designs() -> None:
    settings = read_settings(flags=URL)
    assert (settings.public.listen, settings.agents.listen) == ("127.0.0.1:7443", ":7444")
    assert (settings.repository.poll, settings.agents.wait) == (10.0, 600.0)


def test_every_key_has_a_variable_of_its_own() -> None:
    keys = scalar_keys(ControllerSettings)
    assert len({variable_of(key) for key in keys}) == len(keys)
    assert ("repository", "url") in keys


def test_rates_of_sources_stand_in_the_file_and_the_one_of_all_others_anywhere(tmp_path: Path) -> None:
    path = file_of(tmp_path, "repository: {url: https://a/b}\nlimits: {events_per_second: {sources: {'attune:hooks/*': 5}}}\n")
    rates = read_settings(path, flags={"limits.events_per_second.default": "0.5"}).limits.events_per_second
    assert (rates.default, rates.sources) == (0.5, {"attune:hooks/*": 5.0})
    with pytest.raises(SettingsInvalid, match="sets nothing"):
        read_settings(path, flags={"limits.events_per_second.sources": "a"})


MISTAKES = {
    "repository:\n  url: https://a/b\n  pol: 3s\n": "controller.yaml:3:3: repository.pol: there is no such key; did you mean poll?",
    "repository:\n  url: https://a/b\n  poll: 3\n": "controller.yaml:3:9: repository.poll: a duration is a number with a unit",
    "repository:\n  url: https://a/b\n  url: https://a/c\n": "controller.yaml:3:3: the key 'url' stands twice",
    "state: /x\n": "repository.url: is required; set it in the file, by ATTUNE_CONTROLLER_REPOSITORY_URL",
    "- a\n": "must hold keys and values",
    "public: {listen: ':x'}\nrepository: {url: https://a/b}\n": "controller.yaml:1:18: public.listen: an address is host:port",
    "public: {listen: ':1', plain: true}\nrepository: {url: https://a/b}\n": "loopback only",
    "repository: {url: https://a/b}\nlimits: {events_per_second: {default: 0}}\n": "limits.events_per_second.default",
    "repository: [1]\n": "controller.yaml:1:1: repository",
}


@pytest.mark.parametrize(("text", "message"), MISTAKES.items())
def test_a_mistake_in_the_file_is_named_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        read_settings(file_of(tmp_path, text))
    assert message in refused.value.message


def test_a_mistake_in_the_environment_or_a_flag_is_named() -> None:
    with pytest.raises(SettingsInvalid, match="ATTUNE_CONTROLLER_REPOSITORY_POLL: '5' is no duration"):
        read_settings(environ={"ATTUNE_CONTROLLER_REPOSITORY_POLL": "5"}, flags=URL)
    with pytest.raises(SettingsInvalid, match="did you mean ATTUNE_CONTROLLER_REPOSITORY_POLL"):
        read_settings(environ={"ATTUNE_CONTROLLER_REPOSITORY_POL": "5s"}, flags=URL)
    with pytest.raises(SettingsInvalid, match="--public-listen: an address"):
        read_settings(flags=URL | {"public.listen": "7443"})


@pytest.mark.parametrize(
    "url",
    [
        "https://someone:hunter2@git.example.org/x.git",
        "https://token@git.example.org/x.git",
        "http://git.example.org/x.git",
        "ext::sh -c true",
        "--upload-pack=true",
        "/a/path",
        "file:///a/path",
        "git://git.example.org/x",
    ],
)
def test_a_repository_elsewhere_than_https_or_ssh_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        read_settings(flags={"repository.url": url})
    assert url not in refused.value.message


@pytest.mark.parametrize("url", ["https://h/x.git", "ssh://git@h:22/x", "git@h:x/y.git"])
def test_the_usual_addresses_are_taken(url: str) -> None:
    assert read_settings(flags={"repository.url": url}).repository.url == url


def test_a_path_is_taken_only_when_allowed() -> None:
    flags = {"repository.url": "/srv/x.git", "repository.allow_local": "true"}
    assert read_settings(flags=flags).repository.url == "/srv/x.git"


def test_addresses() -> None:
    assert (address_of(":7444").host, address_of(":7444").port) == ("", 7444)
    assert address_of("[::1]:0").host == "::1"
    for wrong in ("7444", "a:b", "::1:7", "h:70000", "h:1\n"):
        with pytest.raises(ValueError, match="host:port"):
            address_of(wrong)
