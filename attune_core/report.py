"""The JSON report of `attune validate`: its documents, whose JSON Schema is schemas/report.json.

Written by attune_cli.render.report. Inside one `version` keys are only added; readers ignore what they do not know.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from attune_core.problems import Severity

REPORT_VERSION: Literal[1] = 1


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class ReportedSpan(_Part):
    """Where it stands; lines and columns count from 1, columns are characters."""

    line: int = Field(ge=1, description="The first line.")
    column: int = Field(ge=1, description="The first column.")
    end_line: int = Field(ge=1, description="The last line.")
    end_column: int = Field(ge=1, description="The column behind the last character.")


class ReportedProblem(_Part):
    """One finding."""

    code: str = Field(pattern="^ATT[0-9]{3}$", description="The stable code; `attune explain CODE` says more.")
    severity: Severity = Field(description="Only an error refuses a revision.")
    message: str = Field(description="What is wrong.")
    path: str = Field(description="The file or folder, from the root of the repository, with `/`.")
    span: ReportedSpan | None = Field(description="The place in the file; null where it is about all of it.")
    hint: str | None = Field(description="What to write instead, where that is known.")


class LeftOut(_Part):
    """How many Problems `--changed` does not list, because the base has them as well."""

    errors: int = Field(ge=0, description="Errors among them.")
    warnings: int = Field(ge=0, description="Warnings among them.")
    information: int = Field(ge=0, description="The others.")


class Report(_Part):
    """What `attune validate --format json` prints."""

    version: Literal[1] = Field(description="The version of this format; it grows only when a key changes its meaning or goes.")
    revision: str | None = Field(description="The revision that was checked, as it was named; null for the files as they were.")
    base: str | None = Field(description="The commit it was compared with, if any.")
    documents: int = Field(ge=0, description="How many documents were read.")
    errors: int = Field(ge=0, description="How many of the problems are errors.")
    warnings: int = Field(ge=0, description="How many are warnings.")
    information: int = Field(ge=0, description="How many are for information.")
    suppressed: int = Field(ge=0, description="How many more were suppressed by a comment in the repository.")
    left_out: LeftOut = Field(description="What is counted here alone.")
    problems: list[ReportedProblem] = Field(description="By path, then place, then code.")
