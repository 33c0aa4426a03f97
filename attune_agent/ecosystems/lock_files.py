"""The lock file that an environment declares: which files decide what is installed, and the refusal of one that leaves something open.

Called by the ecosystems; what must be in a lock file is judged by `attune_core.locks`, the same for `attune validate`.
"""

from collections.abc import Mapping
from posixpath import basename

from attune_agent.ecosystems.protocol import Wanted
from attune_agent.preparation_errors import LockMissing, LockRefused, SourcesRefused
from attune_core.locks.rules import LockRules
from attune_core.locks.table import RULES, rules_of
from attune_core.models.pack import EnvironmentDocument


def declared_lock(document: EnvironmentDocument) -> tuple[str, LockRules]:
    """Return the lock file's path in the pack and its rules; `LockMissing`, or `LockRefused` for a file of another form."""
    recommended = RULES[document.ecosystem][-1]
    if document.lock is None:
        raise LockMissing(f"a {document.ecosystem} environment needs `lock`", hint=f"make it with: {recommended.make}")
    rules = rules_of(document.ecosystem, document.lock)
    if rules is None:
        name = basename(document.lock)[:80]
        raise LockRefused(f"the lock of a {document.ecosystem} environment is a {recommended.name}, not {name!r}")
    return document.lock, rules


def lock_and_manifest(document: EnvironmentDocument) -> tuple[str, ...]:
    """Return the paths of the lock file and of the manifest that is needed beside it."""
    lock, rules = declared_lock(document)
    return (lock, rules.manifest(lock)) if rules.manifest_required else (lock,)


def refuse_open_lock(document: EnvironmentDocument, files: Mapping[str, bytes]) -> None:
    """Refuse the first mistake of the manifest or the lock, with its line: `LockRefused`. `files` is `Wanted.files`."""
    lock, rules = declared_lock(document)
    for path, judge in ((rules.manifest(lock), rules.manifest_mistakes), (lock, rules.lock_mistakes)):
        name = basename(path)
        for mistake in judge(files[name]) if name in files else ():
            raise LockRefused(mistake.within(name))


def refuse_unread_sources(wanted: Wanted) -> None:
    """Refuse a source that the build would pass over: `SourcesRefused`."""
    _, rules = declared_lock(wanted.document)
    if unread := rules.unread(wanted.sources):
        raise SourcesRefused(f"{unread[0][:200]}: {unread[1]}")
