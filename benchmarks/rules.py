"""One event against 1,000 rules of three clauses on one trigger, and single evaluations beside Google's cel-expr-python, in the same run.

`python -m benchmarks.rules [--rules 1000] [--rounds 7] [--json]`. Both get the same conditions and the same payload of 1.5 kB, with one
activation per event, as a rule engine would use them.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator

from cel_expr_python import cel

from attune_core.catalog.catalog import Rule
from attune_core.catalog.load import load
from attune_core.catalog.rule_index import RuleIndex
from attune_core.rules.matching import Occurrence, match
from attune_core.values import JsonObject
from benchmarks.figures import ratios, show, summary
from benchmarks.repositories import documents
from tests.core.catalog.memory_tree import MemoryTree

#: Conditions of three clauses: one that the index can use, and one where every rule has to be asked.
WITH_EQUALITY = 'event.data.severity in ["critical", "high"] && event.data.unit == "web_{number}" && event.data.load > 0.5'
WITHOUT = 'event.data.severity in ["critical", "high"] && event.data.unit.startsWith("web_{number}_") && event.data.load > 0.5'
PAYLOAD: JsonObject = {
    "unit": "web_7",
    "severity": "critical",
    "host": "host-0042.example.org",
    "load": 1.5,
    "restarts": 3,
    "at": "2026-01-02T03:04:05Z",
    "tags": ["tier-1", "customer-facing", "germany"],
    "note": "x" * 1000,
    "labels": {f"label_{number}": f"value-{number}" for number in range(10)},
    "owner": {"name": "Grace Hopper", "email": "grace@example.org"},
}
EVENT = Occurrence(id="1", source="bench", type="pack_0.alert_0", subject="", time="2026-01-02T03:04:05Z", data=PAYLOAD)


def rules(number: int, condition: str) -> tuple[Rule, ...]:
    """Return that many rules on one trigger, read and checked from a repository."""
    files = {path: text for path, text in documents(1) if "/rules/" not in path}
    for one in range(number):
        files[f"rules/rule_{one}.yaml"] = (
            f"description: Rule {one}\ntrigger: pack_0.alert_0\nwhen: '{condition.format(number=one)}'\naction: pack_0.step_0\n"
            "input: {unit: '${{ event.data.unit }}', level: high}\nagents: {match: {role: web}}\n"
        )
    catalog = load(MemoryTree({path: text.encode() for path, text in files.items()})).catalog
    assert catalog is not None
    return catalog.rules_by_trigger["pack_0.alert_0"]


def per_second(evaluate: Callable[[], int], *, seconds: float = 0.3) -> float:
    """Return evaluations a second; each call does the returned number of them."""
    done, started = 0, time.perf_counter()
    while (passed := time.perf_counter() - started) < seconds:
        done += evaluate()
    return done / passed


def ours(some: tuple[Rule, ...]) -> Callable[[], int]:
    """Return what evaluates every condition once over one activation."""

    def evaluate() -> int:
        activation = EVENT.activation()
        for rule in some:
            match(rule, activation)
        return len(some)

    return evaluate


def indexed(index: RuleIndex) -> Callable[[], int]:
    """Return what decides one event: the rules that could match are found and asked."""

    def evaluate() -> int:
        activation = EVENT.activation()
        for rule in index.candidates(activation):
            match(rule, activation)
        return 1

    return evaluate


def theirs(some: tuple[Rule, ...]) -> Callable[[], int]:
    """Return the same as `ours` by cel-expr-python."""
    environment = cel.NewEnv(variables={"event": cel.Type.Map(cel.Type.STRING, cel.Type.DYN)})
    compiled = [environment.compile(rule.when.source) for rule in some if rule.when is not None]

    def evaluate() -> int:
        activation = environment.Activation(data=EVENT.activation())
        for expression in compiled:
            expression.eval(activation).value()
        return len(compiled)

    return evaluate


def measure(number: int, rounds: int) -> Iterator[tuple[str, str]]:
    """Yield the figures as texts; what is compared alternates within each round."""
    for label, condition in (("with an equality", WITH_EQUALITY), ("without any", WITHOUT)):
        some = rules(number, condition)
        index = RuleIndex(some)
        asked, found, peer = [], [], []
        for _ in range(rounds):
            found.append(per_second(indexed(index)))
            asked.append(per_second(ours(some)))
            peer.append(per_second(theirs(some)))
        yield f"{label}: one event against {number} rules, ms", summary([1000 / one for one in found])
        yield f"{label}: conditions/s", summary(asked)
        yield f"{label}: conditions/s of cel-expr-python", summary(peer)
        yield f"{label}: ours, x cel-expr-python", ratios(asked, peer)
        yield f"{label}: event decided, x cel-expr-python", ratios([number * one for one in found], peer)


def main() -> int:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rules", type=int, default=1000)
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--json", action="store_true")
    chosen = arguments.parse_args()
    found = dict(measure(chosen.rules, chosen.rounds))
    show(f"{chosen.rounds} rounds; median (least…most)", found, as_json=chosen.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
