"""From a document to its model, and from what pydantic finds to Problems at the right key with words for people.

Called by `load` for every document; the checks that need more than one document come after it.
"""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from attune_core.catalog.findings import MOST, Findings
from attune_core.catalog.key_hints import key_hint
from attune_core.catalog.model_keys import keys_at
from attune_core.catalog.nodes import Document
from attune_core.catalog.not_yet import CODE, HINT, is_key_of_later
from attune_core.expressions.suggestion import suggestion
from attune_core.models.action import VARIABLE_PATTERN
from attune_core.models.base import DocumentModel
from attune_core.models.pack import VERSION_PATTERN
from attune_core.models.parameter import Parameter
from attune_core.models.webhook import CONTROLLER_SECRET_PATTERN, HEADER_PATTERN, KIND_PATTERN, SIGNED_PATTERN
from attune_core.names import NAME_PATTERN, REFERENCE_PATTERN, TRIGGER_PATTERN
from attune_core.values import JsonValue
from attune_core.version import VERSION

Model = TypeVar("Model", bound=DocumentModel)
Place = tuple[str | int, ...]

#: pydantic's error type -> what was expected; the rest keeps pydantic's own sentence.
_EXPECTED = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "an integer",
    "float_type": "a number",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
_BOUNDS = {
    "greater_than": "more than",
    "greater_than_equal": "at least",
    "less_than": "less than",
    "less_than_equal": "at most",
    "string_too_short": "a text whose length is at least",
    "string_too_long": "a text whose length is at most",
    "too_short": "something whose length is at least",
    "too_long": "something whose length is at most",
}
_PATTERNS: Mapping[str, str] = {
    NAME_PATTERN: "a name: lower-case letters, digits and `_`, a letter first, at most 63 characters",
    REFERENCE_PATTERN: "a reference of the form `pack.name`",
    TRIGGER_PATTERN: "a trigger's reference, `pack.name` or `pack.action.completed`",
    VARIABLE_PATTERN: "the name of an environment variable: capital letters, digits and `_`",
    VERSION_PATTERN: "a version of the form 1.4.0",
    HEADER_PATTERN: "the name of a header: letters, digits, `-` and `_`",
    KIND_PATTERN: "a name, or a trigger's reference, `pack.name`",
    SIGNED_PATTERN: "what is signed: a text with {body} once, and {timestamp} before it at most once",
    CONTROLLER_SECRET_PATTERN: "one of the controller's own secrets: ${{ controller.secrets.NAME }}",
}
#: A document with more is of another kind; listing them all would take as much memory as a few documents are allowed.
_MOST_MISTAKES = 1000
_BOOLEAN_WORDS = {"yes": "true", "on": "true", "no": "false", "off": "false"}


def read_model(model: type[Model], document: Document, findings: Findings) -> Model | None:
    """Return the document as its model, or None after saying why not."""
    if not isinstance(document.value, dict):
        findings.at("ATT121", f"expected a mapping, found {_shown(document.value)}", document, hint=f"see schemas/{model.KIND}.json")
        return None
    try:
        found = model.model_validate(document.value)
    except ValidationError as error:
        if (mistakes := error.error_count()) > _MOST_MISTAKES:
            hint = f"see schemas/{model.KIND}.json"
            findings.at("ATT117", f"the document has {mistakes} mistakes, so it is not of the kind `{model.KIND}`", document, hint=hint)
            return None
        details = error.errors(include_url=False, include_context=True, include_input=False)
        unknown = [detail["loc"] for detail in details if detail["type"] == "extra_forbidden"]
        meant = {near for place in unknown[:MOST] if (near := _meant(model, place))}
        for detail in details:
            if not findings.room(document.path):
                break
            if detail["type"] != "missing" or detail["loc"] not in meant:  # the misspelt key says it
                _say(model, document, detail, findings)
        return None
    before = findings.count()
    for place in empty_keys(found):
        findings.at("ATT121", f"`{place[-1]}` has no value", document, place, of="key", hint="give it one, or remove the key")
    return found if findings.count() == before else None


