import pytest

from attune_core.locks.mistake import MOST
from attune_core.locks.uv_lock import project_mistakes, uv_lock_mistakes

SOURCE = 'source = { registry = "https://packages.example/simple" }'
HASH = f'hash = "sha256:{"1" * 64}"'
HEAD = 'version = 1\nrevision = 5\nrequires-python = ">=3.9"\n'
PROJECT = """
[[package]]
name = "own"
version = "0"
source = { virtual = "." }
dependencies = [
    { name = "six" },
]

[package.dev-dependencies]
dev = [{ name = "iniconfig" }]

[package.metadata]
requires-dist = [{ name = "six", specifier = "==1.16.0" }]
"""


def package(name: str, *more: str) -> str:
    wheel = f'wheels = [{{ url = "https://files.example/{name}.whl", {HASH}, size = 5 }}]'
    return "\n".join(("", "[[package]]", f'name = "{name}"', 'version = "1.16.0"', SOURCE, *more, wheel, ""))


LOCK = HEAD + PROJECT + package("six", 'dependencies = [{ name = "idna", extra = ["x"] }]') + package("idna")


def said(text: str) -> list[str]:
    return [mistake.message for mistake in uv_lock_mistakes(text.encode())]


def test_what_a_project_needs_with_hashed_wheels_is_accepted() -> None:
    assert not said(LOCK)
    assert not said(LOCK.replace("virtual", "editable"))


def test_what_only_development_needs_is_not_judged() -> None:
    assert not said(LOCK + package("iniconfig").replace(SOURCE, 'source = { git = "https://x.example/iniconfig?rev=1" }'))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (SOURCE, 'source = { git = "https://x.example/idna?rev=1" }', "`idna` does not come from a registry"),
        (SOURCE, 'source = { url = "https://x.example/idna.whl" }', "`idna` does not come from a registry"),
        (SOURCE, 'source = { path = "idna.whl" }', "`idna` does not come from a registry"),
        (SOURCE, 'source = { directory = "../idna" }', "`idna` does not come from a registry"),
        (SOURCE, 'source = { editable = "idna" }', "`idna` does not come from a registry"),
        (SOURCE, 'source = { registry = "../wheels" }', "`idna` does not come from a registry"),
        (
            "wheels = [",
            f'sdist = {{ url = "https://files.example/idna.tar.gz", {HASH} }}\nother = [',
            "`idna` has no wheel, and hosts build none",
        ),
        (HASH, "size = 6", "`idna` has a wheel without a hash"),
        ("sha256:", "md5:", "`idna` has a wheel without a hash"),
        ("sha256:", "", "`idna` has a wheel without a hash"),
    ],
)
def test_a_needed_package_that_leaves_something_open_is_a_mistake_at_its_place(old: str, new: str, message: str) -> None:
    whole = package("idna")
    assert old in whole
    text = LOCK.replace(whole, whole.replace(old, new).replace("size = 6, size = 5", "size = 6"))
    (mistake,) = uv_lock_mistakes(text.encode())
    assert mistake.message == message
    assert text[slice(*mistake.stretch or ())] == 'name = "idna"'
    assert mistake.line == text[: text.index('name = "idna"\nversion')].count("\n") + 1


def test_needs_are_followed_through_extras() -> None:
    optional = f"[package.optional-dependencies]\nx = [{{ name = 'late' }}]\n{SOURCE.replace('source', 'unused')}"
    text = LOCK.replace(package("idna"), package("idna") + optional) + package("late").replace(HASH, 'hash = ""')
    assert said(text) == ["`late` has a wheel without a hash"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"version = 2\n",
        HEAD.encode(),
        (HEAD + PROJECT + PROJECT.replace("own", "other")).encode(),
        (LOCK + '\n[manifest]\nmembers = ["own", "other"]\n').encode(),
    ],
)
def test_what_is_not_the_lock_of_one_project_is_one_mistake_of_the_whole_file(raw: bytes) -> None:
    assert [(mistake.line, mistake.stretch) for mistake in uv_lock_mistakes(raw)] == [(None, None)]


def test_there_are_never_more_than_the_bound() -> None:
    assert len(said(HEAD + PROJECT + package("six").replace(HASH, 'hash = ""') * 100)) == MOST


def test_a_manifest_is_that_of_one_project() -> None:
    assert not list(project_mistakes(b'[project]\nname = "own"\n[tool.uv]\ndev-dependencies = []\n'))
    (mistake,) = project_mistakes(b'[project]\nname = "own"\n[tool.uv.workspace]\nmembers = ["a"]\n')
    assert (mistake.line, mistake.stretch) == (3, (23, 42))
    assert [one.line for one in project_mistakes(b"[")] == [None]
