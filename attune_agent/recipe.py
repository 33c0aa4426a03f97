"""Recipe: what an action's document says of every attempt, compiled once: its variables' templates, its Result's rules, its log bounds.

Made by `preparation` and kept while the pack is in use; pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from attune_agent.host import LogBounds, ResultSource
from attune_agent.preparation_errors import EnvironmentFailed
from attune_agent.results import ResultRules
from attune_core.catalog.scopes import parameter_types, parameters_scope
from attune_core.errors import AttuneError
from attune_core.expressions.functions.conversions import scalar_text
from attune_core.expressions.template import CheckedTemplate, check_template
from attune_core.expressions.types import DYN
from attune_core.json_schema import SchemaValidator
from attune_core.models.action import ActionDocument, ResultContract
from attune_core.secret_fields import has_secret_fields
from attune_core.values import JsonValue


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One action, ready to be made into attempts."""

    document: ActionDocument
    variables: Mapping[str, CheckedTemplate]
    rules: ResultRules
    logs: LogBounds

    def declared_variables(self, values: Mapping[str, JsonValue]) -> dict[str, str]:
        """Return the variables that `env` declares, for these non-secret parameters; one without a text form is an `EnvironmentFailed`."""
        return {name: _text(name, template, values) for name, template in self.variables.items()}


def recipe_of(document: ActionDocument) -> Recipe:
    """Compile an action's document; the controller has checked it before it came here."""
    scope = parameters_scope(document.parameters, parameter_types(document.parameters))
    return Recipe(
        document=document,
        variables={name: check_template(text, scope, DYN) for name, text in document.env.items()},
        rules=_rules(document.result),
        logs=LogBounds(segment=document.logs.segment, segments=document.logs.segments),
    )


def _rules(contract: ResultContract | None) -> ResultRules:
    """Return the rules: with a schema, or when stdout is the Result, there must be one; a file without a schema may be left out."""
    if contract is None:
        return ResultRules()
    schema = contract.value_schema
    return ResultRules(
        source=ResultSource.STDOUT if contract.source == "stdout" else ResultSource.FILE,
        required=schema is not None or contract.source == "stdout",
        validator=None if schema is None else SchemaValidator(schema),
        hides=has_secret_fields(schema),
    )


def _text(name: str, template: CheckedTemplate, values: Mapping[str, JsonValue]) -> str:
    try:
        value = template.render({"parameters": dict(values)})
    except AttuneError as error:
        raise EnvironmentFailed(f"the variable {name} cannot be made: {error.message}", hint="correct `env` of the action") from error
    text = scalar_text(value)
    if text is None or "\0" in text:
        raise EnvironmentFailed(f"the variable {name} has no text form", hint="correct `env` of the action")
    return text
