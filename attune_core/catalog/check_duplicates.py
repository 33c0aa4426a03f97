"""Finding rules that say the same twice, which run the action twice for each event.

Called by `load` after rules; a rule that is switched off is nobody's duplicate.
"""

from collections.abc import Iterable

from attune_core.catalog.reading import Read, Reading
from attune_core.expressions.finding import NotAnExpression
from attune_core.expressions.syntax.lexer import Token, tokens_of
from attune_core.expressions.syntax.string_literals import string_value
from attune_core.models.rule import RuleDocument
from attune_core.problems import Severity
from attune_core.values import canonical_json


def check_duplicates(reading: Reading) -> None:
    """Warn at every rule that does what an earlier one by reference does, whatever the white space and quotes of its condition."""
    alike: dict[str, list[Read[RuleDocument]]] = {}
    for _, rule in sorted(reading.rules.items()):
        if rule.model.enabled:
            alike.setdefault(_effect(rule.model), []).append(rule)
    for group in alike.values():
        if len(group) > 1:  # only these conditions are worth taking apart
            _check_conditions(reading, group)


def _check_conditions(reading: Reading, group: Iterable[Read[RuleDocument]]) -> None:
    first: dict[tuple[str, ...], Read[RuleDocument]] = {}
    for rule in group:
        same = first.setdefault(_words(rule.model.when), rule)
        if same is not rule:
            at = f"{same.document.path}:{same.document.span(('trigger',), of='key').line}"
            hint = "remove one of them; the action runs once for each"
            message = f"the rule says the same as `{same.ref}` ({at})"
            reading.findings.at("ATT181", message, rule.document, ("trigger",), hint=hint, severity=Severity.WARNING)


def _effect(rule: RuleDocument) -> str:
    throttle = rule.throttle.model_dump(mode="json", exclude_none=True) if rule.throttle is not None else None
    return canonical_json([rule.trigger, rule.action, rule.input, {**rule.agents.match}, rule.agents.pick, throttle])


def _words(condition: str | None) -> tuple[str, ...]:
    if condition is None:
        return ()
    try:
        return tuple(_word(token) for token in tokens_of(condition))
    except NotAnExpression:
        return (condition,)


def _word(token: Token) -> str:
    """Return a token as it is always written: a text's quotes are a matter of taste."""
    return canonical_json(string_value(token.text, token.start)) if token.kind == "string" and token.text[0] in "\"'" else token.text
