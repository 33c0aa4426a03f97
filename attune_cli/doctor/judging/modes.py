"""Whether files and directories belong to whom they should and are open to nobody else (design §5); judged for `table`."""

from collections.abc import Iterator
from shlex import quote

from attune_cli.doctor.facts import Document, Entries, Entry, Passage, UidRange, User
from attune_cli.doctor.findings import Judgement, error, ok, warning


def entries(fact: Entries) -> Iterator[Judgement]:
    """Judge all of a program's; one word for all that are as they should be."""
    wrong = [judged for one in fact.entries for judged in _entry(one)]
    yield from wrong
    if not wrong:
        yield ok(fact.about, f"{len(fact.entries)} files and directories have the owner and mode that they should")


def _entry(entry: Entry) -> Iterator[Judgement]:
    path = quote(entry.path)
    if extra := entry.mode & ~entry.wanted_mode & 0o777:
        who = "others" if extra & 0o007 else "its group"
        message = f"is open to {who}: mode {entry.mode:04o} instead of {entry.wanted_mode:04o}"
        yield error(entry.path, message, f"chmod {entry.wanted_mode:04o} {path}")
    elif entry.open_to & ~entry.mode:
        message = f"actions cannot get through: mode {entry.mode:04o} instead of {entry.wanted_mode:04o}"
        yield error(entry.path, message, f"chmod {entry.wanted_mode:04o} {path}")
    if entry.owner != entry.wanted_owner:
        yield error(entry.path, f"belongs to uid {entry.owner} instead of {entry.wanted_owner}", f"chown {entry.wanted_owner} {path}")


def passage(fact: Passage) -> Judgement:
    """Judge whether attempts' uids can come to what they need."""
    if not fact.closed:
        return ok(fact.path, "every user can pass to it")
    closed = " ".join(map(quote, fact.closed))
    return error(fact.path, f"actions cannot come to it: {', '.join(fact.closed)} is closed to other users", f"chmod o+x {closed}")


def user(fact: User) -> Judgement:
    """Judge as whom a program runs."""
    if not fact.name:
        return error(fact.path, f"belongs to uid {fact.uid}, and there is no such user", f"chown -R the program's user {quote(fact.path)}")
    if fact.uid == 0 and fact.program != "executor":
        message = f"belongs to root, so the {fact.program} runs with more rights than it needs"
        return warning(fact.path, message, f"run it as a user of its own, as `attune {fact.program} install` sets it up")
    return ok(fact.path, f"belongs to {fact.name}")


def uids(fact: UidRange) -> Judgement:
    """Judge whether attempts share a uid with somebody."""
    about = f"uids {fact.first}-{fact.last}"
    clashes = [(where, who) for where, who, first, last in fact.others if first <= fact.last and fact.first <= last]
    if not clashes:
        return ok(about, "nobody else has one of them in /etc/passwd or /etc/subuid")
    where, who = clashes[0]
    message = f"some of them are {who}'s, by {where}: actions and that user could reach each other's files and processes"
    return error(about, message, "choose another range: `uids` in agent.yaml, then restart the executor")


def document(fact: Document) -> Judgement:
    """Judge a file of settings."""
    if fact.trouble:
        return error(fact.path, fact.trouble, fact.remedy)
    return ok(fact.path, "says what it may" if fact.there else "is not there: the defaults hold")
