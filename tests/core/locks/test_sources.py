"""Patterns of `sources` name files of a pack and nothing else."""

import pytest

from attune_core.locks.sources import matching, root_of

FILES = ("go/go.mod", "go/main.go", "go/inner/deep/a.go", "go/inner/a.rs", "main.go", "rust/src/main.rs", "a[1].go")


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("go/*.go", ["go/main.go"]),
        ("go/**/*.go", ["go/inner/deep/a.go", "go/main.go"]),
        ("**/*.go", ["a[1].go", "go/inner/deep/a.go", "go/main.go", "main.go"]),
        ("go/**", ["go/go.mod", "go/inner/a.rs", "go/inner/deep/a.go", "go/main.go"]),
        ("**/inner/**/a.??", ["go/inner/a.rs", "go/inner/deep/a.go"]),
        ("**", sorted(FILES)),
        ("**/**/main.go", ["go/main.go", "main.go"]),
        ("main.go", ["main.go"]),
        ("*", ["a[1].go", "main.go"]),
        ("GO/*.go", []),
        ("go", []),
        ("go/", []),
        ("../**", []),
    ],
)
def test_a_star_stays_inside_a_name_and_two_cross_folders(pattern: str, found: list[str]) -> None:
    assert list(matching([pattern], FILES)) == found


def test_a_file_that_two_patterns_match_is_there_once() -> None:
    assert matching(["go/*.go", "go/main.*"], FILES) == ("go/main.go",)


def test_many_stars_cost_no_time() -> None:
    assert matching(["**/" * 80 + "x*y*z"], ["a/" * 200 + "x" * 200]) == ()


def test_the_root_is_the_locks_folder() -> None:
    assert (root_of("go/go.sum"), root_of("go.sum")) == ("go", "")
