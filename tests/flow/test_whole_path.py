"""The whole path on real programs: the demo is the flow test, as root with attempt uids and as a user who owns nothing."""

import io
import re
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from attune_cli.local.demo import Demo
from attune_cli.render.story import Story
from tests.running import open_for_attempts
from tests.unprivileged import as_nobody, require_system_python

pytestmark = [pytest.mark.flow, pytest.mark.registry, pytest.mark.timeout(300)]


def judge(told: str) -> None:
    """Check what the demo says it saw; that it happened at all is checked by the demo itself, which raises otherwise."""
    assert told.count("deploy.announce        succeeded") == 2, told
    assert len(re.findall(r"db1 +deploy\.record_release +succeeded", told)) == 2, told
    assert len(re.findall(r"web1 +deploy\.restart +succeeded", told)) == 2, told
    assert "site_blue" in told
    assert "refused with 409" in told
    assert re.search(r"restart_on_push\.yaml:7:\d+: error ATT203: .*did you mean 'after'\?", told), told


@pytest.mark.root
def test_one_event_makes_three_languages_run_with_uids_of_their_own(tmp_path: Path) -> None:
    open_for_attempts(tmp_path)
    out = io.StringIO()
    with redirect_stdout(out):
        Demo(root=tmp_path, story=Story()).tell()
    judge(out.getvalue())
    assert "attempts run as uids" in out.getvalue()


def test_a_user_who_owns_nothing_sees_the_same(tmp_path: Path) -> None:
    require_system_python()
    open_for_attempts(tmp_path)
    done = as_nobody(["-m", "attune_cli.main", "demo"], tmp_path, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    judge(done.stdout)
    assert "attempts run as this user: not root" in done.stdout


def test_without_node_the_demo_says_so_and_shows_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_for_attempts(tmp_path)
    monkeypatch.setattr("attune_cli.local.demo.shutil.which", lambda *_arguments, **_keywords: None)
    out = io.StringIO()
    with redirect_stdout(out):
        Demo(root=tmp_path, story=Story()).tell()
    told = out.getvalue()
    assert "Node.js is not on this machine" in told
    assert "deploy.announce" not in told
    assert told.count("deploy.restart") >= 2
