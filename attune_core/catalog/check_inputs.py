"""Checking what a rule gives its action: every parameter known, every required one there, every value and expression fitting.

Called by `check_rules`; a secret reaches only a parameter declared secret, which takes nothing else.
"""

from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field

from attune_core.catalog.reading import Read, Reading
from attune_core.expressions.check import Scope
from attune_core.expressions.errors import ExpressionFailed
from attune_core.expressions.fitting import fits
from attune_core.expressions.structure import CheckedStructure, Inside, check_structure, template_places
from attune_core.expressions.suggestion import suggestion
from attune_core.expressions.template import CheckedTemplate, check_template
from attune_core.expressions.template_parts import MAX_EXPRESSIONS
from attune_core.expressions.types import Type, type_name
from attune_core.json_schema import Misfit, SchemaRefused, SchemaValidator
from attune_core.models.action import ActionDocument
from attune_core.models.parameter import Parameter
from attune_core.models.rule import RuleDocument
from attune_core.values import JsonValue

#: Keywords that judge a list or object without looking at the values in it.
_OF_SHAPE = frozenset(
    {"type", "required", "additionalProperties", "minItems", "maxItems", "minProperties", "maxProperties", "propertyNames"}
)


@dataclass(frozen=True)
class Inputs:
    """What a rule gives: values or templates by parameter, and secrets' names by parameter."""

    values: dict[str, CheckedTemplate | CheckedStructure | JsonValue] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)


def check_inputs(reading: Reading, rule: Read[RuleDocument], action: Read[ActionDocument], scope: Scope) -> Inputs:
    """Check a rule's whole `input` against the parameters of its action."""
    found = Inputs()
    parameters = action.model.parameters
    meant: set[str] = set()
    for name, value in rule.model.input.items():
        if name in parameters:
            _Slot(reading, rule, name, parameters[name], found).take(value, scope)
            continue
        hint = suggestion(name, parameters) or f"`{action.ref}` takes no parameters"
        meant.update(known for known in parameters if hint == f"did you mean '{known}'?")
        reading.findings.at("ATT154", f"`{action.ref}` has no parameter `{name}`", rule.document, ("input", name), of="key", hint=hint)
    for name, parameter in parameters.items():
        if parameter.required and name not in rule.model.input and name not in meant:
            place = ("input",) if rule.model.input else ("action",)
            hint = f"add `{name}: …` under `input`, or give the parameter a default or `optional: true`"
            reading.findings.at("ATT153", f"`{action.ref}` requires the parameter `{name}`", rule.document, place, of="key", hint=hint)
    return found


@dataclass(frozen=True)
class _Slot:
    """One parameter of a rule's action and where its findings and its value go."""

    reading: Reading
    rule: Read[RuleDocument]
    name: str
    parameter: Parameter
    found: Inputs

    def take(self, value: JsonValue, scope: Scope) -> None:
        """Check what the rule writes for this parameter."""
        if isinstance(value, str) and "${{" in value:
            self._template(value, scope)
        elif self.parameter.secret:
            self._wants_secret("")
        elif places := set(template_places(value)):
            self._structure(value, scope, places)
        else:
            self.found.values[self.name] = value
            self._literal(value)

    def _type(self) -> Type:
        return self.reading.parameter_types[self.rule.model.action][self.name]

    def _template(self, text: str, scope: Scope) -> None:
        checked = check_template(text, scope, self._type())
        self.reading.findings.in_text(checked.findings, self.rule.document, ("input", self.name))
        if not self.parameter.secret:
            self.found.values[self.name] = checked
            if checked.fixed and not checked.findings:
                with suppress(ExpressionFailed):
                    self._literal(checked.render({}))
        elif checked.secret is not None:
            self.found.secrets[self.name] = checked.secret
        elif not checked.findings:
            self._wants_secret(" and nothing else")

    def _structure(self, value: JsonValue, scope: Scope, places: set[Inside]) -> None:
        if len(places) > MAX_EXPRESSIONS:
            hint = "compute the value in the action"
            self._say("ATT201", f"more than {MAX_EXPRESSIONS} texts with expressions in one parameter", (), hint)
            return
        expected = self._type()
        checked = check_structure(value, scope, expected)
        self.found.values[self.name] = checked
        before = self.reading.findings.count()
        for place, template in checked.templates.items():
            self.reading.findings.in_text(template.findings, self.rule.document, ("input", self.name, *place))
        self._literal(value, besides=places)
        if self.reading.findings.count() == before and not fits(checked.type, expected):
            self._say("ATT206", f"this is {type_name(checked.type)}, but {type_name(expected)} is expected", (), None)

    def _wants_secret(self, also: str) -> None:
        hint = f"write `{self.name}: ${{{{ secrets.NAME }}}}`{also}"
        self._say("ATT156", f"the parameter `{self.name}` is secret and takes only a secret", (), hint)

    def _literal(self, value: JsonValue, besides: AbstractSet[Inside] = frozenset()) -> None:
        """Check what is written out; `besides` are the places of texts with expressions, whose values are not known here."""
        schema = self.parameter.value_schema
        try:
            found = SchemaValidator(schema).misfits(value, limit=3 + len(besides))
        except SchemaRefused:
            return  # said where the parameter is declared
        hint = "quote it" if schema.get("type") == "string" and isinstance(value, bool | int | float) else None
        misfits = [misfit for misfit in found if not any(_is_about(misfit, place) for place in besides)]
        for misfit in misfits[:3]:
            self._say("ATT155", f"`{self.name}` does not fit: {misfit.message}", misfit.place, hint)

    def _say(self, code: str, message: str, inside: tuple[str | int, ...], hint: str | None) -> None:
        self.reading.findings.at(code, message, self.rule.document, ("input", self.name, *inside), hint=hint)


def _is_about(misfit: Misfit, place: Inside) -> bool:
    """Tell whether another value at a place could fit: it is the place itself, or the misfit is about what a list or object holds."""
    around = place[: len(misfit.place)] == misfit.place
    return around and (misfit.place == place or misfit.keyword not in _OF_SHAPE)
