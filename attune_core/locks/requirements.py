"""Whether a requirements file pins every package with a hash and asks for nothing else; pure.

Called by the catalog for every python environment and by agents before anything runs. The format is pip's
(https://pip.pypa.io/en/stable/reference/requirements-file-format/), as `uv pip compile --generate-hashes` writes it; uv then checks every
downloaded file against these hashes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from attune_core.locks.mistake import MOST, Mistake
from attune_core.locks.text_file import read_text

_COMMENT = re.compile(r"(^|\s)#.*$")
_PINNED = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]{0,200}[A-Za-z0-9])?)"
    r"\s*(?:\[[A-Za-z0-9._, -]{0,500}\])?"  # extras
    r"\s*===?\s*(?P<version>[A-Za-z0-9][A-Za-z0-9.!+_-]{0,200})"  # one exact version
    r"\s*(?:;[^#]{1,2000}?)?"  # marker
    r"(?:\s+--hash=(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})){1,2000}\s*",
    re.ASCII,
)
_HASH = re.compile(r"\s--hash[=\s]")


@dataclass(frozen=True)
class WantedLine:
    """A requirement or an option: its joined text, the number of its first line, and that line's stretch without white space."""

    text: str
    line: int
    stretch: tuple[int, int]


def requirement_mistakes(raw: bytes) -> Iterator[Mistake]:
    """Yield what is no pinned and hashed requirement of a registry package, in the file's order and at most `MOST`."""
    text = read_text(raw)
    if isinstance(text, Mistake):
        yield text
        return
    wrong = (wanted for wanted in wanted_lines(text) if not _PINNED.fullmatch(wanted.text))
    for wanted in islice(wrong, MOST):
        yield Mistake(message=f"{wanted.text[:80]!r} {_reason(wanted.text)}", line=wanted.line, stretch=wanted.stretch)


def pins(text: str) -> Iterator[tuple[str, str]]:
    """Yield the name and version of every package that a lock file pins."""
    for wanted in wanted_lines(text):
        if found := _PINNED.fullmatch(wanted.text):
            yield found["name"], found["version"]


def wanted_lines(text: str) -> Iterator[WantedLine]:
    """Yield every requirement and option of a requirements file, without comments."""
    joined: list[str] = []
    line, stretch, start = 1, (0, 0), 0
    for number, whole in enumerate(text.splitlines(keepends=True), 1):
        (bare,) = whole.splitlines()
        if not joined:
            line, stretch = number, _stretch(bare, start)
        start += len(whole)
        # To uv a comment ends with its line, whatever its last character is; what follows must not hide behind it.
        if bare.endswith("\\") and not _COMMENT.search(bare):
            joined.append(bare[:-1])
            continue
        joined.append(bare)
        yield from _wanted(joined, line, stretch)
        joined = []
    yield from _wanted(joined, line, stretch)


def _wanted(joined: list[str], line: int, stretch: tuple[int, int]) -> Iterator[WantedLine]:
    if text := _COMMENT.sub("", " ".join(joined)).strip():
        yield WantedLine(text, line, stretch)


def _stretch(line: str, start: int) -> tuple[int, int]:
    shown = _COMMENT.sub("", line).removesuffix("\\").rstrip()
    return start + len(shown) - len(shown.lstrip()), start + len(shown)


def _reason(line: str) -> str:
    if line.startswith("-"):
        return "is an option; a lock file holds packages only, indexes are `network` settings of the host"
    if "://" in line or " @ " in line or line.startswith((".", "/")):
        return "is no package of a registry"
    if "==" not in re.split(r";|--hash", line, maxsplit=1)[0]:
        return "is not pinned to one version with `==`"
    if not _HASH.search(line):
        return "has no --hash=sha256:…"
    return "is not `name==version --hash=sha256:…`"
