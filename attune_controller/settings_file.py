"""Reading the controller's settings: a YAML file, then ATTUNE_CONTROLLER_* variables, then flags; later ones win.

Called by `attune controller run` before anything is started. Whatever is unknown or wrong is named with its place: line and column in the
file, the variable, or the flag.
"""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ValidationError

from attune_controller.errors import SettingsInvalid
from attune_controller.settings import ControllerSettings
from attune_core.catalog.documents import read_document
from attune_core.catalog.nodes import Document
from attune_core.catalog.scalars import ScalarRefused, read_plain
from attune_core.safe_text import safe_text
from attune_core.values import JsonObject, JsonValue

PREFIX = "ATTUNE_CONTROLLER_"
#: A settings file above this is none.
SIZE = 1 << 20


def read_settings(
    path: Path | None = None, *, environ: Mapping[str, str] | None = None, flags: Mapping[str, str] | None = None
) -> ControllerSettings:
    """Return the settings; flags are keyed by dotted path (`repository.url`). `SettingsInvalid` names the first wrong place."""
    document = _read_file(path) if path is not None else None
    value = _object(document.value) if document else {}
    places: dict[tuple[str, ...], str] = {}
    keys = scalar_keys(ControllerSettings)
    for name, text in sorted((environ or {}).items()):
        if name.startswith(PREFIX):
            key = _known(name, {variable_of(key): key for key in keys})
            _put(value, key, _parsed(text, is_list=keys[key], place=name))
            places[key] = name
    for name, text in (flags or {}).items():
        key = _known(name, {".".join(key): key for key in keys})
        _put(value, key, _parsed(text, is_list=keys[key], place=name))
        places[key] = f"--{name.replace('.', '-')}"
    try:
        return ControllerSettings.model_validate(value)
    except ValidationError as error:
        raise SettingsInvalid(_first(error, document, places)) from error


def variable_of(key: Sequence[str]) -> str:
    """Return the environment variable that sets a key."""
    return PREFIX + "_".join(key).upper()


def scalar_keys(model: type[BaseModel], before: tuple[str, ...] = ()) -> dict[tuple[str, ...], bool]:
    """Return every key that a variable or flag may set, and whether it is a list (written with commas)."""
    found: dict[tuple[str, ...], bool] = {}
    for name, field in model.model_fields.items():
        parts = [part for part in (field.annotation, *getattr(field.annotation, "__args__", ())) if isinstance(part, type)]
        inner = next((part for part in parts if issubclass(part, BaseModel)), None)
        if inner is not None:
            found |= scalar_keys(inner, (*before, name))
        elif getattr(field.annotation, "__origin__", None) is not dict:  # the names of a mapping stand in the file alone
            found[*before, name] = getattr(field.annotation, "__origin__", None) is tuple
    return found


def _read_file(path: Path) -> Document:
    try:
        with path.open("rb") as file:
            raw = file.read(SIZE + 1)
    except OSError as error:
        raise SettingsInvalid(f"{path}: {error.strerror}") from error
    document, problems = read_document(str(path), raw)
    if document is None:
        raise SettingsInvalid(f"{problems[0].place()}: {problems[0].message}", hint=problems[0].hint)
    return document


def _object(value: JsonValue) -> JsonObject:
    """Return a copy that may be changed: the document keeps its own."""
    if not isinstance(value, dict):
        raise SettingsInvalid("the settings file must hold keys and values")
    return {key: dict(part) if isinstance(part, dict) else part for key, part in value.items()}


def _known(name: str, names: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    if name not in names:
        close = difflib.get_close_matches(name, names, n=1)
        raise SettingsInvalid(f"{safe_text(name, limit=200)} sets nothing" + (f"; did you mean {close[0]}?" if close else ""))
    return names[name]


def _parsed(text: str, *, is_list: bool, place: str) -> JsonValue:
    if is_list:
        return [part.strip() for part in text.split(",") if part.strip()]
    try:
        value = read_plain(text)
    except ScalarRefused as error:
        raise SettingsInvalid(f"{place}: {error}") from error
    return text if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def _put(value: JsonObject, key: tuple[str, ...], parsed: JsonValue) -> None:
    for part in key[:-1]:
        inner = value.setdefault(part, {})
        if not isinstance(inner, dict):
            return  # the model says what is wrong with it
        value = inner
    value[key[-1]] = parsed


def _first(error: ValidationError, document: Document | None, places: Mapping[tuple[str, ...], str]) -> str:
    """Return the first mistake with the place it was made at."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    loc = tuple(part for part in first["loc"] if isinstance(part, str))
    name, message = ".".join(loc) or "the settings", first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        close = difflib.get_close_matches(
            loc[-1], [key[-1] for key in scalar_keys(ControllerSettings)] + list(ControllerSettings.model_fields), n=1
        )
        message = "there is no such key" + (f"; did you mean {close[0]}?" if close else "")
    elif first["type"] == "missing":
        loc = next((key for key in scalar_keys(ControllerSettings) if key[: len(loc)] == loc), loc)
        name = ".".join(loc)
        message = f"is required; set it in the file, by {variable_of(loc)} or by a flag"
    if loc in places:
        return f"{places[loc]}: {message}"
    if document is not None:
        span = document.span(first["loc"], of="key" if first["type"] == "extra_forbidden" else "value")
        return f"{document.path}:{span.line}:{span.column}: {name}: {message}"
    return f"{name}: {message}"
