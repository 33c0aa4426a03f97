"""Around: what a screen may ask of the program that it is part of; the app is that, and tests see screens only through it.

Called by the screens, which know neither the app nor the desk.
"""

from collections.abc import Callable
from typing import Protocol, TypeAlias, TypeVar

from attune_cli.dashboard.model import Picture
from attune_cli.dashboard.orders import Unanswered
from attune_cli.dashboard.places import Place
from attune_cli.dashboard.reading import Asks
from attune_core.errors import AttuneError

Found = TypeVar("Found")
#: Runs something on the event loop; may be called from any thread.
Post: TypeAlias = Callable[[Callable[[], None]], object]


class Around(Protocol):
    """The app, as screens see it."""

    @property
    def picture(self) -> Picture:
        """What is known of the controller."""
        ...

    def now(self) -> float:
        """Return the wall clock, for ages."""
        ...

    @property
    def unanswered(self) -> Unanswered:
        """Orders whose answer is not there."""
        ...

    def ask(self, question: Callable[[Asks], Found], then: Callable[[Found], None], failed: Callable[[AttuneError], None]) -> None:
        """Ask in a thread; one of the two is called with what came of it, on the event loop."""
        ...

    def apart(self, work: Callable[[Asks, Post], None]) -> None:
        """Do something that takes long in a thread of its own, which posts what it finds to the event loop."""
        ...

    def tell(self, notice: str, *, good: bool) -> None:
        """Say something in the footer for a while."""
        ...

    def go(self, place: Place) -> None:
        """Show a place; the way back leads here."""
        ...

    def leave(self) -> None:
        """Go back to where one came from."""
        ...

    def show_keys(self) -> None:
        """Show the page of keys of the screen that is seen."""
        ...

    def read_again(self) -> None:
        """Read everything again, now."""
        ...
