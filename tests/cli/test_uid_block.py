"""Uid blocks: two local systems never share one, nor does one share that of an executor that a killed system has left behind."""

import subprocess
import sys

import pytest

from attune_cli.local.uid_block import uid_block

pytestmark = pytest.mark.root

CLAIM = """
import sys
from attune_agent.executor.identities import UidClaims

claims = UidClaims()
print(claims.claim(int(sys.argv[1]), int(sys.argv[1])), flush=True)
input()
"""


def test_two_at_once_have_blocks_of_their_own() -> None:
    with uid_block() as one, uid_block() as other:
        assert one
        assert other
        assert not set(one) & set(other)


def test_a_block_that_an_executor_still_uses_is_passed_over() -> None:
    with uid_block() as block:
        assert block
    with subprocess.Popen([sys.executable, "-c", CLAIM, str(block[-1])], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as left:
        assert left.stdout
        assert left.stdout.readline() == "True\n"
        with uid_block() as other:
            assert other
            assert not set(block) & set(other)
        left.communicate("\n")
