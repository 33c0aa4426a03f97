"""How long the state machines of order look: 300 examples in `make test`, 3,000 in `make soak`, and as many as are asked for.

`ATTUNE_EXAMPLES=20000 pytest -m soak -k machine` is the long form. A machine has two test cases:

    TestQueue = Queue.TestCase
    TestQueue.settings = quick(steps=30)

    @pytest.mark.soak
    class TestQueueForLong(Queue.TestCase):
        settings = thorough(steps=60)
"""

import os

from hypothesis import HealthCheck, settings

#: Examples of one machine.
QUICK, THOROUGH = 300, 3_000


def quick(*, steps: int, examples: int = QUICK) -> settings:
    """Return what a machine does in `make test`; fewer examples for one that works on a disk."""
    return _settings(examples, steps)


def thorough(*, steps: int, examples: int = THOROUGH) -> settings:
    """Return what it does in `make soak`; ATTUNE_EXAMPLES says how many examples instead, in the same proportion."""
    asked = int(os.environ.get("ATTUNE_EXAMPLES", THOROUGH))
    return _settings(max(1, examples * asked // THOROUGH), steps)


def _settings(examples: int, steps: int) -> settings:
    suppressed = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    return settings(max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=suppressed)
