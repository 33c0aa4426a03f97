"""Folders and revisions as Trees: the same content gives the same entries and Problems, and nothing hostile in them is followed or run."""

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from attune_core.catalog.errors import RepositoryUnreadable, RevisionMissing
from attune_core.catalog.folder_tree import FolderTree, working_tree
from attune_core.catalog.git_tree import GitTree, tree_at
from attune_core.catalog.load import load
from attune_core.catalog.tree import LINK, PROGRAM, SUBMODULE, Entry, read
from attune_core.catalog.tree_checks import FILES, ONE_FILE, TOTAL, check_entries
from tests.core.catalog.git_repository import ENVIRONMENT, GitRepository
from tests.core.catalog.test_cases import CASES

BASE = CASES / "base"


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    return GitRepository(tmp_path / "bare.git")


def commit_of_base(repository: GitRepository, **changed: bytes) -> str:
    found = {path.relative_to(BASE).as_posix(): path for path in BASE.rglob("*") if path.is_file()}
    modes = {name: PROGRAM for name, path in found.items() if path.stat().st_mode & stat.S_IXUSR}
    return repository.commit_files({name: path.read_bytes() for name, path in found.items()} | changed, modes)


def test_a_revision_and_a_folder_of_the_same_content_are_the_same(repository: GitRepository, tmp_path: Path) -> None:
    commit = commit_of_base(repository)
    folder = tmp_path / "copy"
    shutil.copytree(BASE, folder)
    from_git, from_folder = tree_at(repository.folder, commit), FolderTree(folder)
    assert sorted(from_git.entries(), key=lambda one: one.path) == sorted(from_folder.entries(), key=lambda one: one.path)
    paths = sorted(entry.path for entry in from_folder.entries())
    assert list(from_git.contents(paths)) == list(from_folder.contents(paths))
    one, other = load(from_git), load(from_folder)
    assert one.problems == other.problems == ()
    assert one.catalog is not None
    assert other.catalog is not None
    assert {name: pack.digest for name, pack in one.catalog.packs.items()} == {
        name: pack.digest for name, pack in other.catalog.packs.items()
    }
    assert one.catalog.packs["web"].archive() == other.catalog.packs["web"].archive()


def test_a_mistake_in_a_revision_has_the_same_place_as_in_a_folder(repository: GitRepository, tmp_path: Path) -> None:
    rule = (BASE / "rules/page_when_lost.yaml").read_bytes().replace(b"outcome", b"outcom")
    commit_of_base(repository, **{"rules/page_when_lost.yaml": rule})
    shutil.copytree(BASE, tmp_path / "copy")
    (tmp_path / "copy/rules/page_when_lost.yaml").write_bytes(rule)
    assert load(tree_at(repository.folder, "main")).problems == load(FolderTree(tmp_path / "copy")).problems != ()


def test_links_submodules_and_odd_names_of_a_revision_are_refused(repository: GitRepository) -> None:
    blob = repository.blob(b"/etc/passwd")
    inner = repository.tree([(0o100644, blob, b"file")])
    commit = repository.commit(
        repository.tree(
            [
                (0o120000, blob, b"link"),
                (0o160000, "1" * 40, b"module"),
                (0o100644, blob, b"-option"),
                (0o100644, blob, b"new\nline"),
                (0o100644, blob, b"back\\slash"),
                (0o100644, blob, b"not-utf-8-\xff"),
                (0o100644, blob, "bidi-\u202e".encode()),
                (0o100644, blob, "nfd-e\u0301".encode()),
                (0o100644, blob, b"x" * 256),
                (0o40000, inner, b".git"),
                (0o40000, inner, b".."),
                (0o40000, inner, b"folder"),
                (0o100644, blob, b"Folder"),
                (0o100644, blob, b"folder"),
                (0o100644, blob, b"README"),
                (0o100644, blob, b"readme"),
            ]
        )
    )
    problems = load(tree_at(repository.folder, commit)).problems
    codes = [problem.code for problem in problems]
    assert sorted(codes) == ["ATT170", "ATT171", *["ATT172"] * 9, *["ATT173"] * 3], problems
    assert all("\n" not in problem.path or problem.code == "ATT172" for problem in problems)


def test_a_git_bomb_is_read_only_to_the_bound(repository: GitRepository) -> None:
    oid = repository.blob(b"x")
    mode = 0o100644
    for _ in range(9):
        oid = repository.tree([(mode, oid, b"f%02d" % index) for index in range(10)])
        mode = 0o40000
    commit = repository.commit(oid)  # 10^9 paths
    problems = load(tree_at(repository.folder, commit)).problems
    assert [problem.code for problem in problems] == ["ATT174"]


