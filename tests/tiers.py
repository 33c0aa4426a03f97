"""What `make test` runs: each tier with its budget, its time and, at the end, the tests that were skipped and why.

A tier over its budget is said loudly but fails nothing (machines differ); a skip that is not in tests/skips.txt fails in CI.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
KNOWN_SKIPS = ROOT / "tests" / "skips.txt"
#: Twice as many as cores: for half of their time tests wait, for a program's start or end, a grace, a registry.
PROCESSES = 4


@dataclass(frozen=True, kw_only=True)
class Tier:
    """One step of `make test`; budget in seconds on two cores."""

    name: str
    budget: int
    argv: tuple[str, ...]


TIERS = (
    Tier(name="format", budget=5, argv=("ruff", "format", "--check", "--quiet", ".")),
    Tier(name="lint", budget=5, argv=("ruff", "check", "--quiet", ".")),
    Tier(name="imports", budget=15, argv=("lint-imports", "--no-cache", "--no-logo")),
    Tier(name="types", budget=120, argv=("mypy",)),
    # In one session, in the order that tests/conftest.py gives: while tests of real programs and registries wait, others reckon.
    Tier(
        name="tests",
        budget=500,
        argv=(*f"pytest -q --durations=5 -n {PROCESSES} --dist loadfile --no-loadscope-reorder tests -m".split(), "not soak"),
    ),
)


def main() -> int:
    """Run the tiers in order; stop at the first that fails."""
    print_tier("tier", "seconds", "budget")
    with tempfile.TemporaryDirectory(prefix="attune-tiers-") as scratch:
        skips = Path(scratch, "skips")
        environment = os.environ | {"ATTUNE_SKIPS_FILE": str(skips)}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # hundreds of programs are started; compiling for each is most of their start
        begun = time.monotonic()
        for tier in TIERS:
            started = time.monotonic()
            done = subprocess.run([str(BIN / tier.argv[0]), *tier.argv[1:]], cwd=ROOT, env=environment, check=False)
            took = time.monotonic() - started
            print_tier(tier.name, f"{took:.1f}", f"{tier.budget}" + (" (over)" if took > tier.budget else ""))
            if done.returncode:
                return done.returncode
        print_tier("all", f"{time.monotonic() - begun:.1f}", "600")
        return judge_skips(skips)


def print_tier(name: str, seconds: str, budget: str) -> None:
    """Print a line of the table at once."""
    sys.stdout.write(f"[make test] {name:32} {seconds:>8} {budget:>10}\n")
    sys.stdout.flush()


def judge_skips(path: Path) -> int:
    """Compare the skipped tests with the committed list; in CI a new one fails."""
    known = {line for line in KNOWN_SKIPS.read_text().splitlines() if line and not line.startswith("#")}
    found: dict[str, str] = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        test, reason = json.loads(line)
        found[test] = reason
    new = sorted(set(found) - known)
    for test in new:
        sys.stdout.write(f"[make test] skipped, not in tests/skips.txt: {test}: {found[test]}\n")
    return 1 if new and os.environ.get("CI") else 0


if __name__ == "__main__":
    sys.exit(main())
