"""Checking `emits`: an action declares which triggers its program sends events of, and each of them exists.

Called by `load` after actions; `check_loops` follows the declarations.
"""

from attune_core.catalog.layout import declared
from attune_core.catalog.reading import Reading
from attune_core.expressions.suggestion import suggestion


def check_emits(reading: Reading) -> None:
    """Look for the trigger behind every declaration."""
    known = declared(reading.layout, "trigger")
    for action in reading.actions.values():
        for index, ref in enumerate(action.model.emits):
            if ref not in known:
                reading.findings.at(
                    "ATT150", f"there is no trigger `{ref}`", action.document, ("emits", index), hint=suggestion(ref, known)
                )
