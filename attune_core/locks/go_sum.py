"""Whether a go.sum holds hashes and nothing else, and whether it has those of what the go.mod beside it requires; pure.

Called by the catalog for every go environment; the first half also by agents before anything runs. Go itself refuses, with
`-mod=readonly`, what a build needs and go.sum does not have.
"""

import re
from collections.abc import Iterator
from itertools import islice

from attune_core.locks.go_mod import LOCK, Directive, directives
from attune_core.locks.mistake import MOST, Mistake
from attune_core.locks.text_file import read_text

_LINE = re.compile(r"(?P<module>[^\s/][^\s]*) (?P<version>v[^\s]+) (?P<hash>h1:[A-Za-z0-9+/]{43}=)")


def go_sum_mistakes(raw: bytes) -> Iterator[Mistake]:
    """Yield every line that is no hash of a module, or another hash of one that has a hash already; at most `MOST`."""
    text = read_text(raw)
    if isinstance(text, Mistake):
        yield text
    else:
        yield from islice(_line_mistakes(text), MOST)


def unlocked_modules(manifest: bytes, lock: bytes) -> Iterator[Mistake]:
    """Yield what the go.mod requires and the go.sum has no hash of, placed in the go.mod and at most `MOST`."""
    asked, locked = read_text(manifest), read_text(lock)
    if isinstance(asked, str) and isinstance(locked, str):
        hashed = {f"{found['module']} {found['version']}" for line in locked.split("\n") if (found := _LINE.fullmatch(line.strip()))}
        yield from islice(_missing(list(directives(asked)), hashed), MOST)


def _line_mistakes(text: str) -> Iterator[Mistake]:
    known: dict[tuple[str, str], str] = {}
    start = 0
    for number, line in enumerate(text.split("\n"), 1):
        stretch, start = (start, start + len(line)), start + len(line) + 1
        if not line.strip():
            continue
        found = _LINE.fullmatch(line.strip())
        if found is None:
            yield Mistake(message=f"{line[:80]!r} is not `module version h1:…`", line=number, stretch=stretch)
        elif known.setdefault((found["module"], found["version"]), found["hash"]) != found["hash"]:
            message = f"`{found['module'][:80]} {found['version'][:80]}` has two different hashes"
            yield Mistake(message=message, line=number, stretch=stretch)


def _missing(asked: list[Directive], hashed: set[str]) -> Iterator[Mistake]:
    """Go downloads only the go.mod of what is required indirectly and not used."""
    replaced = _replacements(asked)
    for one in asked:
        if one.words[0] != "require" or len(one.words) != 3:
            continue
        module, version = one.words[1:]
        taken = replaced.get(f"{module} {version}") or replaced.get(module) or f"{module} {version}"
        wanted = [f"{taken}/go.mod"] if one.indirect else [taken, f"{taken}/go.mod"]
        if not all(name in hashed for name in wanted):
            yield one.mistake(f"{LOCK} has no hash of `{taken[:160]}`")


def _replacements(asked: list[Directive]) -> dict[str, str]:
    """Return what stands in place of a module, or of one version of it."""
    found: dict[str, str] = {}
    for one in asked:
        if one.words[0] == "replace" and "=>" in one.words:
            at = one.words.index("=>")
            found[" ".join(one.words[1:at])] = " ".join(one.words[at + 1 :])
    return found
