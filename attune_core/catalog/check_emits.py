"""Checking `emits`: actions and sensors declare which triggers their programs send events of, and each of them exists.

Called by `load` after actions and sensors; `check_loops` follows the declarations of actions.
"""

from attune_core.catalog.layout import declared
from attune_core.catalog.reading import Reading, ReadProgram
from attune_core.expressions.suggestion import suggestion


def check_emits(reading: Reading) -> None:
    """Look for the trigger behind every declaration."""
    known = declared(reading.layout, "trigger")
    programs: list[ReadProgram] = [*reading.actions.values(), *reading.sensors.values()]
    for program in programs:
        for index, ref in enumerate(program.model.emits):
            if ref.startswith("core."):
                hint = "declare a trigger in a pack"
                message = f"`{ref}` is Attune's own: only the controller makes such events"
                reading.findings.at("ATT195", message, program.document, ("emits", index), hint=hint)
            elif ref not in known:
                reading.findings.at(
                    "ATT150", f"there is no trigger `{ref}`", program.document, ("emits", index), hint=suggestion(ref, known)
                )
