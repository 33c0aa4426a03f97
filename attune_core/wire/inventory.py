"""What an agent says it holds when a controller that came out of a backup asks: POST /agent/v1/inventory, before the stream is opened.

Asked for by `Welcome.inventory`; written by the agent's `inventory`, read by the controller's `merging`. A session's pages belong together.
"""

from pydantic import Field

from attune_core.wire.assignment import Assign
from attune_core.wire.message import Message

#: Bytes of one page, beyond which the next one begins; one large execution goes alone.
PAGE_BYTES = 1 << 20


class InHand(Message):
    """One execution that is not settled, as it was assigned, and how far it is."""

    assign: Assign
    #: The attempt being made, or made next.
    attempt: int = Field(ge=1)
    #: That attempt has started.
    started: bool = False


class Inventory(Message):
    """One page; the last one is complete, and names the executions whose reports are still to be sent."""

    in_hand: tuple[InHand, ...] = ()
    reported: tuple[str, ...] = ()
    complete: bool = False


class Merged(Message):
    """The controller has stored the page."""
