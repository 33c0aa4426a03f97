"""The app: Textual's program around the screens; it holds the picture, lets time pass five times a second, and opens places.

Made by `composition`; screens see it as Around. Whatever the rate of changes, a screen draws at most at each tick.
"""

import time
from collections.abc import Callable
from typing import TypeVar
from uuid import uuid4

from textual.app import App
from textual.binding import Binding

from attune_cli.dashboard import model
from attune_cli.dashboard.around import Post
from attune_cli.dashboard.desk import Desk
from attune_cli.dashboard.feed import Feed
from attune_cli.dashboard.keys import Key
from attune_cli.dashboard.model import Picture
from attune_cli.dashboard.orders import Unanswered
from attune_cli.dashboard.places import Listed, Logs, Place, Thing, Why
from attune_cli.dashboard.reading import Asks
from attune_cli.dashboard.screens.keys_page import KeysScreen
from attune_cli.dashboard.screens.listing import ListScreen
from attune_cli.dashboard.screens.logs import LogsScreen
from attune_cli.dashboard.screens.looking import LookingScreen
from attune_cli.dashboard.screens.overview import OverviewScreen
from attune_cli.dashboard.screens.thing import ThingScreen
from attune_cli.dashboard.screens.why import WhyScreen
from attune_core.errors import AttuneError
from attune_core.wire.overview import OverviewView

Found = TypeVar("Found")

#: Seconds between two ticks; between two readings while things change, while nothing does, and while nobody answers.
TICK, BUSY, QUIET, LOST = 0.2, 1.0, 10.0, 2.0
#: Screens that can lie above each other; the lowest but the first goes when there are more.
DEEPEST = 20


class Dashboard(App[None]):
    """The running dashboard."""

    ENABLE_COMMAND_PALETTE = False
    BINDINGS = [Binding("ctrl+c", "interrupt", show=False, priority=True)]  # noqa: RUF012 - Textual's own way to say bindings
    CSS = "Screen { background: ansi_default; color: ansi_default; }"

    def __init__(self, asks: Asks, feed: Feed, picture: Picture, *, clock: Callable[[], float] = time.time) -> None:
        """Take who is asked, who tells of changes, and what is known at first."""
        super().__init__(ansi_color=True)
        self._desk = Desk(asks, self.call_later, self.broken_by)
        self._feed, self._picture, self._clock = feed, picture, clock
        self._read_at = 0.0
        self._reading = False
        self._touched: frozenset[str] = frozenset()
        self.unanswered = Unanswered(make_key=lambda: str(uuid4()))
        self.broken: Exception | None = None
        self.interrupted = False

    @property
    def picture(self) -> Picture:
        """What is known of the controller."""
        return self._picture

    def now(self) -> float:
        """Return the wall clock."""
        return self._clock()

    def on_mount(self) -> None:
        """Begin."""
        self._desk.start()
        self._desk.apart(lambda _asks, _post: self._feed.follow())
        self.push_screen(OverviewScreen(self))
        self.set_interval(TICK, self.tick)

    # Time.

    def tick(self) -> None:
        """Take what the feed brought, read again what that makes old, and draw."""
        now = self._clock()
        brought = self._feed.take()
        self._picture = model.folded(self._picture, brought)
        if brought.lost is not None:
            self._lose(brought.lost)
        self._touched |= brought.kinds
        self._read_when_due(now)
        if isinstance(screen := self.screen, LookingScreen):
            screen.told(brought.executions)
            screen.redraw()

    def _read_when_due(self, now: float) -> None:
        pause = LOST if self._picture.lost else BUSY if self._touched else QUIET
        if self._reading or 0 <= now - self._read_at < pause:
            return
        touched, self._touched = self._touched, frozenset()
        self._reading, self._read_at = True, now
        self._desk.ask(lambda asks: asks.get("/v1/overview", OverviewView), self._see, self._fail)
        if touched and isinstance(screen := self.screen, LookingScreen):
            screen.changed(touched)

    def _see(self, overview: OverviewView) -> None:
        if self._picture.lost:  # what other screens show may be old as well
            self._touched |= {"reset"}
        self._reading = False
        self._picture = model.seen(self._picture, overview, self._clock())

    def _fail(self, error: AttuneError) -> None:
        self._reading = False
        self._lose(error)

    def _lose(self, error: AttuneError) -> None:
        self._picture = model.lost(self._picture, error, self._clock())

    # What screens ask for.

    def ask(self, question: Callable[[Asks], Found], then: Callable[[Found], None], failed: Callable[[AttuneError], None]) -> None:
        """Ask in a thread."""
        self._desk.ask(question, then, failed)

    def apart(self, work: Callable[[Asks, Post], None]) -> None:
        """Do something in a thread of its own."""
        self._desk.apart(work)

    def tell(self, notice: str, *, good: bool) -> None:
        """Say something in the footer."""
        self._picture = model.told(self._picture, notice, self._clock(), good=good)

    def read_again(self) -> None:
        """Read everything again, at the next tick."""
        self._touched |= {"reset"}
        self._read_at = 0.0

    def go(self, place: Place) -> None:
        """Show a place above what is seen; the overview is always the lowest."""
        if place == "overview" or isinstance(place, Listed):
            while len(self.screen_stack) > 2:
                self.pop_screen()
        if place == "overview":
            return
        if len(self.screen_stack) > DEEPEST:
            self.pop_screen()
        self.push_screen(self._screen_of(place))

    def _screen_of(self, place: Thing | Listed | Logs | Why) -> LookingScreen:
        match place:
            case Listed():
                return ListScreen(self, place)
            case Thing():
                return ThingScreen(self, place)
            case Logs(execution=execution):
                return LogsScreen(self, execution)
            case Why(thing=thing):
                return WhyScreen(self, thing)

    def leave(self) -> None:
        """Go back, as far as there is something behind."""
        if len(self.screen_stack) > 2:
            self.pop_screen()

    def show_keys(self) -> None:
        """Show the page of keys."""
        keys: tuple[Key, ...] = self.screen.keys if isinstance(self.screen, LookingScreen) else ()
        self.push_screen(KeysScreen(self, keys))

    # Ends.

    def action_interrupt(self) -> None:
        """Ctrl-C ends the dashboard as it ends every command."""
        self.interrupted = True
        self.exit()

    def broken_by(self, error: Exception) -> None:
        """End because of a mistake in this program, which is said after the screen is switched back."""
        self._handle_exception(error)

    def _handle_exception(self, error: Exception) -> None:
        """Keep the first mistake for the command's own boundary, instead of drawing a traceback."""
        if self.broken is None:
            self.broken = error
        self._return_code = 1
        if self._exception is None:  # the pilot of tests raises it
            self._exception = error
            self._exception_event.set()
        self._close_messages_no_wait()
