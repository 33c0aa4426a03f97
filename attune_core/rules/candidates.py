"""Candidates: the rules that an event could fire, the one place where they are chosen; pure.

Called by `firing` for each event; every rule on the trigger that is not returned here is known not to match.
"""

from collections.abc import Sequence

from attune_core.catalog.catalog import Catalog, Rule
from attune_core.values import JsonObject


def rules_for(catalog: Catalog, event_type: str, activation: JsonObject) -> Sequence[Rule]:
    """Return the enabled rules on a trigger that may match these variables, in the order of their references."""
    index = catalog.indexes.get(event_type)
    return () if index is None else index.candidates(activation)
