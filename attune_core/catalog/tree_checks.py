"""What a repository may consist of, whatever its storage: bounded, regular files with ordinary names.

Called by `load` before anything is read; the same for a folder and a revision, so that CI and controller agree.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from attune_core.catalog.source_text import HIDDEN
from attune_core.catalog.tree import FILE, LINK, PROGRAM, SUBMODULE, Entry
from attune_core.problems import Problem, Severity

#: reliability.md §1.5; counted while streaming, so that a small repository which unfolds to 10^9 files ends here.
FILES, TOTAL, ONE_FILE, PATH, COMPONENT = 20_000, 512 << 20, 64 << 20, 1024, 255
_PLAIN = re.compile(r"[A-Za-z0-9_./-]+", re.ASCII)
#: More mistakes than this say nothing new.
MISTAKES = 100


def check_entries(entries: Iterable[Entry]) -> tuple[Mapping[str, Entry], tuple[Problem, ...]]:
    """Return the regular files by path, and Problems; reading stops at the first bound."""
    seen = _Seen()
    for count, entry in enumerate(entries, start=1):
        seen.total += entry.size
        if count > FILES:
            seen.refuse("ATT174", f"the repository has more than {FILES} files", "", "keep generated files out of it")
        elif seen.total > TOTAL:
            seen.refuse(
                "ATT175", f"the repository has more than {TOTAL >> 20} MiB", "", "keep large files out of it and fetch them in the action"
            )
        else:
            _check(entry, seen)
            if len(seen.problems) < MISTAKES:
                continue
        break
    return seen.files, tuple(seen.problems)


@dataclass
class _Seen:
    files: dict[str, Entry] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    folders: set[str] = field(default_factory=set)
    folded: dict[str, str] = field(default_factory=dict)  # without case -> as first written
    total: int = 0

    def refuse(self, code: str, message: str, path: str, hint: str) -> None:
        self.problems.append(Problem(code=code, severity=Severity.ERROR, message=message, path=path or ".", hint=hint))


def _check(entry: Entry, seen: _Seen) -> None:
    if odd := _odd(entry.path):
        shown = entry.path.encode("utf-8", "backslashreplace").decode()
        seen.refuse("ATT172", odd, shown[:200], "rename it: plain names of at most 255 bytes, without controls, `\\` or a leading `-`")
    elif entry.mode == LINK:
        seen.refuse("ATT170", "a symbolic link", entry.path, "put a copy of the file in its place; links could lead out of the repository")
    elif entry.mode == SUBMODULE:
        seen.refuse("ATT171", "a submodule or a nested git repository", entry.path, "put the files themselves into this repository")
    elif entry.mode not in (FILE, PROGRAM):
        seen.refuse("ATT176", "neither a file nor a folder", entry.path, "remove it")
    elif entry.size > ONE_FILE:
        seen.refuse("ATT175", f"the file has more than {ONE_FILE >> 20} MiB", entry.path, "keep it elsewhere and fetch it in the action")
    elif twin := _twin(entry.path, seen):
        seen.refuse(
            "ATT173",
            f"cannot stand beside {twin!r} on every file system: only case differs, or both a file and a folder",
            entry.path,
            "rename one of them",
        )
    else:
        seen.files[entry.path] = entry


def _odd(path: str) -> str:
    """Return what is odd about a path, or nothing."""
    if len(path) <= COMPONENT and _PLAIN.fullmatch(path):
        return _odd_parts(path)
    if any("\ud800" <= char <= "\udfff" for char in path):
        return "a file name that is not UTF-8"
    if HIDDEN.search(path) or "\n" in path or "\t" in path:
        return "a file name with characters that cannot be seen"
    if "\\" in path or not unicodedata.is_normalized("NFC", path):
        return "a file name with a backslash" if "\\" in path else "a file name that is not in Unicode's normal form (NFC)"
    if len(path.encode()) > PATH or any(len(part.encode()) > COMPONENT for part in path.split("/")):
        return "a file name that is too long"
    return _odd_parts(path)


def _odd_parts(path: str) -> str:
    for part in path.split("/"):
        if part in ("", ".", "..") or part.casefold() == ".git":
            return "a path that no ordinary work tree can have"
        if part.startswith("-"):
            return "a file name that starts with `-`, which programs take for an option"
    return ""


def _twin(path: str, seen: _Seen) -> str:
    """Return the earlier path that this one, or one of its folders, cannot stand beside on a file system without case."""
    end = len(path)
    while end > 0:
        part = path[:end]
        known = seen.folded.setdefault(part.casefold(), part)
        if known != part or part in seen.files:
            return known
        if end != len(path) and part in seen.folders:
            return ""  # its own folders were looked at with it
        if end != len(path):
            seen.folders.add(part)
        elif part in seen.folders:
            return known
        end = part.rfind("/")
    return ""
