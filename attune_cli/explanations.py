"""Explanations: what `attune explain` knows of every code, outcome and reason; the table is made by `make generate`.

Read from explanations.json beside this module and from nothing else, so that explaining an error of the agent needs no agent.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from attune_cli.errors import NothingToExplain
from attune_core.expressions.suggestion import suggestion
from attune_core.values import JsonObject

TABLE = Path(__file__).with_suffix(".json")


class Kind(StrEnum):
    """What is explained."""

    PROBLEM = "problem"
    ERROR = "error"
    OUTCOME = "outcome"
    REASON = "reason"
    DEAD_LETTER = "dead letter"


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """One entry; `severity` is a Problem's, `acts` says who has to act on an error, `before` and `after` are an example."""

    name: str
    kind: Kind
    cause: str
    title: str | None = None
    remedy: str | None = None
    severity: str | None = None
    acts: str | None = None
    before: str | None = None
    after: str | None = None

    def document(self) -> JsonObject:
        """Return it as a plain document, without what it does not have."""
        return {key: value for key, value in asdict(self).items() if value is not None}


def all_explanations() -> Mapping[str, Explanation]:
    """Return the table by name."""
    entries = [Explanation(**entry | {"kind": Kind(entry["kind"])}) for entry in json.loads(TABLE.read_text(encoding="utf-8"))]
    return {entry.name: entry for entry in entries}


def explanation_of(asked: str) -> Explanation:
    """Return what a code, outcome or reason means; `NothingToExplain` says what may have been meant."""
    table = all_explanations()
    wanted = asked.strip()
    for name in (wanted.upper(), f"ATT{wanted}", wanted.lower().replace("-", "_")):
        if name in table:
            return table[name]
    near = suggestion(wanted.upper() if wanted[:1] in "aA" and wanted[1:2] in "tT" else wanted.lower(), table) or ""
    hint = near if near.startswith("did you mean") else None
    raise NothingToExplain(f"there is no code, outcome or reason {asked[:80]!r}", hint=hint)
