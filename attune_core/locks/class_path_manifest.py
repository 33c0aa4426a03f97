"""Whether a class path file has what the pom.xml beside it asks for; pure.

Called by the catalog, which refuses a lock that is older than its manifest. Only what the file itself says is compared: properties, parents
and version ranges are Maven's to read.
"""

import re
from collections.abc import Iterator
from itertools import islice
from xml.etree.ElementTree import Element, ParseError, fromstring

from attune_core.locks.class_path import LOCK, archives
from attune_core.locks.mistake import MOST, Mistake

#: A longer manifest is not written by people.
_SIZE = 256 << 10
_NAMESPACE = re.compile(r"\{[^}]*\}")
_PLAIN = re.compile(r"[A-Za-z0-9_.+-]+", re.ASCII)


def outdated_class_path(manifest: bytes, lock: bytes) -> Iterator[Mistake]:
    """Yield the direct dependencies that the lock has not, or in another version, placed in the manifest and at most `MOST`."""
    try:
        text, locked = manifest.decode("utf-8"), lock.decode("ascii")
        if len(manifest) > _SIZE or "<!DOCTYPE" in text:
            return  # only a document type can declare entities, which could unfold to anything
        project = fromstring(text)  # noqa: S314 - without a document type, and this short, it can do no harm
    except (UnicodeDecodeError, ParseError, ValueError):
        return
    versions: dict[tuple[str, str], str] = {(group, artifact): version for group, artifact, version in archives(locked)}
    found = (mistake for wanted in _dependencies(project) if (mistake := _miss(wanted, versions, text)))
    yield from islice(found, MOST)


def _dependencies(project: Element) -> Iterator[dict[str, str]]:
    for part in project:
        if _name(part) == "dependencies":
            for one in part:
                yield {_name(word): (word.text or "").strip() for word in one}


def _miss(wanted: dict[str, str], versions: dict[tuple[str, str], str], text: str) -> Mistake | None:
    group, artifact, version = (wanted.get(name, "") for name in ("groupId", "artifactId", "version"))
    runs = wanted.get("scope", "compile") in ("compile", "runtime") and wanted.get("type", "jar") == "jar"
    if not runs or not _PLAIN.fullmatch(group) or not _PLAIN.fullmatch(artifact):
        return None
    locked = versions.get((group, artifact))
    if locked is None:
        return _at(text, artifact, f"`{group[:80]}:{artifact[:80]}` is not in {LOCK}")
    if _PLAIN.fullmatch(version) and locked != version:
        return _at(text, artifact, f"`{group[:80]}:{artifact[:80]}` is `{version[:40]}` here and `{locked[:40]}` in {LOCK}")
    return None


def _at(text: str, artifact: str, message: str) -> Mistake:
    found = re.search(rf"<artifactId>\s*{re.escape(artifact)}\s*</artifactId>", text)
    return Mistake(message=message) if found is None else Mistake.at(text, found.span(), message)


def _name(element: Element) -> str:
    return _NAMESPACE.sub("", element.tag)
