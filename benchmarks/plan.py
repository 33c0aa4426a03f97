"""`attune plan` over many rules: events x rules evaluated a second, under base and head together, each event decided by both.

`python -m benchmarks.plan [--rules 1000] [--events 1000] [--rounds 5] [--json]`. Once with conditions that the index of rules can use,
and once where every rule has to be asked; head has another threshold in every tenth rule, so that there is something to sum up.
"""

import argparse
import sys
import time
from collections.abc import Iterator

from attune_core.catalog.catalog import Catalog
from attune_core.catalog.load import load
from attune_core.effects.forecast import Forecast
from attune_core.rules.recorded import RecordedEvent, read_event
from benchmarks.figures import show, summary
from benchmarks.repositories import documents
from benchmarks.rules import PAYLOAD, WITH_EQUALITY, WITHOUT
from tests.core.catalog.memory_tree import MemoryTree


def catalog(number: int, condition: str, *, changed: bool) -> Catalog:
    """Return that many rules on one trigger; every tenth throttled, and another one in a changed revision."""
    files = {path: text for path, text in documents(1) if "/rules/" not in path}
    for one in range(number):
        when = condition.format(number=one).replace("0.5", "1.6" if changed and one % 10 == 0 else "0.5")
        throttle = "throttle: {once_within: 5m, key: '${{ event.data.unit }}'}\n" if one % 10 == 5 else ""
        files[f"rules/rule_{one}.yaml"] = (
            f"description: Rule {one}\ntrigger: pack_0.alert_0\nwhen: '{when}'\naction: pack_0.step_0\n"
            f"input: {{unit: '${{{{ event.data.unit }}}}', level: high}}\nagents: {{match: {{role: web}}}}\n{throttle}"
        )
    found = load(MemoryTree({path: text.encode() for path, text in files.items()})).catalog
    assert found is not None
    return found


def recorded(number: int) -> list[RecordedEvent]:
    """Return events of 1.5 kB a second apart, each for another unit."""
    return [
        read_event(
            {
                "specversion": "1.0",
                "id": f"{one}",
                "source": "bench",
                "type": "pack_0.alert_0",
                "time": f"2026-01-02T{one // 3600 % 24:02}:{one // 60 % 60:02}:{one % 60:02}Z",
                "data": {**PAYLOAD, "unit": f"web_{one % 1000}_"},
            }
        )
        for one in range(number)
    ]


def measure(rules: int, events: int, rounds: int) -> Iterator[tuple[str, str]]:
    """Yield the figures as texts."""
    some = recorded(events)
    for label, condition in (("with an equality", WITH_EQUALITY.replace("web_{number}", "web_{number}_")), ("without any", WITHOUT)):
        base, head = catalog(rules, condition, changed=False), catalog(rules, condition, changed=True)
        found = []
        for _ in range(rounds):
            forecast = Forecast(base=base, head=head, examples=3)
            started = time.perf_counter()
            for event in some:
                forecast.take(event)
            found.append(2 * rules * events / (time.perf_counter() - started))
            assert forecast.differs(), "there is something to find"
        yield f"{label}: event x rule evaluations/s", summary(found)


def main() -> int:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rules", type=int, default=1000)
    arguments.add_argument("--events", type=int, default=1000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--json", action="store_true")
    chosen = arguments.parse_args()
    found = dict(measure(chosen.rules, chosen.events, chosen.rounds))
    show(f"{chosen.rounds} rounds; median (least…most)", found, as_json=chosen.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
