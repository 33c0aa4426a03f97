"""`attune validate --changed` and `--base`: the whole of HEAD is checked, what the change brought is shown, the rest is counted."""

import subprocess
from pathlib import Path

import pytest

from attune_cli.checking import Asked, Checked, check
from attune_cli.errors import BadArgument
from attune_cli.render.problems import last_line
from attune_cli.revision_range import RevisionRange, parse_range
from attune_core.catalog.errors import RevisionMissing
from tests.cli.commands import attune
from tests.cli.working_copy import PAGE_RULE, WorkingCopy


@pytest.fixture
def copy(tmp_path: Path) -> WorkingCopy:
    return WorkingCopy(tmp_path / "repository")


def changed(copy: WorkingCopy, text: str) -> Checked:
    return check(Asked(path=copy.root, changed=parse_range(text)))


def places(checked: Checked) -> list[tuple[str, str]]:
    return [(problem.code, problem.path) for problem in checked.problems]


def test_a_mistake_that_the_base_has_as_well_is_counted_and_not_shown(copy: WorkingCopy) -> None:
    copy.spoil_rule()
    base = copy.commit()
    copy.replace("packs/web/triggers/alert.yaml", "A check of ours failed", "A check failed")
    copy.replace("packs/web/pack.yaml", "1.4.0", "1.4.1")
    head = copy.commit()
    checked = changed(copy, f"{base}..{head}")
    assert places(checked) == []
    assert not checked.fails(strict=True)
    assert last_line(checked) == "10 documents: no problems; not shown, because the base has them as well: 1 error, 0 warnings"


def test_an_old_mistake_in_a_file_that_was_touched_is_shown(copy: WorkingCopy) -> None:
    copy.spoil_rule()
    base = copy.commit()
    copy.replace("packs/web/rules/restart_on_alert.yaml", "A failing unit", "Each failing unit")
    assert places(changed(copy, f"{base}..{copy.commit()}")) == [("ATT203", "packs/web/rules/restart_on_alert.yaml")]


def test_a_removed_action_is_a_mistake_of_the_rule_that_was_not_touched(copy: WorkingCopy) -> None:
    (copy.root / "packs/web/actions/page.yaml").unlink()
    copy.commit()
    checked = changed(copy, f"{copy.first}..HEAD")
    assert places(checked) == [("ATT151", PAGE_RULE)]
    assert checked.fails(strict=False)


def test_without_head_the_files_are_taken_as_they_are(copy: WorkingCopy) -> None:
    copy.spoil_rule()
    assert places(changed(copy, "HEAD..")) == [("ATT203", "packs/web/rules/restart_on_alert.yaml")]
    assert places(changed(copy, "main...HEAD")) == []


def test_a_changed_mode_is_a_change(copy: WorkingCopy) -> None:
    (copy.root / "packs/web/actions/page.sh").chmod(0o644)
    assert places(changed(copy, "HEAD..")) == [("ATT162", "packs/web/actions/page.yaml")]


def test_three_dots_leave_out_what_the_base_alone_went_on_to_do(copy: WorkingCopy) -> None:
    copy.git("checkout", "--quiet", "-b", "change")
    copy.spoil_rule()
    copy.commit()
    copy.git("checkout", "--quiet", "main")
    copy.replace("packs/web/rules/restart_on_alert.yaml", "  token: ${{ secrets.web_token }}\n", "")
    copy.commit()
    (copy.root / "packs/web/rules/other.yaml").write_text("trigger: [\n")
    copy.commit()
    assert [code for code, _ in places(changed(copy, "main...change"))] == ["ATT203"]
    assert check(Asked(path=copy.root, changed=parse_range("main...change"))).base == copy.first


def test_a_mistake_about_a_folder_is_new_if_a_file_in_it_is(copy: WorkingCopy) -> None:
    (copy.root / "packs/extra").mkdir()
    (copy.root / "packs/extra/README").write_text("x")
    base = copy.commit()
    assert changed(copy, f"{base}..HEAD").left_out != ()
    (copy.root / "packs/extra/more").write_text("x")
    copy.commit()
    assert places(changed(copy, f"{base}..HEAD")) == [("ATT142", "packs/extra")]


