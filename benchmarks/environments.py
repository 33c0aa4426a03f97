"""Environments cold and warm, by ecosystem: from an execution's acceptance to its start, the first time and afterwards.

One pack for each ecosystem, its action from the template, its lock by the ecosystem's own locker, over the ordinary path; the registries
are the real ones, so cold times are the network's too. An ecosystem whose toolchain is missing is skipped with the reason.
`python -m benchmarks.environments [--rounds 5] [--json]`.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path

from attune_cli.languages import LANGUAGES
from attune_cli.local.origin import Origin
from attune_cli.local.system import LocalSystem, network_settings
from attune_core.states import Outcome, State
from attune_core.values import JsonObject
from attune_core.wire.api import Accepted, EventView, ExecutionView
from benchmarks.figures import show, summary
from tests.agent.environments.places import rust_on_path

#: Ecosystem -> the language whose template stands for it.
LANGUAGE_OF = {language.ecosystem: name for name, language in reversed(tuple(LANGUAGES.items()))}


def attune(*arguments: str, cwd: Path) -> str:
    """Run one command; return what went wrong, "" if nothing did."""
    environment = {name: os.environ[name] for name in ("PATH", "SSL_CERT_FILE") if name in os.environ} | {"HOME": str(cwd)}
    argv = [sys.executable, "-m", "attune_cli.main", *arguments]
    done = subprocess.run(argv, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False)
    return "" if done.returncode == 0 else (done.stderr or done.stdout).strip().splitlines()[0]


def write_packs(clone: Path) -> dict[str, str]:
    """Write a pack for each ecosystem, and return why some of them are skipped."""
    skipped = {}
    (clone / "attune.yaml").write_text('format: 1\nattune: ">=0.1"\n')
    for ecosystem, language in LANGUAGE_OF.items():
        folder = clone / "packs" / f"e_{ecosystem}"
        folder.mkdir(parents=True)
        (folder / "pack.yaml").write_text(f"name: e_{ecosystem}\nversion: 1.0.0\ndescription: For the benchmark\n")
        reason = attune("action", "new", f"e_{ecosystem}.hello", "--language", language, cwd=clone)
        reason = reason or attune("pack", "lock", f"e_{ecosystem}", cwd=clone)
        if reason:
            skipped[ecosystem] = f"skipped: {reason}"
            shutil.rmtree(folder)
    return skipped


def seconds_to_start(system: LocalSystem, ecosystem: str) -> float:
    """Run its action once and return how long it took to its start."""
    with system.client() as client:
        request: JsonObject = {"action": f"e_{ecosystem}.hello", "input": {"name": "bench"}, "secrets": {}}
        accepted = client.post("/v1/executions", request, Accepted)
        program = next(iter(system.programs()))
        program.wait_until(lambda: client.get(f"/v1/events/{accepted.position}", EventView).status != "accepted")
        (execution,) = client.get(f"/v1/events/{accepted.position}", EventView).executions
        program.wait_until(lambda: client.get(f"/v1/executions/{execution}", ExecutionView).state is State.SETTLED, timeout=600)
        found = client.get(f"/v1/executions/{execution}", ExecutionView)
    if found.outcome is not Outcome.SUCCEEDED:
        raise RuntimeError(f"{ecosystem}: {found.detail}")
    begun, started = map(datetime.fromisoformat, (found.accepted_at, found.started_at))
    return (started - begun).total_seconds()


def measure(rounds: int) -> dict[str, str]:
    """Return the figures."""
    with tempfile.TemporaryDirectory(prefix="attune-bench-") as name:
        place = Path(name)
        place.chmod(0o711)
        origin = Origin(place / "git")
        figures = write_packs(origin.clone)
        commit = origin.push()
        with LocalSystem(root=place / "system", repository=str(origin.bare), network=network_settings()) as system:
            system.start_controller()
            status = system.wait_for_revision(commit)
            if status.sync.active_revision != commit:
                raise RuntimeError(f"the benchmark's repository is refused: {status.sync}")
            system.add_agent("bench", {"role": "bench"})
            system.wait_for_agents()
            for ecosystem in LANGUAGE_OF:
                if ecosystem not in figures:
                    cold = seconds_to_start(system, ecosystem)
                    warm = [seconds_to_start(system, ecosystem) for _ in range(rounds)]
                    ratio = cold / statistics.median(warm)
                    figures[ecosystem] = f"cold {cold:.3g} s, warm {summary([one * 1000 for one in warm])} ms, cold {ratio:.3g} x warm"
    return figures


def main() -> int:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--json", action="store_true")
    chosen = arguments.parse_args()
    with rust_on_path() if shutil.which("cargo") else nullcontext():
        found = measure(chosen.rounds)
    show(f"from acceptance to start; once cold, {chosen.rounds} times warm; median (least…most)", found, as_json=chosen.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