def empty_keys(model: DocumentModel, place: Place = ()) -> Iterator[Place]:
    """Yield the keys that stand there without a value; `when:` must not silently mean "always"."""
    for name in model.model_fields_set:
        value: object = getattr(model, name)
        here = (*place, type(model).model_fields[name].alias or name)
        if value is None and not isinstance(model, Parameter):
            yield here
        elif isinstance(value, DocumentModel):
            yield from empty_keys(value, here)
        elif isinstance(value, dict):
            for key, one in value.items():
                if isinstance(one, DocumentModel):
                    yield from empty_keys(one, (*here, key))
        elif isinstance(value, tuple):
            for index, one in enumerate(value):
                if isinstance(one, DocumentModel):
                    yield from empty_keys(one, (*here, index))


def _say(model: type[DocumentModel], document: Document, detail: ErrorDetails, findings: Findings) -> None:
    is_key = detail["loc"][-1:] == ("[key]",)
    place: Place = detail["loc"][:-1] if is_key else detail["loc"]
    given = place[-1] if is_key else document.value_at(place)
    if detail["type"] == "too_short" and given:
        return  # an item was refused and said so; the list itself is long enough
    if detail["type"] == "extra_forbidden":
        _unknown_key(model, document, place, findings)
    elif detail["type"] == "missing":
        keys = f"`{place[-1]}` is missing"
        findings.at("ATT122", keys, document, place[:-1], of="key", hint=f"add `{place[-1]}: …`")
    else:
        message, hint = _wrong(detail, given)
        findings.at("ATT121", message, document, place, of="key" if is_key else "value", hint=hint)


def _meant(model: type[DocumentModel], place: Place) -> Place | None:
    hint = key_hint(str(place[-1]), keys_at(model, place[:-1])) or ""
    return (*place[:-1], hint.split("'")[1]) if hint.startswith("did you mean") else None


def _unknown_key(model: type[DocumentModel], document: Document, place: Place, findings: Findings) -> None:
    if is_key_of_later(model.KIND, place):
        findings.at(CODE, f"`{place[-1]}` is not acted on by this version of Attune ({VERSION})", document, place, of="key", hint=HINT)
        return
    known = keys_at(model, place[:-1])
    findings.at("ATT120", f"unknown key `{place[-1]}`", document, place, of="key", hint=key_hint(str(place[-1]), known))


def _wrong(detail: ErrorDetails, given: JsonValue) -> tuple[str, str | None]:
    """Return the sentence and the hint for a wrong value."""
    kind, context = detail["type"], detail.get("ctx", {})
    if expected := _EXPECTED.get(kind):
        return f"expected {expected}, found {_shown(given)}", _type_hint(kind, given)
    if kind == "literal_error":
        choices = [choice.strip("'") for choice in str(context.get("expected", "")).replace(" or ", ", ").split(", ")]
        return f"expected {context.get('expected')}, found {_shown(given)}", suggestion(given, choices) if isinstance(given, str) else None
    if kind == "string_pattern_mismatch":
        return _wrong_form(str(context.get("pattern", "")), given), None
    if kind == "value_error":
        return detail["msg"].removeprefix("Value error, "), None
    if words := _BOUNDS.get(kind):
        bound = next(iter(context.values()), "") if len(context) == 1 else context.get("min_length", context.get("max_length", ""))
        bound = f"{bound:g}" if isinstance(bound, float) else bound
        return f"expected {words} {bound}, found {_shown(given)}", None
    return f"{detail['msg']}, found {_shown(given)}", None


def _wrong_form(pattern: str, given: JsonValue) -> str:
    if pattern == CONTROLLER_SECRET_PATTERN:  # what stands there instead may be the secret itself: never repeat it
        return f"expected {_PATTERNS[pattern]}"
    return f"{_shown(given)} is not {_PATTERNS.get(pattern, 'of the form ' + pattern)}"


def _type_hint(kind: str, given: JsonValue) -> str | None:
    if kind == "string_type" and isinstance(given, bool | int | float):
        return "quote it"
    if kind == "bool_type" and isinstance(given, str):
        meant = _BOOLEAN_WORDS.get(given.lower())
        return f"write {meant}" if meant else None
    if given is None:
        return "give a value, or remove the key"
    return None


def _shown(value: JsonValue) -> str:
    """Return a value as a sentence can hold it."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        return f"the text {value!r}" if len(value) <= 64 else f"the text {value[:64]!r}…"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    return f"the number {value}"
