"""Finding loops: rules whose actions, by completing or by what they emit, cause one another for ever; an error if nothing ends it.

Called by `load` once rules have their references; at run time a chain of more than 16 events is cut (design §5). A rule on
`core.execution_finished` hears every action that rules run, its own too, unless its condition rules out which action it was.
"""

from collections.abc import Iterable, Mapping, Sequence

from attune_core.catalog.catalog import Rule
from attune_core.catalog.check_triggers import COMPLETED
from attune_core.catalog.circles import circles
from attune_core.catalog.reading import Reading
from attune_core.expressions.errors import ExpressionFailed
from attune_core.expressions.program import Program
from attune_core.problems import Severity
from attune_core.rules.clause_fields import fields_of
from attune_core.rules.completions import FINISHED, SECRET_MISSING, is_completion
from attune_core.values import JsonObject

#: A rule or a trigger: what it is, and its reference.
_Step = tuple[str, str]
#: A longer loop is shown by its beginning and its end.
_SHOWN = 12


def check_loops(reading: Reading, rules: Mapping[str, Rule]) -> None:
    """Say each loop once, at its first rule by reference: an error when no rule of it has a limit, else a warning."""
    firing = [rule for _, rule in sorted(rules.items()) if rule.enabled and not (rule.when is not None and rule.when.always is False)]
    said: set[_Step] = set()
    for loop in circles(_following(reading, (rule for rule in firing if not _is_limited(reading, rule)))):
        said.update(loop)
        hint = "add a condition that ends it, such as on event.data.outcome, or a `throttle` that slows it down"
        _say(reading, loop, f"nothing ends this loop: {_shown(reading, loop)}", hint, Severity.ERROR)
    for loop in circles(_following(reading, firing)):
        if said.isdisjoint(loop):
            hint = "make sure that it ends"
            _say(reading, loop, f"only conditions or throttles hold this loop back: {_shown(reading, loop)}", hint, Severity.WARNING)


def _is_limited(reading: Reading, rule: Rule) -> bool:
    """Tell whether the rule has a throttle, or a condition, even one that is wrong, which does not always hold."""
    always_holds = rule.when.always is True if rule.when is not None else reading.rules[rule.ref].model.when is None
    return rule.throttle is not None or not always_holds or rule.trigger == SECRET_MISSING


def _following(reading: Reading, rules: Iterable[Rule]) -> dict[_Step, list[_Step]]:
    """Return what leads where; through triggers, so that many rules on one trigger that many others cause stay few lines."""
    graph: dict[_Step, list[_Step]] = {}
    on_any: list[tuple[Rule, Sequence[Program]]] = []
    for rule in rules:
        action = reading.actions.get(rule.action)
        caused = [f"{rule.action}.{COMPLETED}", *(action.model.emits if action is not None else ())]
        if rule.secrets:
            caused.append(SECRET_MISSING)
        graph["rule", rule.ref] = [("trigger", ref) for ref in caused]
        for ref in caused:
            graph.setdefault(("trigger", ref), [])
        graph.setdefault(("trigger", rule.trigger), []).append(("rule", rule.ref))
        if rule.trigger == FINISHED:
            on_any.append((rule, _on_action(rule)))
    for completion in [step for step in graph if step[0] == "trigger" and is_completion(step[1])] if on_any else ():
        graph[completion] += _hearing(completion[1], on_any)
    return graph


def _hearing(completion: str, on_any: Sequence[tuple[Rule, Sequence[Program]]]) -> list[_Step]:
    """Return where a completion leads besides its own rules: to those on all of them, but for the ones that its action does not fire."""
    event: JsonObject = {"type": completion, "data": {"action": completion.removesuffix(f".{COMPLETED}")}}
    may = [rule for rule, clauses in on_any if not any(_is_false(clause, event) for clause in clauses)]
    return [("trigger", FINISHED)] if len(may) == len(on_any) else [("rule", rule.ref) for rule in may]


def _on_action(rule: Rule) -> tuple[Program, ...]:
    """Return the clauses of a condition that look at nothing but which action it was."""
    event: JsonObject = {"type": "", "data": {"action": ""}}
    clauses = rule.when.clauses if rule.when is not None else ()
    named = [(clause, {one.source for one in fields_of(clause.source, {"event": event})}) for clause in clauses]
    return tuple(clause for clause, fields in named if fields and fields <= {"event.type", "event.data.action"})


def _is_false(clause: Program, event: JsonObject) -> bool:
    try:
        return clause.evaluate({"event": event}) is False
    except ExpressionFailed:
        return False


def _say(reading: Reading, loop: list[_Step], message: str, hint: str, severity: Severity) -> None:
    reading.findings.at("ATT160", message, reading.rules[loop[0][1]].document, ("trigger",), hint=hint, severity=severity)


def _shown(reading: Reading, loop: list[_Step]) -> str:
    words: list[str] = []
    for kind, ref in loop:
        words.append(f"{kind} {ref}")
        if kind == "rule":
            words.append(f"action {reading.rules[ref].model.action}")
    if len(words) > 3 * _SHOWN:
        words[3 * _SHOWN - 6 : -3] = [f"{sum(kind == 'rule' for kind, _ in loop) - _SHOWN + 1} more rules"]
    return " → ".join([*words, words[0]])
