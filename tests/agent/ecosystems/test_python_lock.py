import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune_agent.ecosystems.python_lock import check_requirements
from attune_agent.preparation_errors import LockRefused

HASH = "--hash=sha256:" + "1" * 64


def check(text: str) -> None:
    check_requirements("requirements.lock", text.encode())


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
    check(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("six==1.16.0", "has no --hash"),
        (f"a==1 {HASH}\nsix==1.16.0\n", "requirements.lock:2: 'six==1.16.0' has no --hash"),
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
    ],
)
def test_everything_else_is_refused_with_its_line(text: str, why: str) -> None:
    with pytest.raises(LockRefused) as refused:
        check(text)
    assert why in refused.value.message


def test_a_lock_that_is_no_text_is_refused() -> None:
    with pytest.raises(LockRefused, match="UTF-8 at byte 3"):
        check_requirements("requirements.lock", b"six\xff==1")


def test_a_long_line_is_judged_quickly() -> None:
    with pytest.raises(LockRefused):
        check("a==1 ;" + " x" * 100_000)
    check("a==1 " + f"{HASH} " * 2000)


@given(st.text(alphabet="six=.1 \\\n#;-@:[]a--hash=sha256", max_size=60))
def test_nothing_without_a_whole_hash_ever_passes_unless_it_is_a_comment(text: str) -> None:
    try:
        check(text)
    except LockRefused:
        return
    assert all(not line.strip() or line.lstrip().startswith("#") or line.strip() == "\\" for line in text.splitlines()), text
