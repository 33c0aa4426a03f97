"""Checking actions: program, environment, parameters, result, and the expressions over parameters; what passes becomes an Action.

Called by `load` after packs; rules are checked against the documents read here even when something else in them is wrong.
"""

from attune_core.catalog.catalog import Action
from attune_core.catalog.check_credentials import check_credential
from attune_core.catalog.check_programs import check_environment, check_program
from attune_core.catalog.check_results import check_result
from attune_core.catalog.check_schemas import check_schema
from attune_core.catalog.check_variables import check_variables
from attune_core.catalog.reading import Read, Reading
from attune_core.catalog.scopes import parameter_types, parameters_scope
from attune_core.expressions.check import Scope
from attune_core.expressions.template import CheckedTemplate, check_template
from attune_core.expressions.types import DYN, STRING
from attune_core.json_schema import SchemaValidator
from attune_core.models.action import ActionDocument
from attune_core.models.parameter import Parameter
from attune_core.problems import Severity
from attune_core.values import JsonObject

#: Names that the contract with an action gives itself; design §3.
_GIVEN = frozenset({"PATH", "HOME", "TMPDIR", "LANG", "TRACEPARENT"})
FOLDER = "actions"


def check_actions(reading: Reading) -> dict[str, Action]:
    """Check every action that could be read and return those without mistakes."""
    found = ((ref, _check(reading, action)) for ref, action in reading.actions.items())
    return {ref: action for ref, action in found if action is not None}


def _check(reading: Reading, action: Read[ActionDocument]) -> Action | None:
    before = reading.findings.count()
    check_program(reading, action, FOLDER)
    check_environment(reading, action)
    for name, parameter in action.model.parameters.items():
        _check_parameter(reading, action, name, parameter)
    result = check_result(reading, action)
    types = reading.parameter_types[action.ref] = parameter_types(action.model.parameters)
    check_variables(reading, action, types)
    scope = parameters_scope(action.model.parameters, types)
    key = _key(reading, action, action.model.concurrency.key, ("concurrency", "key"), scope)
    rate_key = _key(reading, action, action.model.rate.key if action.model.rate else None, ("rate", "key"), scope)
    _check_retry(reading, action)
    env = _env(reading, action, scope)
    if reading.findings.count() != before and reading.findings.has_errors():
        return None
    document = action.document
    return Action(
        ref=action.ref,
        pack=action.pack,
        name=action.name,
        path=document.path,
        folder=FOLDER,
        span=document.span(("run",), of="key"),
        document=action.model,
        inputs=SchemaValidator(input_schema(action.model)),
        result=result,
        key=key,
        rate_key=rate_key,
        env=env,
    )


def input_schema(document: ActionDocument) -> JsonObject:
    """Return the JSON Schema of a whole Input; `$id` keeps each parameter's own `#/…` references inside it."""
    plain = {name: one for name, one in document.parameters.items() if not one.secret}
    properties: JsonObject = {name: _with_own_base(name, one.value_schema) for name, one in plain.items()}
    required = [name for name, one in plain.items() if one.required]
    return {"type": "object", "properties": properties, "required": [*required], "additionalProperties": False}


def _with_own_base(name: str, schema: JsonObject) -> JsonObject:
    return {"$id": f"urn:attune:parameter:{name}", **schema} if "$ref" in str(schema) else schema


def _check_parameter(reading: Reading, action: Read[ActionDocument], name: str, parameter: Parameter) -> None:
    place = ("parameters", name)
    validator = check_schema(parameter.value_schema, action.document, place, reading.findings)
    if parameter.secret:
        if parameter.has_default:
            hint = "remove it; a secret's value is only ever on the agent"
            reading.findings.at("ATT156", "a secret parameter has no default", action.document, (*place, "default"), of="key", hint=hint)
        if parameter.value_schema.get("type", "string") != "string":
            message = "a secret's value is text, so `type` must be string"
            reading.findings.at("ATT156", message, action.document, (*place, "type"))
        return
    check_credential(reading, action, name, parameter)
    if parameter.has_default and validator is not None and not validator.fits(parameter.default):
        misfit = validator.misfits(parameter.default, limit=1)[0]
        reading.findings.at("ATT155", f"the default does not fit: {misfit.message}", action.document, (*place, "default"))


def _key(reading: Reading, action: Read[ActionDocument], text: str | None, place: tuple[str, str], scope: Scope) -> CheckedTemplate | None:
    if text is None:
        return None
    checked = check_template(text, scope, DYN)
    reading.findings.in_text(checked.findings, action.document, place)
    return checked


def _check_retry(reading: Reading, action: Read[ActionDocument]) -> None:
    """Say what of a retry policy does nothing, because there is never a second attempt."""
    retry, place = action.model.retry, ("retry", "place")
    if retry.maximum_attempts == 1 and retry.place == "tail" and action.document.at(place) is not None:
        hint = "set `maximum_attempts`, or leave `place` out"
        message = "`place: tail` does nothing: `maximum_attempts` is 1, so there is no second attempt"
        reading.findings.at("ATT148", message, action.document, place, hint=hint, severity=Severity.WARNING)


def _env(reading: Reading, action: Read[ActionDocument], scope: Scope) -> dict[str, CheckedTemplate]:
    found: dict[str, CheckedTemplate] = {}
    for name, text in action.model.env.items():
        if name in _GIVEN or name.startswith(("ATTUNE_", "LD_")):
            hint = "choose another name"
            message = f"`{name}` is not for documents to set"
            reading.findings.at("ATT159", message, action.document, ("env", name), of="key", hint=hint)
        found[name] = check_template(text, scope, STRING)
        reading.findings.in_text(found[name].findings, action.document, ("env", name))
    return found
