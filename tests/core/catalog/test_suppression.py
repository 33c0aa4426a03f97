"""A comment with a reason takes a warning out of what is said and is counted; many comments cost little and hide nothing."""

from attune_core.catalog.check_versions import check_versions
from attune_core.catalog.load import Loaded, load
from tests.core.catalog.memory_tree import MemoryTree, tree_of_folder
from tests.core.catalog.test_cases import CASES, tree_of_case

PAGE = "packs/web/actions/page.yaml"
PACK = "packs/web/pack.yaml"


def loaded(path: str, text: str) -> Loaded:
    return load(MemoryTree(tree_of_folder(CASES / "base").files | {path: text.encode()}))


def test_what_is_suppressed_is_counted() -> None:
    assert load(tree_of_case(CASES / "fine-suppressed")).suppressed == 6
    assert load(tree_of_case(CASES / "suppressed-without-reason")).suppressed == 0
    assert load(tree_of_folder(CASES / "base")).suppressed == 0


def test_what_depends_on_a_base_is_suppressed_as_well_and_never_called_nothing_by_load() -> None:
    base = load(tree_of_folder(CASES / "base"))
    text = tree_of_folder(CASES / "base").files[PACK].decode().replace("version:", "# attune: ignore ATT187 -- only a comment\nversion:")
    head = loaded(PACK, text)
    assert head.catalog is not None
    assert base.catalog is not None
    assert head.problems == ()
    found = check_versions(head.catalog, base.catalog)
    assert [problem.code for problem in found] == ["ATT187"]
    assert head.suppressions.divide(found) == ([], list(found))
    assert base.suppressions.divide(found) == (list(found), [])


def test_a_line_break_of_windows_ends_a_comment() -> None:
    text = "# attune: ignore ATT184 -- x\r\ndescription: x\r\nrun: [systemctl]\r\nparameters:\r\n  text: {type: string}\r\n"
    assert [(problem.code, problem.span and problem.span.line) for problem in loaded(PAGE, text).problems] == [("ATT188", 1)]
    fine = text.replace("parameters:", "parameters:\r\n  # attune: ignore ATT184 -- x\r\n  token: {type: string, optional: true}")
    assert loaded(PAGE, fine.partition("\n")[2]).problems == ()


def test_a_comment_ends_with_the_file() -> None:
    text = "description: x\nrun: [systemctl]\nparameters:\n  text: {type: string}\n  pager_token: {type: string, optional: true} "
    assert loaded(PAGE, text + "# attune: ignore ATT184 -- x").problems == ()


def test_more_suppressions_than_anybody_needs_are_one_mistake() -> None:
    text = "description: x\nrun: [systemctl]\nparameters: {text: {type: string}}\n" + "# attune: ignore ATT184\n" * 20_000
    problems = loaded(PAGE, text).problems
    assert len(problems) == 101
    assert "only the first 100" in problems[-1].message
    assert {problem.code for problem in problems} == {"ATT188"}
