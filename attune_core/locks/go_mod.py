"""A go.mod, read as far as locks need it: what it requires, replaces and asks of the toolchain, and what it may not have; pure.

Called by `go_sum`, by the catalog for every go environment and by agents before anything runs. The format: https://go.dev/ref/mod.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from attune_core.locks.mistake import MOST, Mistake
from attune_core.locks.text_file import read_text

#: The only names that Go takes.
LOCK, MANIFEST = "go.sum", "go.mod"
#: Files below the lock's folder that the build would pass over, and why.
UNREAD = {
    "vendor/**": "modules come from the lock file, so `vendor` is not read",
    "go.work": "an environment is made from one go.mod, so `go.work` is not read",
}
_KNOWN = frozenset({"module", "go", "toolchain", "godebug", "require", "exclude", "replace", "retract", "tool", "ignore"})
_LANGUAGE = re.compile(r"[0-9]+(?:\.[0-9]+){1,2}", re.ASCII)


@dataclass(frozen=True)
class Directive:
    """One line of a go.mod, its verb first also where that stands before a block; comments are left out."""

    words: tuple[str, ...]
    indirect: bool
    line: int
    stretch: tuple[int, int]

    def mistake(self, message: str) -> Mistake:
        """Place a mistake at this line."""
        return Mistake(message=message, line=self.line, stretch=self.stretch)


def directives(text: str) -> Iterator[Directive]:
    """Yield every directive in its order."""
    verb: tuple[str, ...] = ()
    start = 0
    for number, whole in enumerate(text.split("\n"), 1):
        bare, _, comment = whole.partition("//")
        words = tuple(word.strip('"`') for word in bare.replace("(", " ( ").replace(")", " ) ").split())
        at, start = start + len(bare) - len(bare.lstrip()), start + len(whole) + 1
        if words == (")",):
            verb = ()
        elif words and words[-1] == "(":
            verb = words[:-1]
        elif words:
            yield Directive((*verb, *words), comment.strip().startswith("indirect"), number, (at, at + len(bare.strip())))


def go_mod_mistakes(raw: bytes) -> Iterator[Mistake]:
    """Yield what makes a go.mod more than the manifest of one environment, at most `MOST`."""
    text = read_text(raw)
    if isinstance(text, Mistake):
        yield text
    else:
        yield from islice((one.mistake(reason) for one in directives(text) if (reason := _wrong(one.words))), MOST)


def required_go(raw: bytes) -> str | None:
    """Return the range of Go versions that the module says it works with."""
    text = read_text(raw)
    for one in directives(text) if isinstance(text, str) else ():
        if one.words[0] == "go" and len(one.words) == 2 and (found := _LANGUAGE.match(one.words[1])):
            return f">={found[0]}"
    return None


def _wrong(words: tuple[str, ...]) -> str | None:
    if words[0] not in _KNOWN:
        return f"`{words[0][:80]}` is no directive that this version knows"
    target = words[words.index("=>") + 1 :] if "=>" in words else ()
    if words[0] == "replace" and (len(target) != 2 or target[0].startswith((".", "/"))):
        return f"`{words[1][:80] if words[1:] else ''}` is replaced by a folder, of which the lock file holds no hash"
    return None
