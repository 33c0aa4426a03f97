"""The one door to JSON Schema (2020-12): compiling without any retrieval, with a linear-time regex engine, and naming what does not fit.

Called by the catalog for triggers, parameters and results, by intake and planning through the Catalog, and by agents for Results.
"""

from dataclasses import dataclass

import jsonschema_rs

from attune_core.errors import AttuneError, Blame
from attune_core.values import JsonValue

#: A pattern that needs a larger automaton is refused; `RegexOptions` is the linear engine, the default one backtracks.
_PATTERNS = jsonschema_rs.RegexOptions(size_limit=1 << 20, dfa_size_limit=1 << 20)


class SchemaRefused(AttuneError):
    """The JSON Schema cannot be compiled: a keyword has a wrong value, a pattern needs back-tracking, or a `$ref` leaves the document."""

    code, blame = "ATT130", Blame.AUTHOR
    remedy = "correct the keyword that the message names; `$ref` may only point inside the document and patterns have no look-around"

    def __init__(self, message: str = "", *, place: tuple[str | int, ...] = (), hint: str | None = None) -> None:
        """Keep where in the schema it is: keys and indexes from its root."""
        super().__init__(message, hint=hint)
        self.place = place


@dataclass(frozen=True, kw_only=True)
class Misfit:
    """One place where a value does not fit: a JSON Pointer (RFC 6901, "" is the whole value), the keyword and a sentence."""

    pointer: str
    place: tuple[str | int, ...]  # the same as keys and indexes
    keyword: str
    message: str


class SchemaValidator:
    """A compiled schema; safe to share between threads."""

    def __init__(self, schema: dict[str, JsonValue]) -> None:
        """Compile or raise SchemaRefused; nothing is fetched, `format` is asserted."""
        self.schema = schema
        try:
            self._compiled = jsonschema_rs.Draft202012Validator(
                schema, offline=True, pattern_options=_PATTERNS, validate_formats=True, ignore_unknown_formats=False
            )
        except jsonschema_rs.ValidationError as error:
            raise SchemaRefused(_first_line(error), place=tuple(error.instance_path)) from error
        except (jsonschema_rs.ReferencingError, ValueError) as error:
            raise SchemaRefused(_first_line(error)) from error

    def fits(self, value: JsonValue) -> bool:
        """Tell whether a value fits; the fast path."""
        return self._compiled.is_valid(value)

    def misfits(self, value: JsonValue, *, limit: int = 8) -> tuple[Misfit, ...]:
        """Return what does not fit, at most `limit` places."""
        found: list[Misfit] = []
        for error in self._compiled.iter_errors(value):
            place = tuple(error.instance_path)
            pointer = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in place)
            found.append(Misfit(pointer=pointer, place=place, keyword=error.kind.name, message=_first_line(error)))
            if len(found) == limit:
                break
        return tuple(found)


def _first_line(error: Exception) -> str:
    """Return a bounded sentence; the library repeats whole values in its texts."""
    text = getattr(error, "message", None) or str(error)
    line = str(text).strip().splitlines()[0] if str(text).strip() else type(error).__name__
    return line if len(line) <= 300 else line[:300] + "…"
