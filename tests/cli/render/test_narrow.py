"""Fields and trees on a narrow terminal: a name that is too long does not push its value away, and a branch goes on beside its tree."""

import pytest

from attune_cli.render.family import show_family
from attune_cli.render.output import show_fields
from attune_core.values import JsonObject


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attune_cli.render.output.width_of", lambda _stream: 40)


def test_the_value_of_a_long_name_stands_below_it(capsys: pytest.CaptureFixture[str]) -> None:
    show_fields([("agent", "web1"), ("a-host-of-a-very-long.name.example.org", "connected, and has been for some time")])
    assert (
        capsys.readouterr().out
        == """\
agent                 web1
a-host-of-a-very-long.name.example.org
                      connected, and has
                      been for some time
"""
    )


def test_a_line_of_a_tree_goes_on_beside_its_branch(capsys: pytest.CaptureFixture[str]) -> None:
    last: JsonObject = {
        "execution": 8,
        "action": "web.page",
        "agent": "",
        "outcome": "failed",
        "rule": "web.page_on_end",
        "completion": None,
    }
    ended: JsonObject = {"event": 18, "type": "web.restart.completed", "status": "processed", "executions": [last, last]}
    first: JsonObject = last | {"execution": 7, "action": "web.restart", "agent": "web1", "completion": ended}
    show_family({"event": 17, "type": "web.alert", "status": "processed", "executions": [first], "cut": False})
    assert (
        capsys.readouterr().out
        == """\
event 17  web.alert  processed
└ execution 7  web.restart on web1
  │   failed  by web.page_on_end
  └ event 18  web.restart.completed
    │   processed
    ├ execution 8  web.page  failed  by
    │     web.page_on_end
    └ execution 8  web.page  failed  by
          web.page_on_end
"""
    )
