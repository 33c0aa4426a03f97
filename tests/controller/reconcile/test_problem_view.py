from attune_controller.reconcile.problem_view import view_of, worst_first
from attune_core.problems import Problem, Severity


def test_what_is_left_out_of_a_full_status_is_information_first() -> None:
    given = [Severity.INFORMATION, Severity.WARNING, Severity.ERROR, Severity.WARNING]
    problems = [Problem(code="ATT182", severity=one, path=str(number), message="x") for number, one in enumerate(given)]
    assert [view.path for view in worst_first(map(view_of, problems))] == ["2", "1", "3", "0"]
