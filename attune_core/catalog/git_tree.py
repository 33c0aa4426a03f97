"""GitTree: one commit of a repository as a Tree, read object by object and never checked out.

Used by the controller's reconcile on its bare mirror and by `attune validate` for revisions and bases. Every command is fixed, runs
without any configuration of system, user or hooks, may not reach a network, and ends at a deadline (facts.md, "Git").
"""

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Timer

from attune_core.catalog.errors import RepositoryUnreadable, RevisionMissing
from attune_core.catalog.tree import Entry
from attune_core.safe_text import safe_text

#: Seconds for one git command; the whole reading of a revision is bounded by who calls it.
DEADLINE = 60.0
#: Bytes of objects asked for in one `cat-file`.
BATCH = 32 << 20

_REVISION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./@{}^~+-]{0,199}", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", re.ASCII)
_LINE = re.compile(rb"([0-7]{6}) (blob|commit|tree) ([0-9a-f]{40,64}) +([0-9]+|-)\t(.+)", re.DOTALL)
_IGNORED = ("--others", "--ignored", "--exclude-standard", "--directory")
_CONFIGURATION = ("core.hooksPath=/dev/null", "core.fsmonitor=false", "gc.auto=0", "submodule.recurse=false", "protocol.allow=never")


class GitTree:
    """The files of one commit, or of one folder in it; `commit` is its full id."""

    def __init__(self, git_folder: Path, commit: str, *, inside: str = "") -> None:
        """Take a bare repository (or a `.git`) and a full commit id; `tree_at` resolves names. A folder that is not there is empty."""
        self._folder, self.commit, self._inside = git_folder, commit, inside
        self._objects: dict[str, tuple[str, int]] = {}

    def entries(self) -> Iterator[Entry]:
        """Stream `git ls-tree`; when the caller stops early the child is killed."""
        top = self._top()
        if top is None:
            return
        with _started(self._folder, "ls-tree", "-r", "-z", "--long", "--full-tree", "--end-of-options", top) as listing:
            for line in _records(listing):
                found = _LINE.fullmatch(line)
                if found is None:
                    raise RepositoryUnreadable("git ls-tree printed a line that cannot be read")
                path = found[5].decode("utf-8", "surrogateescape")
                size = int(found[4]) if found[4] != b"-" else 0
                self._objects[path] = (found[3].decode(), size)
                yield Entry(path, int(found[1], 8), size)

    def _top(self) -> str | None:
        """Return what is listed; None where the commit does not have the folder."""
        if not self._inside:
            return self.commit
        listed = _run(self._folder, "ls-tree", "-z", "--full-tree", "--end-of-options", self.commit, "--", f":(literal){self._inside}")
        return f"{self.commit}:{self._inside}" if listed.startswith(b"040000 tree ") else None

    def contents(self, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """Read objects with `git cat-file --batch`, a bounded number of bytes at a time."""
        waiting: list[str] = []
        size = 0
        for path in paths:
            if waiting and size + self._objects[path][1] > BATCH:
                yield from self._batch(waiting)
                waiting, size = [], 0
            waiting.append(path)
            size += self._objects[path][1]
        if waiting:
            yield from self._batch(waiting)

    def _batch(self, paths: list[str]) -> Iterator[tuple[str, bytes]]:
        wanted = [self._objects[path] for path in paths]
        answer = _run(self._folder, "cat-file", "--batch", "--buffer", given="".join(f"{name}\n" for name, _ in wanted).encode())
        at = 0
        for path, (name, size) in zip(paths, wanted, strict=True):
            header = f"{name} blob {size}\n".encode()
            start, stop = at + len(header), at + len(header) + size
            if answer[at:start] != header or answer[stop : stop + 1] != b"\n":
                raise RepositoryUnreadable(f"git has no complete object for {safe_text(path, limit=200)}")
            yield path, answer[start:stop]
            at = stop + 1


def tree_at(repository: Path, revision: str) -> GitTree:
    """Return the tree of a branch, tag or commit in a bare repository, or in a working copy of one or a folder of it.

    `RevisionMissing` if there is no such revision.
    """
    folder, inside = _git_folder(repository)
    return GitTree(folder, _commit(folder, revision), inside=inside)


def merge_base_at(repository: Path, one: str, other: str) -> GitTree:
    """Return the tree of the newest commit that both revisions come from; `RevisionMissing` if there is none."""
    folder, inside = _git_folder(repository)
    commits = [_commit(folder, revision) for revision in (one, other)]
    try:
        answer = _run(folder, "merge-base", "--end-of-options", *commits)
    except RepositoryUnreadable as error:
        raise RevisionMissing(f"{one!r} and {other!r} have no commit in common", hint=_shallow(folder)) from error
    return GitTree(folder, answer.decode("ascii", "replace").strip(), inside=inside)


def ignored_in(folder: Path) -> frozenset[str]:
    """Return the paths below a folder that git does not track and ignores by the repository's own rules; folders end in `/`.

    Rules of the user are not read, so that everybody checks the same. Nothing is ignored outside a working copy, or without git.
    """
    own, _ = _git_folder(folder)
    if own.name != ".git":
        return frozenset()
    try:
        listed = _run(own, "--work-tree", str(own.parent), "-C", str(folder), "ls-files", "-z", *_IGNORED)
    except RepositoryUnreadable:
        return frozenset()
    return frozenset(path.decode("utf-8", "surrogateescape") for path in listed.split(b"\0") if path)


def is_git(folder: Path) -> bool:
    """Tell whether a folder is the root of a working copy, or a bare repository."""
    return (folder / ".git").exists() or ((folder / "HEAD").is_file() and (folder / "objects").is_dir())


def _git_folder(repository: Path) -> tuple[Path, str]:
    """Return git's own folder, and which folder of the working copy is meant, "" for all of it."""
    for folder in (repository, *repository.parents):
        if is_git(folder):
            own = folder / ".git"
            return own if own.exists() else folder, "" if folder == repository else repository.relative_to(folder).as_posix()
    return repository, ""


def _commit(folder: Path, revision: str) -> str:
    if not _REVISION.fullmatch(revision):
        raise RevisionMissing(f"{safe_text(revision, limit=80)!r} is no revision")
    try:
        answer = _run(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    except RepositoryUnreadable as error:
        where = safe_text(str(folder.parent if folder.name == ".git" else folder), limit=200)
        raise RevisionMissing(f"there is no revision {revision!r} in {where}", hint=_shallow(folder)) from error
    commit = answer.decode("ascii", "replace").strip()
    if not _COMMIT.fullmatch(commit):
        raise RevisionMissing(f"{revision!r} names no commit")
    return commit


def _shallow(folder: Path) -> str | None:
    """Return the remedy for a clone that has only the newest commits; CI makes such clones unasked."""
    if _run(folder, "rev-parse", "--is-shallow-repository").strip() != b"true":
        return None
    return "this clone is shallow; fetch the history: `git fetch --unshallow`, or `fetch-depth: 0` for actions/checkout"


def _argv(folder: Path, words: Sequence[str]) -> list[str]:
    return ["git", *(word for line in _CONFIGURATION for word in ("-c", line)), "--git-dir", str(folder), *words]


def _environment() -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C",
        "HOME": "/nonexistent",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_NO_LAZY_FETCH": "1",  # a missing object is a finding, not a reason to call somebody
        "GIT_NO_REPLACE_OBJECTS": "1",  # a commit's id promises its content
        "GIT_OPTIONAL_LOCKS": "0",
    }


def _run(folder: Path, *words: str, given: bytes = b"") -> bytes:
    try:
        done = subprocess.run(_argv(folder, words), input=given, capture_output=True, check=False, env=_environment(), timeout=DEADLINE)
    except subprocess.TimeoutExpired as error:
        raise RepositoryUnreadable(f"git {words[0]} took longer than {DEADLINE:g} s") from error
    except OSError as error:
        raise _not_started(error) from error
    if done.returncode:
        raise _failed(words[0], done.returncode, done.stderr)
    return done.stdout


class _started:  # noqa: N801 - reads as the statement it is used in
    """A running git whose output is streamed; killed at the deadline and when the reader leaves early."""

    def __init__(self, folder: Path, *words: str) -> None:
        self._words = words
        try:
            self._process = subprocess.Popen(
                _argv(folder, words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment()
            )
        except OSError as error:
            raise _not_started(error) from error
        self._timer = Timer(DEADLINE, self._process.kill)
        self._timer.daemon = True
        self._timer.start()

    def __enter__(self) -> "subprocess.Popen[bytes]":
        return self._process

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        self._timer.cancel()
        if kind is not None:
            self._process.kill()
        _, stderr = self._process.communicate()
        if kind is None and self._process.returncode:
            raise _failed(self._words[0], self._process.returncode, stderr)


def _records(process: "subprocess.Popen[bytes]") -> Iterator[bytes]:
    """Yield NUL-terminated records; a record without end that is longer than any path is refused."""
    rest = b""
    while process.stdout is not None and (chunk := os.read(process.stdout.fileno(), 1 << 16)):
        *records, rest = (rest + chunk).split(b"\0")
        yield from records
        if len(rest) > 1 << 16:
            raise RepositoryUnreadable("git ls-tree printed a path of more than 64 KiB")


def _not_started(error: OSError) -> RepositoryUnreadable:
    return RepositoryUnreadable(f"git cannot be started: {error.strerror}", hint="install git, and have its folder in PATH")


def _failed(command: str, code: int, stderr: bytes) -> RepositoryUnreadable:
    said = safe_text(stderr[-500:].strip(), limit=200) or "no message"
    return RepositoryUnreadable(f"git {command} ended with {code}: {said}")
