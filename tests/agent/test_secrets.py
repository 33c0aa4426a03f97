import os
from pathlib import Path

import pytest

from attune_agent.preparation_errors import SecretMissing, SecretRefused
from attune_agent.secrets import LIMIT, Secrets


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secrets").mkdir(mode=0o700)
    return tmp_path / "secrets"


def put(folder: Path, content: bytes, *, name: str = "token", mode: int = 0o600) -> None:
    (folder / name).write_bytes(content)
    (folder / name).chmod(mode)


@pytest.mark.parametrize(
    ("content", "secret"),
    [(b"abc\n", b"abc"), (b"abc", b"abc"), (b"abc\n\n", b"abc\n"), (b"a\r\n", b"a\r"), (b"", b""), (b"\n", b""), (b" a b ", b" a b ")],
)
def test_a_secret_is_the_files_content_without_one_newline(folder: Path, content: bytes, secret: bytes) -> None:
    put(folder, content)
    assert Secrets(folder).read("token") == secret
    assert Secrets(folder).text("token") == secret.decode()


def test_a_changed_file_is_read_anew(folder: Path) -> None:
    secrets = Secrets(folder)
    put(folder, b"old")
    assert secrets.text("token") == "old"
    put(folder, b"new")
    assert secrets.text("token") == "new"


@pytest.mark.parametrize("name", ["absent", "../token", "/etc/passwd", "Token", "", ".", "a" * 64, "token\n", "a/b", "tok\0en"])
def test_what_is_not_there_or_no_name_is_missing(folder: Path, name: str) -> None:
    put(folder.parent, b"outside")
    with pytest.raises(SecretMissing) as missing:
        Secrets(folder).read(name)
    assert "outside" not in str(missing.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610, 0o601])
def test_a_file_that_others_can_read_or_change_is_refused(folder: Path, mode: int) -> None:
    put(folder, b"abc", mode=mode)
    with pytest.raises(SecretRefused, match=f"{mode:04o}"):
        Secrets(folder).read("token")


def test_a_link_a_folder_and_a_fifo_are_refused_without_waiting(folder: Path, tmp_path: Path) -> None:
    put(tmp_path, b"abc")
    (folder / "link").symlink_to(tmp_path / "token")
    (folder / "place").mkdir(mode=0o700)
    os.mkfifo(folder / "pipe", 0o600)
    for name in ("link", "place", "pipe"):
        with pytest.raises(SecretRefused):
            Secrets(folder).read(name)


def test_a_secret_has_a_bound(folder: Path) -> None:
    put(folder, b"x" * LIMIT)
    assert len(Secrets(folder).read("token")) == LIMIT
    put(folder, b"x" * (LIMIT + 1))
    with pytest.raises(SecretRefused, match="64 KiB"):
        Secrets(folder).read("token")


@pytest.mark.parametrize("content", [b"abc\xff\xfecanary", b"can\0ary"])
def test_a_secret_that_is_no_text_is_refused_without_showing_it(folder: Path, content: bytes) -> None:
    put(folder, content)
    assert Secrets(folder).read("token") == content
    with pytest.raises(SecretRefused) as refused:
        Secrets(folder).text("token")
    assert "can" not in str(refused.value).removeprefix("ATT331: the file of secret token is no text")
    assert refused.value.__cause__ is None


@pytest.mark.root
def test_a_secret_of_another_user_is_refused(folder: Path) -> None:
    put(folder, b"abc")
    os.chown(folder / "token", 65534, 65534)
    with pytest.raises(SecretRefused, match="another user"):
        Secrets(folder).read("token")
