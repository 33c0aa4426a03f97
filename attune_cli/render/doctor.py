"""What the doctor found, for people: what is well in a line for each check, what is not in full with its remedy; and all of it as JSON.

Called by `attune doctor`.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from attune_cli.doctor.findings import Finding, Judgement, Level
from attune_cli.render.output import show_line, show_paragraph, write_json
from attune_core.values import JsonValue

#: In this order: errors stand at the end, where a person looks.
_STYLES = {Level.OK: "", Level.SKIPPED: "dim", Level.WARNING: "yellow", Level.ERROR: "bold red"}
_COUNTED = {Level.ERROR: "errors", Level.WARNING: "warnings", Level.OK: "ok", Level.SKIPPED: "skipped"}
#: What one of them is called.
_ONE = {Level.ERROR: "error", Level.WARNING: "warning"}
_FORMAT = 1


def show_findings(findings: Sequence[Finding], programs: Sequence[str], *, json: bool) -> None:
    """Print them."""
    count = Counter(one.judgement.level for one in findings)
    if json:
        shown: list[JsonValue] = [_document(one) for one in findings]
        counts: dict[str, JsonValue] = {name: count[level] for level, name in _COUNTED.items()}
        write_json({"format": _FORMAT, "programs": [*programs], "findings": shown, "counts": counts})
        return
    for level, style in _STYLES.items():
        for text, remedy in _well(findings) if level is Level.OK else _in_full(findings, level):
            show_paragraph(f"{level.value:<8} {text}", style=style, below=" " * 9)
            if remedy:
                show_paragraph(f"         what to do: {remedy}", below=" " * 11)
    show_line(", ".join(f"{count[level]} {_ONE.get(level, name) if count[level] == 1 else name}" for level, name in _COUNTED.items()))


def _in_full(findings: Sequence[Finding], level: Level) -> Iterator[tuple[str, str]]:
    """Yield each thing that is not well; several checks that say the same of it, such as that it could not be reached, say it once."""
    codes: dict[tuple[str, Judgement], list[str]] = {}
    for one in findings:
        if one.judgement.level is level:
            codes.setdefault((one.program, one.judgement), []).append(one.code)
    for (program, judged), checks in codes.items():
        yield f"{', '.join(dict.fromkeys(checks)):<20} {program}: {judged.about}: {judged.message}", judged.remedy


def _well(findings: Sequence[Finding]) -> Iterator[tuple[str, str]]:
    """Yield a line for each check that is content with something."""
    well = [one for one in findings if one.judgement.level is Level.OK]
    for code, group in groupby(well, key=lambda one: one.code):
        several = list(group)
        judged = several[0].judgement
        more = f" (and {len(several) - 1} more)" if len(several) > 1 else ""
        yield f"{code:<20} {several[0].program}: {judged.about}: {judged.message}{more}", ""


def _document(finding: Finding) -> JsonValue:
    judged = finding.judgement
    return {
        "code": finding.code,
        "program": finding.program,
        "level": judged.level.value,
        "about": judged.about,
        "message": judged.message,
        "remedy": judged.remedy,
    }
