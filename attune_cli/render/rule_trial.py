"""One rule tried on one event, for people and for machines: each clause with its value and fields, and what would come of it.

Called by `attune rule test`; everything from the repository and the event passes safe_text.
"""

from collections.abc import Iterator

from attune_cli.render.output import compact, show_fields, show_json
from attune_cli.render.rule_tests import compact_json
from attune_core.quantities import show_duration
from attune_core.rule_tests.trial import Trial, TriedClause
from attune_core.rules.throttle_text import throttle_text
from attune_core.values import JsonObject, JsonValue, parse_json

#: `version` of the JSON report; additive inside one.
REPORT_VERSION = 1


def show_trial(trial: Trial) -> None:
    """Print it as fields."""
    rule = trial.rule
    fields = [("rule", f"{rule.ref} ({rule.path}:{rule.span.line})"), ("fires", _fires(trial))]
    for number, tried in enumerate(trial.clauses, 1):
        fields.append((f"clause {number}", "\n".join(_clause_lines(tried))))
    if trial.execution is None:
        fields.append(("input", f"none: {trial.execution_error}"))
    else:
        would = "" if trial.fires else " (if it fired)"
        fields.extend((f"{name}{would}", _value(name, trial.execution[name])) for name in ("action", "input", "agents", "key"))
        fields.append(("pick", rule.pick))
    if rule.throttle is not None:
        within = throttle_text(rule.throttle)
        fields.append(("throttle", within + (f" for {trial.throttle_key}" if trial.throttle_key not in (None, "null") else "")))
    show_fields(fields)


def _fires(trial: Trial) -> str:
    if not trial.fires:
        return f"no: {trial.reason}"
    return f"yes, {show_duration(trial.waits)} after this event, if no other comes" if trial.waits else "yes"


def _value(name: str, value: JsonValue) -> str:
    return compact_json(value) if name == "key" else compact(value)


def _clause_lines(tried: TriedClause) -> Iterator[str]:
    clause = tried.clause
    yield f"{_said(tried):<5}  {clause.source}"
    if clause.error:
        yield f"       {clause.error}"
    for field in tried.fields:
        yield f"       {field.source} = {compact_json(field.value)}" if field.is_there else f"       {field.source} is not there"


def _said(tried: TriedClause) -> str:
    return "error" if tried.clause.error else compact_json(tried.clause.value)


def show_trial_json(trial: Trial) -> None:
    """Print the same as one JSON document."""
    rule = trial.rule
    report: JsonObject = {
        "version": REPORT_VERSION,
        "rule": rule.ref,
        "path": rule.path,
        "line": rule.span.line,
        "fires": trial.fires,
        "fires_after": show_duration(trial.waits) if trial.waits else None,
        "reason": trial.reason,
        "clauses": [_clause(one) for one in trial.clauses],
        "execution": trial.execution,
        "execution_error": trial.execution_error,
        "pick": rule.pick,
        "throttle": None
        if rule.throttle is None
        else {
            rule.throttle.form: show_duration(rule.throttle.within),
            "key": parse_json(trial.throttle_key.encode()) if trial.throttle_key is not None else None,
        },
    }
    show_json(report)


def _clause(tried: TriedClause) -> JsonValue:
    fields: JsonObject = {field.source: field.value for field in tried.fields if field.is_there}
    missing: list[JsonValue] = [field.source for field in tried.fields if not field.is_there]
    return {
        "source": tried.clause.source,
        "value": tried.clause.value,
        "error": tried.clause.error,
        "fields": fields,
        "missing": missing,
    }
