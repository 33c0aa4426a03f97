import pytest

from attune_agent.ecosystems.credentials import Credential, cargo_files, credential, netrc, npmrc
from attune_agent.preparation_errors import SecretRefused

ONE = Credential(host="one.example:8443", username="me", password="open-sesame")
TWO = Credential(host="two.example", username="you", password="p#a:s=s")


def test_installers_find_each_credential_where_they_look_for_it() -> None:
    assert netrc([ONE, TWO]) == {
        ".netrc": b"machine one.example login me password open-sesame\nmachine two.example login you password p#a:s=s\n"
    }
    assert npmrc([ONE]) == {".npmrc": b"//one.example:8443/:_auth=bWU6b3Blbi1zZXNhbWU=\n"}
    assert netrc([]) == npmrc([]) == {}


def test_cargo_gets_the_index_and_only_the_credential_of_its_host() -> None:
    files = cargo_files("sparse+https://one.example:8443/index/", [TWO, ONE])
    assert b'replace-with = "host"' in files[".cargo/config.toml"]
    assert b'index = "sparse+https://one.example:8443/index/"' in files[".cargo/config.toml"]
    assert files[".cargo/credentials.toml"] == b'[registries.host]\ntoken = "Basic bWU6b3Blbi1zZXNhbWU="\n'
    assert set(cargo_files("https://three.example/index", [TWO, ONE])) == {".cargo/config.toml"}


@pytest.mark.parametrize("password", ["", "two words", "line\nmachine other", 'qu"ote', "back\\slash", "#comment", "ä", "x" * 1025])
def test_a_password_that_installers_would_read_differently_is_refused_without_showing_it(password: str) -> None:
    with pytest.raises(SecretRefused, match="the secret packages") as refused:
        credential("one.example", "me", "packages", password)
    assert not password or password not in str(refused.value)


def test_a_password_is_not_shown_with_its_credential() -> None:
    assert "open-sesame" not in repr(ONE)