def test_what_a_repository_configures_is_not_run(repository: GitRepository, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    commit = commit_of_base(repository, **{".gitattributes": b"* filter=evil diff=evil export-subst\n"})
    for key in ("filter.evil.smudge", "filter.evil.clean", "diff.evil.textconv", "core.fsmonitor", "core.pager", "core.sshCommand"):
        repository.git("config", key, f"touch {canary}")
    hooks = repository.folder / "hooks"
    for name in ("post-checkout", "reference-transaction", "fsmonitor-watchman"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {canary}\n")
        (hooks / name).chmod(0o755)
    assert load(tree_at(repository.folder, commit)).catalog is not None
    assert not canary.exists()


def test_replaced_objects_do_not_change_a_commit(repository: GitRepository) -> None:
    first = commit_of_base(repository)
    second = repository.commit_files({"evil": b"x"})
    repository.git("replace", first, second)
    assert load(tree_at(repository.folder, first)).catalog is not None


def test_a_missing_object_is_a_failure_and_not_an_empty_file(repository: GitRepository) -> None:
    commit = commit_of_base(repository)
    name = repository.git("rev-parse", f"{commit}:attune.yaml")
    (repository.folder / "objects" / name[:2] / name[2:]).unlink()
    with pytest.raises(RepositoryUnreadable):
        load(tree_at(repository.folder, commit))


@pytest.mark.parametrize("revision", ["missing", "--help", "-x", "main:attune.yaml", "", "a b", "main\nmain", "x" * 500, "$(id)", "HEAD:"])
def test_a_revision_that_is_none_is_refused(repository: GitRepository, revision: str) -> None:
    commit_of_base(repository)
    with pytest.raises(RevisionMissing):
        tree_at(repository.folder, revision)


def test_names_of_revisions_lead_to_one_commit(repository: GitRepository) -> None:
    first, second = commit_of_base(repository), repository.commit_files({"attune.yaml": b"x"})
    repository.git("branch", "release/1.0", first)
    repository.git("tag", "-a", "v1", "-m", "x", second)
    assert tree_at(repository.folder, "release/1.0").commit == first
    assert tree_at(repository.folder, "v1").commit == tree_at(repository.folder, second[:12]).commit == second


def test_a_working_copy_and_its_worktree_can_be_read_at_a_revision(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    shutil.copytree(BASE, folder)

    def git(*words: str) -> None:
        subprocess.run(["git", *words], cwd=folder, env=ENVIRONMENT, check=True, capture_output=True)

    git("init", "--quiet", "--initial-branch=main")
    git("add", ".")
    git("commit", "--quiet", "-m", "x")
    git("worktree", "add", "-q", str(tmp_path / "second"), "-b", "other")
    (folder / "attune.yaml").write_text("format: 7\n")  # not committed
    assert load(tree_at(folder, "HEAD")).catalog is not None
    assert load(tree_at(tmp_path / "second", "HEAD")).catalog is not None
    assert load(FolderTree(tmp_path / "second")).catalog is not None  # `.git` is a file there
    assert load(FolderTree(folder)).catalog is None


def test_a_folder_of_a_working_copy_can_be_read_at_a_revision(tmp_path: Path) -> None:
    folder = tmp_path / "all" / "op s" / ":packs"
    shutil.copytree(BASE, folder)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path / "all", env=ENVIRONMENT, check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path / "all", env=ENVIRONMENT, check=True)
    subprocess.run(["git", "commit", "-qm", "x"], cwd=tmp_path / "all", env=ENVIRONMENT, check=True)
    from_git, from_folder = tree_at(folder, "HEAD"), FolderTree(folder)
    assert sorted(from_git.entries(), key=lambda one: one.path) == sorted(from_folder.entries(), key=lambda one: one.path)
    assert load(tree_at(folder, "HEAD")).catalog is not None


def test_a_folder_that_the_revision_does_not_have_is_empty(repository: GitRepository) -> None:
    tree = GitTree(repository.folder, commit_of_base(repository), inside="attune.yaml")
    assert list(tree.entries()) == []
    tree = GitTree(repository.folder, commit_of_base(repository), inside="nothing/here")
    assert list(tree.entries()) == []


def test_what_git_ignores_is_not_of_the_repository_and_what_it_tracks_is(tmp_path: Path) -> None:
    files = (
        ".gitignore",
        "attune.yaml",
        "packs/web/kept.log",
        "packs/web/left.log",
        "packs/web/actions/__pycache__/a.pyc",
        "packs/new/a.py",
        "packs/new/__pycache__/a.pyc",
    )
    for name in files:
        path = tmp_path / "top" / "sub" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    root = tmp_path / "top" / "sub"
    (root / ".gitignore").write_text("__pycache__/\n*.log\n")
    assert sorted(entry.path for entry in working_tree(root).entries()) == sorted(files)  # no git here
    for words in (["init", "--quiet"], ["add", "--force", "sub/attune.yaml", "sub/packs/web/kept.log"]):
        subprocess.run(["git", *words], cwd=tmp_path / "top", env=ENVIRONMENT, check=True)
    kept = [".gitignore", "attune.yaml", "packs/new/a.py", "packs/web/kept.log"]
    assert sorted(entry.path for entry in working_tree(root).entries()) == kept
    assert sorted(entry.path for entry in working_tree(root.parent).entries()) == [f"sub/{name}" for name in kept]


def test_links_pipes_and_nested_repositories_of_a_folder_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    shutil.copytree(BASE, folder)
    (folder / "link").symlink_to("/etc/passwd")
    (folder / "loop").symlink_to(".")
    os.mkfifo(folder / "pipe")
    (folder / "nested" / ".git").mkdir(parents=True)
    (folder / "nested" / "file").write_text("x")
    (folder / ".git").mkdir()
    (folder / ".git" / "link").symlink_to("/")
    codes = {problem.path: problem.code for problem in load(FolderTree(folder)).problems}
    assert codes == {"link": "ATT170", "loop": "ATT170", "nested": "ATT171", "pipe": "ATT176"}


def test_a_file_that_became_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    tree = FolderTree(tmp_path)
    assert [entry.path for entry in tree.entries()] == ["file"]
    (tmp_path / "file").unlink()
    (tmp_path / "file").symlink_to("/etc/passwd")
    with pytest.raises(RepositoryUnreadable):
        read(tree, "file")


def test_the_bounds_of_a_repository_hold_while_entries_stream() -> None:
    taken: list[int] = []

    def endless() -> Iterator[Entry]:
        for number in count():
            taken.append(number)
            yield Entry(f"f{number}", 0o100644, 0)

    _, problems = check_entries(endless())
    assert [problem.code for problem in problems] == ["ATT174"]
    assert len(taken) == FILES + 1
    _, problems = check_entries([Entry("a", 0o100644, ONE_FILE + 1), Entry("b", 0o100644, TOTAL)])
    assert [problem.code for problem in problems] == ["ATT175", "ATT175"]
    assert check_entries([Entry("a", 0o100644, ONE_FILE)])[1] == ()


@pytest.mark.parametrize(
    ("paths", "code"),
    [
        (["a", "A"], "ATT173"),
        (["packs/web/x", "packs/Web/y"], "ATT173"),
        (["a", "a/b"], "ATT173"),
        (["a/b", "a"], "ATT173"),
        (["a", "a"], "ATT173"),
        (["straße", "strasse"], "ATT173"),
        (["a//b"], "ATT172"),
        (["/etc/passwd"], "ATT172"),
        (["a/../b"], "ATT172"),
        (["a/.GIT/config"], "ATT172"),
        (["a\tb"], "ATT172"),
        (["x" * 255 + "y"], "ATT172"),
        (["/".join(["x" * 200] * 6)], "ATT172"),
    ],
)
def test_paths_that_some_file_system_could_not_hold_are_refused(paths: list[str], code: str) -> None:
    _, problems = check_entries(Entry(path, 0o100644, 1) for path in paths)
    assert [problem.code for problem in problems] == [code]


@pytest.mark.parametrize(
    "paths", [["a/b", "a/c", "ab"], ["größe.txt"], ["with space"], ["a.b-c_d/e+f@g"], [".github/x"], ["x" * 255], ["a", "b/a"]]
)
def test_ordinary_paths_pass(paths: list[str]) -> None:
    files, problems = check_entries(Entry(path, 0o100644, 1) for path in paths)
    assert problems == ()
    assert sorted(files) == sorted(paths)


def test_the_number_of_refused_entries_that_are_said_is_bounded() -> None:
    _, problems = check_entries(Entry(f"link{number}", LINK if number % 2 else SUBMODULE, 0) for number in range(10_000))
    assert len(problems) == 100
