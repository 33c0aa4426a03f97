import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune_core.locks.mistake import MOST, SIZE, Mistake
from attune_core.locks.requirements import requirement_mistakes

HASH = "--hash=sha256:" + "1" * 64


def mistakes(text: str) -> list[Mistake]:
    return list(requirement_mistakes(text.encode()))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n\n",
        f"six==1.16.0 {HASH}",
        f"six==1.16.0 \\\n    {HASH} \\\n    {HASH}\n    # via -r in.txt\n",
        f'colorama==0.4.6 ; sys_platform == "win32" \\\n    {HASH}\n',
        f"uvicorn[standard,watch]==0.30.0 {HASH} # why\n",
        f"torch==2.4.0+cpu {HASH}\npkg==1!2.0.post1 {HASH}\r\n",
        "six==1.16.0 --hash=sha512:" + "a" * 128,
    ],
)
def test_what_uv_and_pip_write_with_hashes_is_accepted(text: str) -> None:
    assert mistakes(text) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("six==1.16.0", "has no --hash"),
        (f"six>=1.16 {HASH}", "not pinned"),
        (f"six {HASH}", "not pinned"),
        (f"six==1.* {HASH}", "is not `name==version"),
        (f"six==1.0,!=1.1 {HASH}", "is not `name==version"),
        (f'six ; python_version == "3.11" {HASH}', "not pinned"),
        ("six==1.16.0 --hash=md5:" + "1" * 32, "is not `name==version"),
        ("six==1.16.0 --hash=sha256:1234", "is not `name==version"),
        (f"six @ https://example.org/six.whl {HASH}", "no package of a registry"),
        (f"git+https://example.org/six.git {HASH}", "no package of a registry"),
        (f"./six {HASH}", "no package of a registry"),
        ("--index-url https://example.org/simple", "is an option"),
        ("-r other.txt", "is an option"),
        ("-e .", "is an option"),
        ("--trusted-host example.org", "is an option"),
        (f"six==1.16.0 {HASH} --no-binary :all:", "is not `name==version"),
        ("six==1.16.0 \\\n", "has no --hash"),
        (f"six==1.16.0 {HASH} # a comment \\\n--index-url https://example.org", "is an option"),
        (f"six==1.16.0 \\\n # a comment \\\n {HASH}", "has no --hash"),
    ],
)
def test_everything_else_is_a_mistake(text: str, why: str) -> None:
    assert why in mistakes(text)[0].message


def test_every_mistake_has_its_line_and_its_stretch() -> None:
    text = f"a==1 {HASH}\r\n# why\r\n  six==1.16.0 \\\r\n    --hash=md5:1 # no\r\nb==2 {HASH}\nseven  # é\n-r é.txt"
    found = mistakes(text)
    assert [(mistake.line, text[slice(*mistake.stretch or ())]) for mistake in found] == [(3, "six==1.16.0"), (6, "seven"), (7, "-r é.txt")]
    assert found[1].within("requirements.lock") == "requirements.lock:6: 'seven' is not pinned to one version with `==`"


def test_there_are_never_more_than_the_bound() -> None:
    assert [mistake.line for mistake in mistakes("six\n" * 1000)] == list(range(1, MOST + 1))


def test_a_file_that_is_no_text_or_too_large_is_one_mistake() -> None:
    assert list(requirement_mistakes(b"six\xff==1")) == [Mistake(message="the file is not UTF-8 at byte 3")]
    assert [mistake.line for mistake in mistakes("#" * (SIZE + 1))] == [None]
    assert mistakes("#" * SIZE) == []


def test_a_long_line_is_judged_quickly() -> None:
    assert mistakes("a==1 ;" + " x" * 100_000)
    assert mistakes("a==1 \\\n" * 100_000)
    assert not mistakes("a==1 " + f"{HASH} " * 2000)


@given(st.text(alphabet="six=.1 \\\r\n#;-@:[]a--hash=sha256\x0c\u2028", max_size=60))
def test_nothing_without_a_whole_hash_ever_passes_unless_it_is_a_comment(text: str) -> None:
    found = mistakes(text)
    if not found:
        assert all(not line.strip() or line.lstrip().startswith("#") or line.strip() == "\\" for line in text.splitlines()), text
    assert all(mistake.stretch and 0 <= mistake.stretch[0] <= mistake.stretch[1] <= len(text) for mistake in found)
