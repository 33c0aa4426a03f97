"""Finding loops: rules whose actions complete into one another for ever; an error if nothing on the way can stop them.

Called by `load` once rules have their references; at run time a chain of more than 16 events is cut (design §5).
"""

from attune_core.catalog.catalog import Rule
from attune_core.catalog.check_triggers import COMPLETED
from attune_core.catalog.reading import Reading
from attune_core.problems import Severity


def check_loops(reading: Reading, rules: dict[str, Rule]) -> None:
    """Say each loop once, at its first rule by reference: an error when no rule of it has a condition, else a warning."""
    enabled = {ref: rule for ref, rule in sorted(rules.items()) if rule.enabled}
    by_trigger: dict[str, list[str]] = {}
    for ref, rule in enabled.items():
        by_trigger.setdefault(rule.trigger, []).append(ref)
    following = {ref: by_trigger.get(f"{rule.action}.{COMPLETED}", []) for ref, rule in enabled.items()}
    unconditional = {
        ref: [to for to in targets if enabled[to].when is None] for ref, targets in following.items() if enabled[ref].when is None
    }
    said: set[str] = set()
    for loop in _loops(unconditional):
        said.update(loop)
        _say(reading, loop, Severity.ERROR)
    for loop in _loops(following):
        if said.isdisjoint(loop):
            _say(reading, loop, Severity.WARNING)


def _say(reading: Reading, loop: list[str], severity: Severity) -> None:
    first = reading.rules[loop[0]]
    circle = " → ".join([*loop, loop[0]])
    message = f"the rules {circle} cause one another" + ("" if severity is Severity.WARNING else " and nothing stops them")
    hint = (
        "add a condition that ends it, such as on event.data.outcome" if severity is Severity.ERROR else "make sure the conditions end it"
    )
    reading.findings.at("ATT160", message, first.document, ("trigger",), hint=hint, severity=severity)


def _loops(following: dict[str, list[str]]) -> list[list[str]]:
    """Return one loop of each group of rules that reach themselves; depth first, without recursion."""
    done: set[str] = set()
    found: list[list[str]] = []
    for start in following:
        way: list[str] = []
        on_way: set[str] = set()
        waiting = [(start, 0)]
        while waiting:
            ref, depth = waiting.pop()
            for left in way[depth:]:
                on_way.discard(left)
                done.add(left)
            del way[depth:]
            if ref in on_way:
                loop = way[way.index(ref) :]
                smallest = loop.index(min(loop))
                found.append(loop[smallest:] + loop[:smallest])
            elif ref not in done:
                way.append(ref)
                on_way.add(ref)
                waiting.extend((to, depth + 1) for to in following.get(ref, []))
        done.update(way)
    return [list(loop) for loop in sorted({tuple(loop) for loop in found})]
