"""Filling: the Input, the agents' labels and the keys of queue and rate that a matching rule gives an execution; pure.

Called by the controller's planning after `matching`, and for manual runs; what does not fit the parameters is said, never coerced.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from attune_core.catalog.catalog import Action, Rule
from attune_core.errors import AttuneError, Blame
from attune_core.expressions.errors import ExpressionFailed
from attune_core.expressions.structure import CheckedStructure
from attune_core.expressions.template import CheckedTemplate
from attune_core.input_documents.errors import InputUnwritable
from attune_core.input_documents.writing import input_document
from attune_core.models.action import ActionDocument
from attune_core.values import JsonObject, JsonValue, canonical_json

#: Bytes of a whole Input as JSON, and characters of a queue's key: what the wire and an action's stdin take (reliability.md §1.5).
INPUT_LIMIT, KEY_LIMIT = 1 << 20, 4096


class InputInvalid(AttuneError):
    """What the event gives does not fit the parameters of the action."""

    code, blame = "ATT250", Blame.AUTHOR
    remedy = (
        "see the action's parameters; in a rule, narrow its condition or the trigger's schema, so that only fitting values reach this input"
    )


@dataclass(frozen=True, kw_only=True)
class Filled:
    """What one execution gets; secrets are names by parameter, keys are canonical JSON."""

    input: JsonObject
    secrets: Mapping[str, str]
    match: Mapping[str, str]
    key: str
    #: What its rate is counted with; empty: `key`.
    rate_key: str = ""


def fill(rule: Rule, action: Action, activation: JsonObject) -> Filled:
    """Evaluate a rule's templates over an event; `InputInvalid` says which one failed or what does not fit."""
    try:
        given = {name: _value(template, activation) for name, template in rule.inputs.items()}
        labels = {label: _text(_value(template, activation)) for label, template in rule.match.items()}
    except ExpressionFailed as failed:
        raise InputInvalid(failed.message) from failed
    return filled(action, complete_input(action, given), secrets=rule.secrets, match=labels)


def filled(action: Action, complete: JsonObject, *, secrets: Mapping[str, str], match: Mapping[str, str]) -> Filled:
    """Return what an execution with this whole Input gets; `InputInvalid` when a key cannot be evaluated."""
    key = "null" if action.key is None else _key(action.key, complete, "concurrency.key")
    rate_key = "" if action.rate_key is None else _key(action.rate_key, complete, "rate.key")
    return Filled(input=complete, secrets=secrets, match=match, key=key, rate_key=rate_key)


def complete_input(action: Action, given: JsonObject) -> JsonObject:
    """Return the given values with defaults filled in, checked against the action's parameters; `InputInvalid` names the first misfits."""
    parameters = action.document.parameters
    defaults = {name: item.default for name, item in parameters.items() if item.has_default and not item.secret}
    complete: JsonObject = {**defaults, **given}
    if not action.inputs.fits(complete):
        misfits = action.inputs.misfits(complete, limit=3)
        raise InputInvalid("; ".join(f"{misfit.pointer or 'the input'}: {misfit.message}" for misfit in misfits))
    if (size := len(canonical_json(complete).encode())) > INPUT_LIMIT:
        raise InputInvalid(f"the input has {size} bytes as JSON, more than {INPUT_LIMIT}")
    _try_format(action.document, complete)
    return complete


def _try_format(document: ActionDocument, complete: JsonObject) -> None:
    """Find now what the action's format cannot say; of secrets, which only the agent has, the names are enough."""
    if document.input.format == "json":  # it says everything, and its size is known
        return
    secrets = {name: "" for name, item in document.parameters.items() if item.secret}
    try:
        input_document(document.input.format, {**complete, **secrets}, taken=document.env.keys())
    except InputUnwritable as unwritable:
        raise InputInvalid(unwritable.message) from unwritable


def _key(template: CheckedTemplate, complete: JsonObject, name: str) -> str:
    """Return a key over the parameters as canonical JSON."""
    parameters: JsonValue = complete
    try:
        key = canonical_json(template.render({"parameters": parameters}))
    except ExpressionFailed as failed:
        raise InputInvalid(f"{name}: {failed.message}") from failed
    if len(key) > KEY_LIMIT:
        raise InputInvalid(f"{name} has {len(key)} characters as JSON, more than {KEY_LIMIT}")
    return key


def _value(given: CheckedTemplate | CheckedStructure | JsonValue, activation: JsonObject) -> JsonValue:
    return given.render(activation) if isinstance(given, (CheckedTemplate, CheckedStructure)) else given


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else canonical_json(value)
