"""Problems for GitHub Actions: annotations as workflow commands, a readable text in the job's log, and the job's summary.

Called by attune_cli.render.formats, which chooses it by itself inside Actions. The runner takes commands from any line of the log, so
nothing of a repository reaches it unescaped: commands are escaped, and the text stands where the runner listens to no command.
(GitHub docs, "Workflow commands for GitHub Actions".)
"""

import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

from attune_cli.checking import Checked
from attune_cli.render.markdown import markdown_text
from attune_cli.render.output import note
from attune_cli.render.problems import as_text, last_line
from attune_cli.render.workspace import within_workspace
from attune_core.problem_codes import PROBLEM_CODES
from attune_core.problems import Problem, Severity
from attune_core.safe_text import safe_text

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFORMATION: "notice"}
#: Lines of a summary; GitHub shows no more than 1 MiB of it.
SUMMARY_LINES = 200


def write_github(checked: Checked) -> None:
    """Print text and annotations, and add to the summary if the runner names its file."""
    silence = secrets.token_hex(16)  # whoever could guess it could end the silence in a message
    sys.stdout.write(f"::stop-commands::{silence}\n{as_text(checked, colours=False)}::{silence}::\n")
    within = within_workspace(checked.root)
    for problem in checked.problems:
        sys.stdout.write(annotation(problem, within) + "\n")
    if place := os.environ.get("GITHUB_STEP_SUMMARY"):
        _add(Path(place), "\n".join(summary_lines(checked, within)) + "\n")


def annotation(problem: Problem, within: str = "") -> str:
    """Return one workflow command; `within` is the repository's folder in the workspace, with a `/` at its end."""
    properties = {"file": safe_text(within + problem.path), **_place(problem), "title": f"{problem.code} {_title(problem)}"}
    written = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    message = safe_text(problem.message, limit=1000) + (f"\n{safe_text(problem.hint, limit=1000)}" if problem.hint else "")
    return f"::{_COMMANDS[problem.severity]} {written}::{_data(message)}"


def summary_lines(checked: Checked, within: str = "") -> Iterator[str]:
    """Yield a Markdown list of the Problems under their count."""
    yield f"### attune validate\n\n{markdown_text(last_line(checked))}\n"
    for problem in checked.problems[:SUMMARY_LINES]:
        hint = f"; {markdown_text(problem.hint)}" if problem.hint else ""
        place = markdown_text(within + problem.place())
        yield f"- **{problem.severity.value} {problem.code}** <code>{place}</code> {markdown_text(problem.message)}{hint}"
    if (more := len(checked.problems) - SUMMARY_LINES) > 0:
        yield f"\nand {more} more in the log"


def _place(problem: Problem) -> dict[str, str]:
    span = problem.span
    if span is None:
        return {}
    if span.line != span.end_line:  # columns are taken within one line only
        return {"line": str(span.line), "endLine": str(span.end_line)}
    return {"line": str(span.line), "col": str(span.column), "endLine": str(span.end_line), "endColumn": str(span.end_column)}


def _title(problem: Problem) -> str:
    row = PROBLEM_CODES.get(problem.code)
    return row.title if row else problem.severity.value


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _add(place: Path, text: str) -> None:
    try:
        with place.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        note(f"the job's summary could not be written: {error.strerror}")
