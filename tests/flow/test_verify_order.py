"""`attune verify order` on a live system: the page about it by the letter, the executor's journal, and what a forged witness breaks."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from attune_core.values import JsonObject
from tests.cli.commands import attune
from tests.pages import blocks, typed
from tests.running import Running, action_document, pack, running_system

pytestmark = [pytest.mark.flow, pytest.mark.timeout(120)]

#: As many as the page says.
EXECUTIONS = 5


@dataclass
class Judged:
    """A system whose actions have written a witness, and the folder that an operator sits in."""

    running: Running
    home: Path

    @property
    def journal(self) -> str:
        return f"{self.running.agent.state}-executor"


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    place = tmp_path_factory.mktemp("judged")
    witness = place / "witness"
    witness.touch()
    witness.chmod(0o666)
    program = next(content for kind, content in blocks("verify-order.md") if kind == "sh")
    action: JsonObject = {"env": {"WITNESS": str(witness)}}
    repository = pack("web", {"actions/deploy.yaml": action_document("deploy.sh", **action), "actions/deploy.sh": program})
    with running_system(place, repository, name="web1", labels={"role": "web"}) as running:
        profile = place / ".config/attune/profiles/default.json"
        profile.parent.mkdir(parents=True)
        profile.touch(0o600)
        profile.write_text(json.dumps(asdict(running.system.profile)))
        for execution in [running.start("web.deploy", {}) for _ in range(EXECUTIONS)]:
            running.settled(execution)
        yield Judged(running, place)


def test_the_page_says_what_is_printed(judged: Judged) -> None:
    for kind, content in blocks("verify-order.md"):
        for command, printed in typed(content) if kind == "console" else ():
            done = attune(*shlex.split(command)[1:], cwd=judged.home)
            assert (done.stdout.strip(), done.returncode) == (printed.strip(), 0), done.stderr


def test_the_executor_s_own_journal_tells_the_same(judged: Judged) -> None:
    done = attune("verify", "order", "--witness", "witness", "--executor", judged.journal, "--json", cwd=judged.home)
    report = json.loads(done.stdout)
    assert (report["holds"], report["unknown"], report["executions"]) == (True, 0, EXECUTIONS)
    assert [journal["seen"] for journal in report["journals"]] == [2 * EXECUTIONS, 2 * EXECUTIONS]


def test_a_witness_that_shows_a_second_start_and_an_inversion_is_a_counter_example(judged: Judged) -> None:
    lines = (judged.home / "witness").read_text().splitlines()
    forged = judged.home / "forged"
    forged.write_text("\n".join([*lines[2:4], *lines[:2], *lines[4:], lines[0], "noise"]) + "\n")
    done = attune("verify", "order", "--witness", "forged", cwd=judged.home)
    assert done.returncode == 1
    assert "G5 at most one start: attempt 1 of" in done.stdout
    assert "G7 first in, first started:" in done.stdout
    assert "left out: 1 line that a witness does not write" in done.stderr


def test_a_file_that_cannot_be_read_is_named_with_a_remedy(judged: Judged) -> None:
    for option in ("--witness", "--executor"):
        done = attune("verify", "order", option, "nowhere", cwd=judged.home)
        assert done.returncode == 3
        assert "nowhere" in done.stderr
        assert "ATT750" in done.stderr
    done = attune("verify", "order", "--limit", "web.deploy=many", cwd=judged.home)
    assert done.returncode == 2
