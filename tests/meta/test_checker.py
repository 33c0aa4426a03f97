"""The checker finds each fault that it is there to find; without this its silence would mean nothing."""

from tests.checker import Line, violations

NOBODY: frozenset[tuple[str, int]] = frozenset()


def run(*texts: str, limit: int = 1, expected: int = 2, settled: frozenset[tuple[str, int]] = NOBODY) -> list[str]:
    lines = [Line(start=text[0] == "S", queue="q", index=int(text[1]), attempt=int(text[2])) for text in texts]
    return violations(lines, {"q": limit}, {"q": expected}, settled)


def test_a_clean_run_is_clean() -> None:
    assert run("S01", "E01", "S11", "E11") == []


def test_a_retry_that_keeps_its_place_is_clean() -> None:
    assert run("S01", "E01", "S02", "E02", "S11", "E11") == []


def test_a_double_start_is_found() -> None:
    assert any("G5" in problem for problem in run("S01", "S01", "E01", "S11", "E11"))


def test_an_inversion_is_found() -> None:
    assert any("at (0, 1) started before (0, 0)" in problem for problem in run("S11", "E11", "S01", "E01"))


def test_an_overlap_beyond_the_limit_is_found() -> None:
    assert any("the limit is 1" in problem for problem in run("S01", "S11", "E01", "E11"))
    assert run("S01", "S11", "E01", "E11", limit=2) == []


def test_a_start_during_another_ones_retry_is_found() -> None:
    assert any("the limit is 1" in problem for problem in run("S01", "E01", "S11", "S02", "E02", "E11"))


def test_what_never_ran_is_found_unless_it_is_said() -> None:
    assert any("G1" in problem for problem in run("S01", "E01"))
    assert run("S01", "E01", settled=frozenset({("q", 1)})) == []


def test_a_start_between_the_attempts_of_an_earlier_one_is_found() -> None:
    assert any("the limit is 1" in problem for problem in run("S01", "E01", "S11", "E11", "S02", "E02"))


def test_neighbours_that_run_side_by_side_may_write_in_any_order_but_no_others() -> None:
    assert run("S11", "S01", "E01", "E11", limit=2) == []
    assert any("started before (0, 0), (0, 1)" in problem for problem in run("S21", "E21", "S01", "S11", "E01", "E11", limit=2, expected=3))
    assert run("S11", "E11", "S21", "S01", "E21", "E01", limit=2, expected=3) == [], "a slow first line is no inversion"
