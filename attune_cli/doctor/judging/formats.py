"""Whether programs and what they keep are of versions that go together; judged for `table`."""

from attune_cli.doctor.facts import Answered, Format, Installed
from attune_cli.doctor.findings import Judgement, error, ok, skipped, warning


def on_disk(fact: Format) -> Judgement:
    """Judge the number of a store or a state directory."""
    if fact.number is None:
        return error(fact.path, f"{fact.what}: {fact.found[:60]!r} is no format", "keep the directory as it is, and restore a backup")
    if fact.number > fact.newest:
        message = f"{fact.what} {fact.number} is of a later version of Attune; this one reads up to {fact.newest}"
        return error(fact.path, message, "install that version again: there is no way back")
    if fact.number < fact.newest:
        return ok(fact.path, f"{fact.what} {fact.number} becomes {fact.newest} at the next start, and a copy is kept")
    return ok(fact.path, f"{fact.what} {fact.number}")


def running(fact: Installed) -> Judgement:
    """Judge whether the program that runs is the one that is installed."""
    if fact.running == fact.installed:
        return ok(f"the {fact.program} that runs", f"version {fact.running}, as is installed")
    message = f"version {fact.running} runs, version {fact.installed} is installed"
    return warning(f"the {fact.program} that runs", message, fact.restart)


def other_side(fact: Answered) -> Judgement:
    """Judge the controller's version beside ours; one minor version apart is supported both ways."""
    if not fact.version:
        return skipped(fact.about, "it did not say its version")
    if (theirs := _minor(fact.version)) is None or (ours := _minor(fact.ours)) is None or theirs == ours:
        return ok(fact.about, f"the controller has version {fact.version}, this is {fact.ours}")
    message = f"the controller has version {fact.version}, this is {fact.ours}"
    near = theirs[0] == ours[0] and abs(theirs[1] - ours[1]) == 1
    return (warning if near else error)(fact.about, message, "bring both sides to the same version")


def _minor(version: str) -> tuple[int, int] | None:
    major, _, rest = version.partition(".")
    minor = rest.partition(".")[0]
    return (int(major), int(minor)) if major.isdecimal() and minor.isdecimal() else None
