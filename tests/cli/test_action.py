"""The documented Action and the template's workflow, run here as in GitHub's runner: real repository, real base and head, real pip.

The dependencies come from this environment, because a test has no network; everything else is the Action's own entry point.
"""

import json
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from attune_core.shipped import shipped
from tests.cli.workflow import ACTION, ROOT, Job, mapping, read
from tests.cli.working_copy import RULE, WorkingCopy

WORKFLOW = shipped("packs-template") / ".github/workflows/validate.yml"


class PullRequest:
    """A repository whose branch `change` is proposed for `main`, checked out as actions/checkout does."""

    def __init__(self, place: Path) -> None:
        self.copy = WorkingCopy(place / "workspace")
        self.copy.git("checkout", "--quiet", "-b", "change")
        self.runner = place / "runner"
        self.runner.mkdir()

    def job(self, *, is_installed: bool = True) -> Job:
        """Commit the change and return the job that its event starts; what the Action would install is this environment, unless asked."""
        self.copy.commit()
        event = {"pull_request": {"base": {"sha": self.copy.first, "ref": "main"}, "title": "$(touch hacked) ${{ github.token }}"}}
        (self.runner / "event.json").write_text(json.dumps(event))
        (self.runner / "attune").unlink(missing_ok=True)
        if is_installed:
            (self.runner / "attune").symlink_to(sys.prefix)
        offline = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PYTHONPATH": sysconfig.get_path("purelib")}
        return Job(self.copy.root, self.runner, offline, is_installed)

    def run_action(self, **inputs: str) -> Job:
        """Run the Action by itself."""
        job = self.job()
        job.run_action({name.replace("_", "-"): value for name, value in inputs.items()})
        return job


@pytest.fixture
def request_(tmp_path: Path) -> PullRequest:
    return PullRequest(tmp_path)


def test_the_template_s_workflow_installs_and_passes_for_a_good_change(request_: PullRequest, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)], cwd=ROOT, check=True, capture_output=True
    )
    (wheel,) = tmp_path.glob("attune-*.whl")
    job = request_.job(is_installed=False)
    job.run(WORKFLOW, "validate", version=str(wheel))
    assert job.failed is None, job.output
    assert (request_.runner / "attune/bin/attune").is_file()
    assert "10 documents: no problems" in job.output
    assert [name.partition("@")[0] for name in job.left_out] == ["actions/checkout"]


def test_the_template_s_workflow_fails_for_a_bad_change_and_says_where(request_: PullRequest) -> None:
    request_.copy.spoil_rule()
    job = request_.job()
    job.run(WORKFLOW, "validate")
    assert job.failed == "validate: 1"
    assert f"\n::error file={RULE},line=6,col=24," in job.output
    assert "ATT203" in job.summary()


def test_in_a_pull_request_its_base_is_what_versions_are_compared_with(request_: PullRequest) -> None:
    request_.copy.replace("packs/web/actions/page.sh", "#!/bin/sh", "#!/bin/sh -e")
    job = request_.run_action()
    assert job.failed is None
    assert "::warning file=packs/web/pack.yaml,line=2," in job.output
    assert request_.run_action(strict="true").failed == "validate: 1"


def test_what_the_base_has_as_well_can_be_left_out(request_: PullRequest) -> None:
    request_.copy.spoil_rule()
    before = request_.copy.commit()
    request_.copy.replace("rules/page_when_lost.yaml", "Somebody is paged", "People are paged")
    job = request_.run_action(base=before, changed_only="true")
    assert job.failed is None
    assert "not shown, because the base has them as well: 1 error" in job.output


def test_findings_are_written_for_code_scanning_even_when_the_job_fails(request_: PullRequest) -> None:
    request_.copy.spoil_rule()
    job = request_.run_action(sarif="true")
    assert job.failed == "validate: 1"
    assert [name.partition("@")[0] for name in job.left_out] == ["github/codeql-action/upload-sarif"]
    written = json.loads((request_.runner / "attune.sarif").read_text())
    assert [result["ruleId"] for result in written["runs"][0]["results"]] == ["ATT203"]


def test_what_a_change_would_do_is_added_to_the_summary(request_: PullRequest) -> None:
    events = request_.runner / "events.ndjson"
    event = {"specversion": "1.0", "id": "1", "source": "test", "type": "web.alert", "time": "2026-01-02T03:04:05Z", "attuneposition": 1}
    data = {"unit": "web_1", "severity": "high", "host": "h1"}
    events.write_text(json.dumps(event | {"attunereceived": "2026-01-02T03:04:05Z", "data": data}) + "\n")
    request_.copy.replace(RULE, '["critical", "high"]', '["critical"]')
    job = request_.run_action(plan_events=str(events))
    assert job.failed is None, job.output
    assert "restart" in job.summary()
    assert (request_.runner / "output").read_text() == f"file={request_.runner}/attune-plan.md\n"


def test_bad_use_fails_the_job_and_says_what_to_do(request_: PullRequest) -> None:
    job = request_.run_action(base="no-such-revision")
    assert job.failed == "validate: 2"
    assert "ATT191" in job.output


def test_nothing_that_is_given_is_run_by_the_shell(request_: PullRequest) -> None:
    for hostile in ("$(touch hacked)", "`touch hacked`", "; touch hacked", "--format=json"):
        assert request_.run_action(base=hostile, path=hostile).failed is not None
    assert not (request_.copy.root / "hacked").exists()


def test_a_module_in_the_change_is_not_taken_for_one_of_pythons(request_: PullRequest) -> None:
    for name in ("pip", "venv", "json", "site"):
        (request_.copy.root / f"{name}.py").write_text("open('hacked', 'w')\n")
    job = request_.job(is_installed=False)
    job.run_action({"version": "no-such-wheel.whl"})
    assert (request_.runner / "attune/bin/python").exists()
    assert not (request_.copy.root / "hacked").exists()


def test_a_workflow_has_no_more_rights_than_it_needs_and_pins_what_it_uses() -> None:
    workflow = read(WORKFLOW)
    assert workflow["permissions"] == {}
    assert mapping(mapping(workflow["jobs"])["validate"])["permissions"] == {"contents": "read"}
    text = WORKFLOW.read_text()
    assert re.search(r"actions/checkout@[0-9a-f]{40} # v", text)
    assert "persist-credentials: false" in text
    assert "pull_request_target" not in text


def test_every_input_of_the_action_is_described_and_used() -> None:
    action = (ACTION / "action.yml").read_text()
    for name, declared in mapping(read(ACTION / "action.yml")["inputs"]).items():
        assert mapping(declared)["description"]
        assert "default" in mapping(declared)
        assert re.search(rf"inputs\.{name}\b", action), name
