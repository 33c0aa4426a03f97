"""`attune validate` as a whole process beside a bare Python and beside check-jsonschema on the same files, in the same run.

`python -m benchmarks.validate [--rounds 5] [--documents 1000] [--large 10000] [--json]`. The peer is installed into a temporary
environment; it checks each kind of document against our published schemas, which is less than `attune validate` checks.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import ratios, show, summary
from benchmarks.repositories import write_repository

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
#: Kind of document -> the files of it in a repository.
KINDS = {
    "repository": "attune.yaml",
    "pack": "packs/*/pack.yaml",
    "trigger": "packs/*/triggers/*.yaml",
    "action": "packs/*/actions/*.yaml",
    "rule": "packs/*/rules/*.yaml",
}
#: The smallest repository with a rule in it: what somebody who edits one file has open.
ONE_FILE = {
    "attune.yaml": 'format: 1\nattune: ">=0.1"\n',
    "packs/web/pack.yaml": "name: web\nversion: 1.0.0\ndescription: Keeps the web tier alive\n",
    "packs/web/triggers/alert.yaml": (
        "description: A unit failed\ndata: {type: object, required: [unit], properties: {unit: {type: string}}}\n"
    ),
    "packs/web/actions/restart.yaml": "description: Restart a unit\nrun: [systemctl, restart]\nparameters: {unit: {type: string}}\n",
    "packs/web/rules/restart.yaml": (
        "description: A failing unit is restarted\ntrigger: web.alert\nwhen: event.data.unit.startsWith('web_')\n"
        "action: web.restart\ninput: {unit: '${{ event.data.unit }}'}\nagents: {match: {role: web}}\n"
    ),
}


@dataclass(frozen=True)
class Measured:
    """Seconds of one process, and its largest memory in MiB."""

    seconds: float
    memory: float


def run(argv: Sequence[str | Path]) -> Measured:
    """Run a program to its end and measure it; it must succeed."""
    started = time.perf_counter()
    child = subprocess.Popen([str(word) for word in argv], stdout=subprocess.DEVNULL, env=os.environ | {"NO_COLOR": "1"})
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, argv
    return Measured(time.perf_counter() - started, usage.ru_maxrss / 1024)


def install_peer(place: Path) -> Path:
    """Install check-jsonschema, byte-compiled as ours is."""
    uv = BIN / "uv"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, place], check=True)
    subprocess.run(
        [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", place / "bin/python", "check-jsonschema"], check=True
    )
    return place / "bin" / "check-jsonschema"


def run_peer(peer: Path, repository: Path) -> Measured:
    """Check each kind of document with the peer; the sum of the processes."""
    runs = [run([peer, "--schemafile", ROOT / "schemas" / f"{kind}.json", *repository.glob(files)]) for kind, files in KINDS.items()]
    return Measured(sum(one.seconds for one in runs), max(one.memory for one in runs))


def main() -> int:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--documents", type=int, default=1000)
    arguments.add_argument("--large", type=int, default=10_000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--json", action="store_true")
    chosen = arguments.parse_args()
    # Start-up is measured as an installed wheel has it: byte-compiled.
    packages = [ROOT / name for name in ("attune_core", "attune_cli")]
    subprocess.run([sys.executable, "-m", "compileall", "-q", Path(sys.prefix, "lib"), *packages], check=False)
    with tempfile.TemporaryDirectory(prefix="attune-bench-") as name:
        found = measure(Path(name), documents=chosen.documents, large=chosen.large, rounds=chosen.rounds)
    show(f"{chosen.rounds} rounds; whole processes; median (least…most)", found, as_json=chosen.json)
    return 0


def measure(place: Path, *, documents: int, large: int, rounds: int) -> dict[str, str]:
    """Return the figures as texts; each round runs everything once."""
    for path, text in ONE_FILE.items():
        file = place / "one" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    some, many = write_repository(place / "some", documents), write_repository(place / "many", large)
    attune, peer = BIN / "attune", install_peer(place / "peer")
    commands: dict[str, list[str | Path]] = {
        "python": [sys.executable, "-c", "pass"],
        "help": [attune, "--help"],
        "one": [attune, "validate", place / "one"],
        "some": [attune, "validate", place / "some"],
        "many": [attune, "validate", place / "many"],
    }
    runs: dict[str, list[Measured]] = {}
    for _ in range(rounds + 1):
        for label, argv in commands.items():
            runs.setdefault(label, []).append(run(argv))
        runs.setdefault("peer", []).append(run_peer(peer, place / "some"))
    seconds = {label: [one.seconds for one in measured[1:]] for label, measured in runs.items()}  # the first round warms up
    memory = {label: max(one.memory for one in measured) for label, measured in runs.items()}
    return {
        "bare Python, ms": summary([1000 * one for one in seconds["python"]]),
        "attune --help, x bare Python": ratios(seconds["help"], seconds["python"]),
        "one file validated, x bare Python": ratios(seconds["one"], seconds["python"]),
        f"{some} documents, s": summary(seconds["some"]),
        f"{many} documents, s": summary(seconds["many"]),
        f"check-jsonschema on the same {some} documents, s": summary(seconds["peer"]),
        "check-jsonschema, x attune validate": ratios(seconds["peer"], seconds["some"]),
        f"memory for {some} and {many} documents, MiB": f"{memory['some']:.0f}, {memory['many']:.0f}",
        "memory of check-jsonschema, MiB": f"{memory['peer']:.0f}",
    }


if __name__ == "__main__":
    sys.exit(main())
