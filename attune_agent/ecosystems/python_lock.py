"""Whether a requirements file pins every package with a hash and asks for nothing else; pure.

Called by `python` before anything runs. The format is pip's (https://pip.pypa.io/en/stable/reference/requirements-file-format/), as
`uv pip compile --generate-hashes` writes it; uv then checks every downloaded file against these hashes.
"""

import re
from collections.abc import Iterator

from attune_agent.preparation_errors import LockRefused

_COMMENT = re.compile(r"(^|\s)#.*$")
_PINNED = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,200}[A-Za-z0-9])?"  # name
    r"\s*(?:\[[A-Za-z0-9._, -]{0,500}\])?"  # extras
    r"\s*===?\s*[A-Za-z0-9][A-Za-z0-9.!+_-]{0,200}"  # one exact version
    r"\s*(?:;[^#]{1,2000}?)?"  # marker
    r"(?:\s+--hash=(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})){1,2000}\s*",
    re.ASCII,
)
_HASH = re.compile(r"\s--hash[=\s]")


def check_requirements(name: str, raw: bytes) -> None:
    """Refuse the first line that is no pinned and hashed requirement of a registry package: `LockRefused`."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise LockRefused(f"{name} is not UTF-8 at byte {error.start}") from error
    for number, line in _requirements(text):
        if not _PINNED.fullmatch(line):
            raise LockRefused(f"{name}:{number}: {line[:80]!r} {_reason(line)}")


def _requirements(text: str) -> Iterator[tuple[int, str]]:
    """Yield the number of the first line and the joined text of every requirement or option."""
    joined, first = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if not joined:
            first = number
        if line.endswith("\\") and not line.lstrip().startswith("#"):
            joined += line[:-1] + " "
            continue
        joined += line
        if wanted := _COMMENT.sub("", joined).strip():
            yield first, wanted
        joined = ""
    if wanted := _COMMENT.sub("", joined).strip():
        yield first, wanted


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
