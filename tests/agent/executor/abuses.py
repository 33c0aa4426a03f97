"""The table of abuse (reliability.md rows 67-76), tests/cases/abuse/*.yaml: what an action does, and how it must end.

Keys of a case: name, row, sh or python, how, outcome; perhaps reason, timeout, grace, input (bytes), processes, open_files,
memory (bytes), `result: required`; `needs: uids` for what only an own uid bounds, `needs: groups` for what only cgroups do. Used by
test_abuse.
"""

from dataclasses import dataclass
from pathlib import Path

from attune_agent.executor.fields import Fields, optional_whole, text, whole
from attune_agent.host import How, LogBounds, ProcessLimits, StartRequest
from attune_core.catalog.documents import read_document
from attune_core.states import Outcome, Reason

CASES = Path(__file__).parents[2] / "cases" / "abuse"


@dataclass(frozen=True, kw_only=True)
class Abuse:
    """One case."""

    name: str
    row: int
    argv: tuple[str, ...]
    how: How
    outcome: Outcome
    reason: Reason | None
    timeout: float
    grace: float
    input: int
    limits: ProcessLimits
    result_required: bool
    needs: str

    def request(self, execution: str) -> StartRequest:
        """Return the start of it."""
        return StartRequest(
            execution=execution,
            attempt=1,
            argv=self.argv,
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            cwd="/",
            timeout=self.timeout,
            grace=self.grace,
            input=b"x" * self.input,
            limits=self.limits,
            logs=LogBounds(head=64 << 10, segment=64 << 10, segments=2),
        )


def abuses() -> list[Abuse]:
    """Return every case."""
    found: list[Abuse] = []
    for path in sorted(CASES.glob("*.yaml")):
        document, problems = read_document(path.name, path.read_bytes())
        assert not problems, problems
        assert document is not None
        assert isinstance(document.value, list)
        found.extend(_abuse(case) for case in document.value if isinstance(case, dict))
    return found


def _abuse(case: Fields) -> Abuse:
    argv = ("sh", "-c", text(case, "sh")) if "sh" in case else ("/usr/bin/python3", "-c", text(case, "python"))
    return Abuse(
        name=text(case, "name"),
        row=whole(case, "row", 67, 77),
        argv=argv,
        how=How(text(case, "how")),
        outcome=Outcome(text(case, "outcome")),
        reason=Reason(text(case, "reason")) if "reason" in case else None,
        timeout=float(str(case.get("timeout", 30.0))),
        grace=float(str(case.get("grace", 1.0))),
        input=whole(case, "input", 0, 2 << 20, 0),
        limits=ProcessLimits(
            memory=optional_whole(case, "memory", 1 << 20, 1 << 40),
            processes=optional_whole(case, "processes", 1, 10_000),
            open_files=optional_whole(case, "open_files", 8, 10_000),
        ),
        result_required=case.get("result") == "required",
        needs=text(case, "needs", ""),
    )
