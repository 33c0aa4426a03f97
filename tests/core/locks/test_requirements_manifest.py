"""What requirements.in asks for against what the lock file beside it pins; what is not understood is never a false alarm."""

import pytest

from attune_core.locks.mistake import MOST
from attune_core.locks.requirements_manifest import manifest_of, outdated_requirements

HASH = " --hash=sha256:" + "a" * 64
LOCK = "".join(
    f"{pin}{HASH}\n"
    for pin in ("six==1.17.0", "Tomli-W==1.2.0", "typing.extensions==4.14.1 ; python_version < '3.13'", "pre==2.0rc1", "odd==1-x-y")
)


def said(manifest: str) -> list[str]:
    return [f"{mistake.line}: {mistake.message}" for mistake in outdated_requirements(manifest.encode(), LOCK.encode())]


@pytest.mark.parametrize(
    "line",
    [
        "six",
        "SIX>=1.16,<2  # a comment",
        "tomli_w~=1.2",
        "six[extra]==1.17.*",
        "six == 1.17.0 --hash=sha256:abc",
        "typing_extensions>=4 ; python_version >= '3.8'",
        "absent ; sys_platform == 'win32'",
        "pre>=2.0b1",
        "pre>=1",
        "odd>=7",
        "-r other.in",
        "-e .",
        "--index-url https://x.example",
        "./folder",
        "six @ https://x.example/six.whl",
        "git+https://x.example/six.git",
        "absent >>> 1",
        "((((((",
        "six; " + "(" * 5000,
        "",
        "# absent",
    ],
)
def test_what_the_lock_pins_or_nobody_understands_is_fine(line: str) -> None:
    assert said(line) == []


def test_what_is_missing_or_outside_is_said_with_its_line() -> None:
    assert said("six\n\nabsent>=1 # new\nsix>=2,\\\n<3\ntyping-extensions<4 ; python_version < '3.9'\n") == [
        "3: the lock file does not have `absent`",
        "4: the lock file has `six` 1.17.0, which is not `<3,>=2`",
        "6: the lock file has `typing-extensions` 4.14.1, which is not `<4`",
    ]


def test_one_of_several_pins_is_enough() -> None:
    lock = f"numpy==1.26.0 ; python_version < '3.12'{HASH}\nnumpy==2.1.0 ; python_version >= '3.12'{HASH}\n".encode()
    assert not list(outdated_requirements(b"numpy>=2", lock))
    assert len(list(outdated_requirements(b"numpy>=3", lock))) == 1


def test_a_manifest_that_nobody_wrote_is_not_read() -> None:
    assert not list(outdated_requirements(b"absent\n" * 100_000, LOCK.encode()))
    assert not list(outdated_requirements(b"absent\xff", LOCK.encode()))
    assert len(said("absent\n" * 100)) == MOST


def test_the_manifest_has_the_lock_files_stem() -> None:
    assert [manifest_of(path) for path in ("packs/a/requirements.lock", "packs/a.b/dev.txt", "lock")] == [
        "packs/a/requirements.in",
        "packs/a.b/dev.in",
        "lock.in",
    ]
