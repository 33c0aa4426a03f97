"""`python -m tests.fuzz [TARGET …] --seconds N`: fuzz each target for a while, coverage-guided; what is found becomes a test.

Run by `make soak`. What earlier runs learned is in `.fuzz/`; an input that breaks a promise is kept in tests/cases/fuzz/TARGET, where
test_found_inputs replays it. Ctrl-C ends a run in order.
"""

import argparse
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

from tests.fuzz.seeds import CASES, seeds, words
from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).resolve().parents[2]
LEARNED = ROOT / ".fuzz"


def main() -> int:
    """Fuzz the named targets, or all; return 1 if something was found."""
    arguments = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz the readers of what people write.")
    arguments.add_argument("target", nargs="*", help=", ".join(TARGETS))
    arguments.add_argument("--seconds", type=int, default=3600, help="for each target")
    given = arguments.parse_args()
    if unknown := set(given.target) - set(TARGETS):
        arguments.error(f"no such target: {', '.join(unknown)}; there is: {', '.join(TARGETS)}")
    try:
        return max(fuzz(target, given.seconds) for target in given.target or TARGETS)
    except KeyboardInterrupt:
        return 130


def fuzz(target: str, seconds: int) -> int:
    """Fuzz one target and keep what it finds; return 1 if that is anything."""
    learned = LEARNED / target
    learned.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="attune-fuzz-") as scratch:
        start, found, dictionary = Path(scratch, "seeds"), Path(scratch, "found"), Path(scratch, "words")
        start.mkdir()
        found.mkdir()
        for raw in seeds(target):
            (start / sha256(raw).hexdigest()).write_bytes(raw)
        dictionary.write_bytes(words(target))
        options = [f"-max_total_time={seconds}", f"-dict={dictionary}", f"-artifact_prefix={found}/", "-max_len=8192", "-timeout=30"]
        argv = [sys.executable, "-m", "tests.fuzz.drive", target, *options, "-rss_limit_mb=2048", "-print_final_stats=1", "-verbosity=0"]
        sys.stdout.write(f"[fuzz] {target}: {seconds} s\n")
        sys.stdout.flush()
        done = subprocess.run([*argv, str(learned), str(start)], cwd=ROOT, check=False)
        kept = [keep(target, path) for path in found.iterdir()]
    for path in kept:
        sys.stdout.write(f"[fuzz] {target}: kept {path.relative_to(ROOT)}; see it fail with: pytest tests/fuzz\n")
    return 1 if kept or done.returncode else 0


def keep(target: str, found: Path) -> Path:
    """Move a found input to the cases."""
    raw = found.read_bytes()
    kept = CASES / "fuzz" / target / sha256(raw).hexdigest()[:16]
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(raw)
    return kept


if __name__ == "__main__":
    sys.exit(main())
