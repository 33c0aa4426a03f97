"""Problems as SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format"), for code scanning and other viewers.

Called by attune_cli.render.formats. What a comment suppresses is not in it; rules and their help come from the table of codes.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from urllib.parse import quote

from attune_cli.checking import Checked
from attune_cli.render.output import write_json
from attune_cli.render.workspace import within_workspace
from attune_core.problem_codes import PROBLEM_CODES
from attune_core.problems import Problem, Severity, Span
from attune_core.safe_text import safe_text
from attune_core.values import JsonObject, JsonValue
from attune_core.version import VERSION

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFORMATION: "note"}
_ROOT = "%SRCROOT%"


def write_sarif(checked: Checked) -> None:
    """Print one log with one run."""
    write_json(sarif_of(checked))


def sarif_of(checked: Checked) -> JsonObject:
    """Return the log."""
    codes = sorted({problem.code for problem in checked.problems})
    driver: JsonObject = {"name": "attune", "semanticVersion": VERSION, "rules": [_rule(code) for code in codes]}
    run: JsonObject = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {
            _ROOT: {"description": {"text": "What was checked out in a job of CI, else the root of the pack repository."}}
        },
        "results": _results(checked, codes),
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str) -> JsonObject:
    row = PROBLEM_CODES[code]
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in row.title.replace("`", "").split()),
        "shortDescription": {"text": row.title},
        "fullDescription": {"text": row.cause},
        "help": {
            "text": f"{row.cause}\n\nWhat to do: {row.remedy}",
            "markdown": f"{row.cause}\n\n*What to do:* {row.remedy}",
        },
        "defaultConfiguration": {"level": _LEVELS[row.severity]},
    }


def _results(checked: Checked, codes: Sequence[str]) -> list[JsonValue]:
    seen: Counter[str] = Counter()
    within = within_workspace(checked.root)
    results: list[JsonValue] = []
    for problem in checked.problems:
        marked = checked.lines(problem.path, problem.span.line) if problem.span else None
        mark = _fingerprint(problem, marked or "")
        seen[mark] += 1
        text = safe_text(problem.message, limit=1000) + (f"; {safe_text(problem.hint, limit=1000)}" if problem.hint else "")
        text = text.replace("](", "] (")  # to a viewer of SARIF that would be a link
        results.append(
            {
                "ruleId": problem.code,
                "ruleIndex": codes.index(problem.code),
                "level": _LEVELS[problem.severity],
                "message": {"text": text},
                "locations": [{"physicalLocation": _location(problem, within)}],
                "partialFingerprints": {"primaryLocationLineHash": f"{mark}:{seen[mark]}"},
            }
        )
    return results


def _location(problem: Problem, within: str) -> JsonObject:
    path = quote((within + problem.path).encode("utf-8", "surrogateescape"), safe="/")
    location: JsonObject = {"artifactLocation": {"uri": path, "uriBaseId": _ROOT}}
    if problem.span is not None:
        location["region"] = _region(problem.span)
    return location


def _region(span: Span) -> JsonObject:
    return {"startLine": span.line, "startColumn": span.column, "endLine": span.end_line, "endColumn": span.end_column}


def _fingerprint(problem: Problem, line: str) -> str:
    """Return what stays the same when lines above are added: the code, the file, and the marked line without its indentation."""
    text = f"{problem.code}\0{problem.path}\0{line.strip()}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
