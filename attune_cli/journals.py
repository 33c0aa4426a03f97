"""Starts and ends from files of this host: witness files that actions wrote, and the journal of an executor.

Called by `attune verify order`; what they show is judged by attune_core.verification.
"""

from collections.abc import Iterator
from pathlib import Path

from attune_agent.executor.fields import Fields, FieldWrong, as_object
from attune_agent.executor.frames import JournalDamaged, JournalForeign, decode_segment
from attune_agent.executor.start_command import parse_key
from attune_cli.errors import WitnessUnreadable
from attune_core.verification.observed import Seen
from attune_core.verification.witness import read_witness


def witness_file(path: Path) -> tuple[list[Seen], int]:
    """Return what a witness shows, and how many of its lines are of another form."""
    try:
        with path.open("rb") as file:
            return read_witness(file)
    except OSError as error:
        raise WitnessUnreadable(f"{path}: {error.strerror}") from error


def executor_journal(directory: Path) -> list[Seen]:
    """Return the attempts' starts and ends that an executor's journal still holds; an executor that runs may go on writing meanwhile."""
    try:
        segments = sorted(directory.glob("**/*.journal"))
        if not segments:
            raise WitnessUnreadable(f"{directory} holds no journal of an executor")
        contents = [(path, path.read_bytes()) for path in segments]
    except OSError as error:
        raise WitnessUnreadable(f"{directory}: {error.strerror}") from error
    seen: list[Seen] = []
    restated: set[tuple[bool, str, int]] = set()
    records = 0
    for path, content in contents:
        try:
            decoded = decode_segment(content)
            found = list(_seen(decoded, records))
        except (JournalDamaged, JournalForeign, FieldWrong) as error:
            raise WitnessUnreadable(f"{path}: {error}", hint=f"see all that is damaged: attune store check {directory}") from error
        records += len(decoded)
        # A segment begins by saying again what the one before it said; that is no second start.
        seen += [one for one in found if (one.start, one.execution, one.attempt) not in restated]
        restated.update((one.start, one.execution, one.attempt) for one in found)
    return seen


def _seen(records: list[Fields], before: int) -> Iterator[Seen]:
    for line, record in enumerate(records, start=before + 1):
        if record.get("t") == "start" and record.get("kind") != "build":
            execution, attempt = parse_key(record)
            yield Seen(start=True, execution=execution, attempt=attempt, line=line)
        elif record.get("t") == "end":
            execution, attempt = parse_key(as_object(record.get("outcome")))
            yield Seen(start=False, execution=execution, attempt=attempt, line=line)