def test_a_pack_that_changed_and_kept_its_version_is_a_warning_where_the_version_stands(copy: WorkingCopy) -> None:
    copy.replace("packs/web/actions/page.sh", "#!/bin/sh", "#!/bin/sh -e")
    done = attune("validate", "--base", "main", cwd=copy.root)
    assert done.returncode == 0
    assert done.stdout == (
        "packs/web/pack.yaml:2:10: warning ATT187: the content of `web` changed, and its version is still 1.4.0\n"
        "1 | name: web\n"
        "2 | version: 1.4.0\n"
        "  |          ^^^^^\n"
        "3 | description: Keeps the web tier alive\n"
        "4 | environments:\n"
        "  = help: raise `version`, for example to 1.4.1\n"
        "\n"
        "10 documents: 0 errors, 1 warning\n"
    )
    assert attune("validate", "--base", "main", "--strict", cwd=copy.root).returncode == 1
    copy.replace("packs/web/pack.yaml", "1.4.0", "1.4.1")
    assert attune("validate", "--base", "main", cwd=copy.root).stdout == "10 documents: no problems\n"


def test_a_base_with_errors_cannot_be_compared_with_and_that_is_said(copy: WorkingCopy) -> None:
    copy.spoil_rule()
    copy.commit()
    copy.git("revert", "--no-edit", "HEAD")
    checked = check(Asked(path=copy.root, base="HEAD~1"))
    assert last_line(checked) == "10 documents: no problems; versions of packs were not compared, because the base has errors"


@pytest.mark.parametrize("text", ["main", "..HEAD", "", "a..b..c", "...", "a...b..c"])
def test_what_is_no_range_is_bad_use(text: str) -> None:
    with pytest.raises(BadArgument):
        parse_range(text)


def test_a_range_is_read_as_git_reads_it() -> None:
    assert parse_range("main..") == RevisionRange(base="main", head=None)
    assert parse_range("v1.0..v1.1") == RevisionRange(base="v1.0", head="v1.1")
    assert parse_range("main...HEAD~1") == RevisionRange(base="main", head="HEAD~1", from_merge_base=True)


@pytest.mark.parametrize("text", ["nowhere..", "nowhere...", "HEAD..nowhere", "HEAD...nowhere", "--output=x.."])
def test_a_revision_that_is_not_there_is_named(copy: WorkingCopy, text: str) -> None:
    done = attune("validate", "--changed=" + text, cwd=copy.root)
    assert done.returncode == 2
    assert "ATT191" in done.stderr
    assert text.strip(".").removeprefix("HEAD").strip(".") in done.stderr


def test_a_shallow_clone_says_how_to_fetch_what_it_lacks(copy: WorkingCopy, tmp_path: Path) -> None:
    copy.commit()
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", "--depth=1", f"file://{copy.root}", str(clone)], check=True, capture_output=True)
    for words in (["--base", copy.first], ["--changed", f"{copy.first}.."]):
        done = attune("validate", *words, cwd=clone)
        assert done.returncode == 2
        assert "fetch-depth: 0" in done.stderr


def test_revisions_without_a_common_commit_are_bad_use(copy: WorkingCopy) -> None:
    copy.git("checkout", "--quiet", "--orphan", "other")
    copy.spoil_rule()
    copy.commit()
    with pytest.raises(RevisionMissing, match="no commit in common"):
        changed(copy, "main...other")


@pytest.mark.parametrize("words", [["--base", "HEAD"], ["--revision", "HEAD"]])
def test_changed_names_both_revisions_itself(copy: WorkingCopy, words: list[str]) -> None:
    assert attune("validate", "--changed", "HEAD..", *words, cwd=copy.root).returncode == 2


def test_a_pack_repository_in_a_folder_of_a_git_repository_is_compared_with_itself(tmp_path: Path) -> None:
    copy = WorkingCopy(tmp_path, inside="ops/all packs")
    copy.spoil_rule()
    place = [("ATT203", "packs/web/rules/restart_on_alert.yaml")]
    assert places(changed(copy, "main..")) == place
    assert places(check(Asked(path=copy.root / "packs", base="main"))) == place
    copy.commit()
    assert places(changed(copy, f"{copy.first}..HEAD")) == place
    assert places(check(Asked(path=copy.root, revision="HEAD"))) == place
    assert places(check(Asked(path=copy.root, revision=copy.first))) == []


def test_a_folder_that_the_base_does_not_have_is_all_new(tmp_path: Path) -> None:
    copy = WorkingCopy(tmp_path, inside="ops")
    copy.spoil_rule()
    copy.git("mv", "../ops", "../moved")
    checked = check(Asked(path=tmp_path / "moved", changed=parse_range("main..")))
    assert places(checked) == [("ATT203", "packs/web/rules/restart_on_alert.yaml")]


def test_where_neither_side_is_a_pack_repository_that_is_said(tmp_path: Path) -> None:
    WorkingCopy(tmp_path, inside="ops")
    checked = check(Asked(path=tmp_path, changed=parse_range("main..HEAD")))
    assert places(checked) == [("ATT100", "attune.yaml")]
    assert checked.fails(strict=False)
