"""How much is broken: the columns of the table in docs/guarantees.md. `make soak PROFILE=long` sets ATTUNE_PROFILE."""

import os
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Scale:
    """One column."""

    executions: int
    kills: int
    #: How often each failpoint is reached.
    rounds: int
    power_cuts: int
    partitions: int


#: What `make test` does.
TEST = Scale(executions=500, kills=20, rounds=1, power_cuts=2, partitions=5)
_SOAK = {
    "short": Scale(executions=2_000, kills=60, rounds=3, power_cuts=5, partitions=20),
    "long": Scale(executions=100_000, kills=1_000, rounds=10, power_cuts=200, partitions=500),
}


def soak() -> Scale:
    """Return what `make soak` does: the short one unless ATTUNE_PROFILE says `long`."""
    return _SOAK[os.environ.get("ATTUNE_PROFILE") or "short"]
