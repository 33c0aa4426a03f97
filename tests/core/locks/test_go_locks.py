import pytest

from attune_core.locks.go_mod import go_mod_mistakes, required_go
from attune_core.locks.go_sum import go_sum_mistakes, unlocked_modules
from attune_core.locks.mistake import MOST

ONE, TWO = "h1:" + "A" * 43 + "=", "h1:" + "B" * 43 + "="
SUM = f"a.org/x v1.0.0 {ONE}\na.org/x v1.0.0/go.mod {ONE}\nb.org/y v2.1.0+incompatible/go.mod {TWO}\n"
MOD = """\
module example.net/probe // a comment

go 1.21
toolchain go1.22.3
godebug default=go1.21

require a.org/x v1.0.0
require(
	"b.org/y" v2.1.0+incompatible // indirect
)
replace c.org/z v1.0.0 => a.org/x v1.0.0
exclude ( d.org/w v1.0.0 )
retract [v1.0.0, v1.1.0]
"""


def test_a_module_whose_requirements_have_hashes_is_accepted() -> None:
    assert not list(go_sum_mistakes(SUM.encode()))
    assert not list(go_mod_mistakes(MOD.encode()))
    assert not list(unlocked_modules(MOD.encode(), SUM.encode()))


def test_a_module_that_requires_nothing_has_an_empty_lock() -> None:
    assert not list(go_sum_mistakes(b""))
    assert not list(unlocked_modules(b"module x\n", b""))


@pytest.mark.parametrize(
    ("lock", "line", "message"),
    [
        (f"{SUM}a.org/x v1.0.0 h2:abc=\n", 4, "is not `module version h1:…`"),
        (f"a.org/x v1.0.0\n{SUM}", 1, "is not `module version h1:…`"),
        (f"\n<<<<<<< HEAD\n{SUM}", 2, "is not `module version h1:…`"),
        (f"./x v1.0.0 {ONE[:-2]}=\n", 1, "is not `module version h1:…`"),
        (f"{SUM}\na.org/x v1.0.0 {TWO}\n", 5, "`a.org/x v1.0.0` has two different hashes"),
    ],
)
def test_a_line_that_is_no_hash_or_a_second_one_is_a_mistake(lock: str, line: int, message: str) -> None:
    (mistake,) = go_sum_mistakes(lock.encode())
    assert mistake.line == line
    assert message in mistake.message
    assert mistake.stretch is not None
    assert lock[slice(*mistake.stretch)] == lock.splitlines()[line - 1]


def test_a_file_that_is_no_text_is_a_mistake() -> None:
    for judge in (go_sum_mistakes, go_mod_mistakes):
        (mistake,) = judge(b"module \xff")
        assert mistake.message == "the file is not UTF-8 at byte 7"
    assert not list(unlocked_modules(b"\xff", b""))
    assert required_go(b"\xff") is None


def test_many_mistakes_are_cut_off() -> None:
    assert len(list(go_sum_mistakes(b"x\n" * 100))) == MOST
    assert len(list(go_mod_mistakes(b"x\n" * 100))) == MOST


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("replace a.org/x => ./x", "`a.org/x` is replaced by a folder"),
        ("replace a.org/x v1.0.0 => ../x", "`a.org/x` is replaced by a folder"),
        ("replace a.org/x => /srv/x", "`a.org/x` is replaced by a folder"),
        ('replace a.org/x => "./x y"', "`a.org/x` is replaced by a folder"),
        ("replace (\n\ta.org/x => ./x\n)", "`a.org/x` is replaced by a folder"),
        ("replace", "`` is replaced by a folder"),
        ("use ./x", "`use` is no directive"),
    ],
)
def test_what_a_lock_cannot_cover_is_a_mistake_of_the_manifest(line: str, message: str) -> None:
    (mistake,) = go_mod_mistakes(f"{MOD}{line}\n".encode())
    assert message in mistake.message
    assert mistake.line == MOD.count("\n") + 1 + line.count("(")
    assert mistake.stretch is not None
    assert f"{MOD}{line}"[slice(*mistake.stretch)] == line.splitlines()[min(1, line.count("\n"))].strip()


@pytest.mark.parametrize(
    ("added", "missing"),
    [
        ("require n.org/n v1.0.0", ["n.org/n v1.0.0"]),
        ("require b.org/y v2.1.0+incompatible", ["b.org/y v2.1.0+incompatible"]),
        ("require b.org/y v2.1.0+incompatible // indirect", []),
        ("require c.org/z v1.0.0", []),
        ("require c.org/z v1.1.0", ["c.org/z v1.1.0"]),
        ("require n.org/n v1.0.0\nreplace n.org/n => a.org/x v1.0.0", []),
        ("require n.org/n v1.0.0\nreplace n.org/n => a.org/x v1.2.0", ["a.org/x v1.2.0"]),
    ],
)
def test_a_requirement_without_its_hash_is_a_lock_older_than_its_manifest(added: str, missing: list[str]) -> None:
    found = list(unlocked_modules(f"{MOD}{added}\n".encode(), SUM.encode()))
    assert [mistake.message for mistake in found] == [f"go.sum has no hash of `{name}`" for name in missing]
    assert all(mistake.line == MOD.count("\n") + 1 for mistake in found)


@pytest.mark.parametrize(("line", "range_"), [("go 1.21", ">=1.21"), ("go 1.21.4", ">=1.21.4"), ("go 1.23rc1 // x", ">=1.23"), ("", None)])
def test_the_oldest_go_stands_in_the_go_mod(line: str, range_: str | None) -> None:
    assert required_go(f"module x\n{line}\n".encode()) == range_
