"""Problems for programs: the versioned JSON report, as schemas/report.json describes it.

Called by attune_cli.render.formats.
"""

from attune_cli.checking import Checked, count
from attune_cli.render.output import show_json
from attune_core.problems import Problem, Severity
from attune_core.report import REPORT_VERSION, LeftOut, Report, ReportedProblem, ReportedSpan


def write_report(checked: Checked) -> None:
    """Print the report."""
    show_json(report_of(checked))


def report_of(checked: Checked) -> Report:
    """Return the same as the text says, without the source."""
    errors, warnings, information = (count(checked.problems, severity) for severity in Severity)
    left = dict(zip(("errors", "warnings", "information"), (count(checked.left_out, severity) for severity in Severity), strict=True))
    return Report(
        version=REPORT_VERSION,
        revision=checked.revision,
        base=checked.base,
        documents=checked.documents,
        errors=errors,
        warnings=warnings,
        information=information,
        suppressed=checked.suppressed,
        left_out=LeftOut(**left),
        problems=[_reported(problem) for problem in checked.problems],
    )


def _reported(problem: Problem) -> ReportedProblem:
    at = problem.span
    span = ReportedSpan(line=at.line, column=at.column, end_line=at.end_line, end_column=at.end_column) if at else None
    return ReportedProblem(
        code=problem.code, severity=problem.severity, message=problem.message, path=problem.path, span=span, hint=problem.hint
    )
