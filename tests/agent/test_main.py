"""The agent's boundary: a defect of ours is owned up to, on lines that a log keeps whole, and never as a traceback."""

import json
import subprocess
import sys

import pytest


@pytest.mark.parametrize("error", ["ZeroDivisionError('x')", "ExceptionGroup('g', [ValueError('x')])"])
def test_a_defect_is_one_line_for_people_and_one_for_the_log(error: str) -> None:
    code = f"""
import attune_agent.main as program
def fail(*_):
    raise {error}
program._run = fail
program.main(["run", "--state", "/nowhere"])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 4
    person, log = done.stderr.splitlines()
    assert "a defect of Attune" in person
    record = json.loads(log)
    assert record["event"] == "defect"
    assert "in fail" in record["exception"]
