"""The formats of `attune validate`: each writes the same Checked to stdout; a writer is imported only when it is chosen.

Called by the command.
"""

import os
from enum import StrEnum

from attune_cli.checking import Checked
from attune_cli.render.output import on_terminal


class Format(StrEnum):
    """How Problems are printed."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


def chosen_format() -> Format:
    """Return what fits when nobody asked for a format: annotations in a job of GitHub Actions, else text."""
    return Format.GITHUB if os.environ.get("GITHUB_ACTIONS") == "true" and not on_terminal() else Format.TEXT


def write(checked: Checked, chosen: Format) -> None:
    """Print what was found."""
    match chosen:
        case Format.TEXT:
            from attune_cli.render.problems import write_text

            write_text(checked)
        case Format.JSON:
            from attune_cli.render.report import write_report

            write_report(checked)
        case Format.GITHUB:
            from attune_cli.render.github import write_github

            write_github(checked)
        case Format.SARIF:
            from attune_cli.render.sarif import write_sarif

            write_sarif(checked)
