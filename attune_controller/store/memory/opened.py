"""What the parts of the memory store share: its tables, until it is closed.

Base of each noun's class in this folder; store.py puts them together.
"""

from attune_controller.store.errors import StoreClosed
from attune_controller.store.memory.tables import Tables


class Opened:
    """Tables that can be closed."""

    def __init__(self) -> None:
        """Begin empty."""
        self._tables: Tables | None = Tables()

    @property
    def tables(self) -> Tables:
        """The tables; `StoreClosed` after the end."""
        if self._tables is None:
            raise StoreClosed
        return self._tables

    async def close(self) -> None:
        """Forget everything."""
        self._tables = None
