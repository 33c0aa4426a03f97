import pytest

from attune_core.locks.mistake import MOST
from attune_core.locks.pylock import pylock_mistakes

HASH = 'hashes = { sha256 = "' + "1" * 64 + '" }'
WHEEL = f'{{ url = "https://files.example/six-1.16.0-py3-none-any.whl", size = 5, {HASH} }}'
HEAD = 'lock-version = "1.0"\ncreated-by = "uv"\nrequires-python = ">=3.9"\n'
PACKAGE = f'\n[[packages]]\nname = "six"\nversion = "1.16.0"\nwheels = [{WHEEL}]\n'


def said(text: str) -> list[str]:
    return [mistake.message for mistake in pylock_mistakes(text.encode())]


def test_packages_with_hashed_wheels_are_accepted_whatever_else_they_have() -> None:
    assert not said(HEAD + "packages = []\n")
    assert not said(HEAD + PACKAGE + PACKAGE.replace("six", "other") + "marker = \"sys_platform == 'win32'\"\n")
    assert not said(HEAD + PACKAGE + f'sdist = {{ path = "six.tar.gz", {HASH} }}\n'), "hosts do not touch it"
    assert not said(HEAD + PACKAGE.replace("hashes = {", 'hashes = { md5 = "1",'))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            f"wheels = [{WHEEL}]",
            f'sdist = {{ url = "https://files.example/six.tar.gz", {HASH} }}',
            "`six` has no wheel, and hosts build none",
        ),
        (f"wheels = [{WHEEL}]", "wheels = []", "`six` has no wheel, and hosts build none"),
        (HASH, "hashes = {}", "`six` has a wheel without a hash"),
        (HASH, "size = 6", "`six` has a wheel without a hash"),
        ("1" * 64, "1" * 63, "`six` has a wheel without a hash"),
        ("sha256", "md5", "`six` has a wheel without a hash"),
        ("https://files.example/", "file:///tmp/", "`six` does not come from a registry"),
        ("url = ", "path = ", "`six` does not come from a registry"),
        ("url = ", 'path = "../six.whl", url = ', "`six` does not come from a registry"),
        ("wheels", 'vcs = { type = "git", url = "https://x.example/six" }\nwheels', "`six` does not come from a registry"),
        ("wheels", 'directory = { path = "." }\nwheels', "`six` does not come from a registry"),
        ("wheels", 'archive = { url = "https://x.example/six.zip" }\nwheels', "`six` does not come from a registry"),
        ('version = "1.16.0"\n', "", "a package has no name or no version"),
        ('name = "six"', 'name = "../six"', "a package has no name or no version"),
    ],
)
def test_a_package_that_leaves_something_open_is_a_mistake_at_its_place(old: str, new: str, message: str) -> None:
    text = HEAD + PACKAGE.replace("six", "fine") + PACKAGE.replace(old, new)
    size = text.replace(", size = 5, size = 6", ", size = 6")  # a key stands once
    (mistake,) = pylock_mistakes(size.encode())
    assert mistake.message == message
    assert mistake.line == 11
    assert size[slice(*mistake.stretch or ())].startswith("name =")


@pytest.mark.parametrize("raw", [b"", b"\xff", b"[[", b'lock-version = "2.0"\npackages = []\n', b"a = " + b"[" * 100_000, b"#" * (9 << 20)])
def test_what_is_no_such_file_is_one_mistake_of_the_whole(raw: bytes) -> None:
    assert [(mistake.line, mistake.stretch) for mistake in pylock_mistakes(raw)] == [(None, None)]


def test_packages_in_an_inline_list_have_no_place_and_there_are_never_more_than_the_bound() -> None:
    assert [mistake.line for mistake in pylock_mistakes((HEAD + 'packages = [{name = "six", version = "1"}]\n').encode())] == [None]
    assert len(said(HEAD + '[[packages]]\nname = "a"\n' * 100)) == MOST
