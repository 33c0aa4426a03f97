"""Looking: what all screens have in common: the frame, the prompt for `:` and `/` and notes, orders with their question, moving about.

Each screen of this package is one of these with a body of its own. A screen knows the program only as Around.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from textwrap import wrap

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import Screen
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from attune_cli.dashboard.around import Around
from attune_cli.dashboard.board import Board
from attune_cli.dashboard.keys import EVERYWHERE, NO, YES, Key, usable
from attune_cli.dashboard.orders import Order, order_for
from attune_cli.dashboard.places import KINDS, OFFERED, Listed, Thing, Why, place_of
from attune_cli.dashboard.reading import Asks
from attune_cli.dashboard.spans import Line, Span, Tone, line
from attune_cli.dashboard.views.frame import framed
from attune_cli.dashboard.views.rows import Row
from attune_cli.errors import ControllerUnreachable
from attune_core.errors import AttuneError
from attune_core.values import JsonObject
from attune_core.wire.api import Document
from attune_core.wire.changes import ExecutionChange
from attune_core.wire.queues import QueueContent

#: What the prompt asks for: what stands before it, and an example.
_ASKED = {
    "palette": (":", "executions failed, agent web1, event 17, logs 12"),
    "filter": ("/", "failed, web.restart, agent=web1, or any word"),
    "note": ("why: ", ""),
}


def bindings_of(keys: Sequence[Key]) -> list[BindingType]:
    """Return keys as Textual takes them."""
    return [Binding(key.key, key.action, show=False, priority=key.opens_prompt) for key in keys]


class LookingScreen(Screen[None]):
    """A screen over one board."""

    CSS = """
    LookingScreen { background: ansi_default; }
    #prompt { dock: bottom; height: 1; display: none; }
    #prompt Static { width: auto; padding: 0 0 0 1; background: ansi_default; color: ansi_default; text-style: bold; }
    #prompt Input { width: 1fr; padding: 0; background: ansi_default; color: ansi_default; }
    """
    AUTO_FOCUS = ""
    BINDINGS = bindings_of((*EVERYWHERE, YES, NO))
    KEYS: tuple[Key, ...] = ()
    tab = ""

    def __init__(self, around: Around) -> None:
        """Take what is around it."""
        super().__init__()
        self.around = around
        self.board = Board()
        self._prompt = Input(compact=True)
        self._before = Static(markup=False)
        self._asked = ""
        self._order: Order | None = None

    # What a screen says of itself.

    @property
    def heading(self) -> str:
        """What stands at the right of the tabs."""
        return ""

    def body(self, width: int, height: int) -> Sequence[Line]:
        """Return what is between tabs and footer."""
        raise NotImplementedError

    def read(self) -> None:
        """Ask for what is shown, again."""

    def changed(self, kinds: frozenset[str]) -> None:
        """Take note that something of these kinds changed at the controller."""

    def told(self, changes: Mapping[str, ExecutionChange]) -> None:
        """Take how executions, by their ids, stand since the last tick."""

    def chosen_document(self) -> Row | QueueContent | None:
        """Return what an order would be for."""
        return None

    def chosen_thing(self) -> Thing | None:
        """Return what would be opened or explained."""
        return None

    @property
    def keys(self) -> tuple[Key, ...]:
        """The keys that do something here."""
        return usable(tuple(dict.fromkeys([*self.KEYS, *EVERYWHERE])), readonly=self.around.picture.readonly)

    # Drawing.

    def compose(self) -> ComposeResult:
        """Put the board and the prompt up."""
        yield self.board
        with Horizontal(id="prompt"):
            yield self._before
            yield self._prompt

    def on_mount(self) -> None:
        """Begin to ask and to draw."""
        self.read()
        self.call_after_refresh(self.redraw)

    def on_screen_resume(self) -> None:
        """Be up to date when one comes back."""
        self.redraw()

    def on_resize(self) -> None:
        """Draw for the room that there is now."""
        self.call_after_refresh(self.redraw)

    def redraw(self) -> None:
        """Draw what is known now; the board finds out what is new of it."""
        size = self.board.size
        if size.width and size.height:
            around = self.around
            lines = framed(
                around.picture,
                self._body,
                tab=self.tab,
                title=self.heading,
                keys=self.keys,
                size=(size.width, size.height),
                now=around.now(),
            )
            self.board.show(lines)

    def _body(self, width: int, height: int) -> Sequence[Line]:
        if self._order is None:
            return self.body(width, height)
        question = _question(self._order, width)
        room = height - len(question)
        above = list(self.body(width, room))[:room]
        return [*above, *[()] * (room - len(above)), *question]

    # The prompt.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - the signature is Textual's
        """Let keys that open the prompt be text while it is open."""
        return not (self._asked and action in ("palette", "filter", "order"))

    def action_palette(self) -> None:
        """Ask where to go."""
        self._open_prompt("palette")

    def action_filter(self) -> None:
        """Ask what to show."""
        self._open_prompt("filter", self.filter_text)

    @property
    def filter_text(self) -> str:
        """What is filtered by now."""
        return ""

    def filter_by(self, text: str) -> None:
        """Show what matches; a screen that has nothing to filter opens the list of executions instead."""
        self.around.go(Listed(kind="execution", filter=text))

    def _open_prompt(self, asked: str, value: str = "") -> None:
        before, example = _ASKED[asked]
        self._asked = asked
        self._before.update(before)
        self._prompt.placeholder, self._prompt.value = example, value
        self._prompt.suggester = SuggestFromList(OFFERED, case_sensitive=True) if asked == "palette" else None
        self.query_one("#prompt").display = True
        self.set_focus(self._prompt)  # at once: what is typed on belongs to it

    def _close_prompt(self) -> None:
        self._asked = ""
        self.query_one("#prompt").display = False
        self.set_focus(None)
        self.call_after_refresh(self.redraw)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Do what was typed."""
        asked, text = self._asked, event.value.strip()
        if asked == "note":
            self._say_yes(text)
            return
        self._close_prompt()
        if asked == "filter":
            self.filter_by(text)
        elif text in ("q", "quit"):
            self.action_quit_program()
        elif (place := place_of(text)) == "overview":
            self.around.go("overview")
        elif isinstance(place, str):
            self.around.tell(place, good=False)
        else:
            self.around.go(place)
        self.redraw()

    # Orders.

    def action_order(self, word: str) -> None:
        """Ask whether that is to be done."""
        if self.around.picture.readonly:
            self.around.tell("this dashboard is read only: start it without --readonly to change something", good=False)
        elif isinstance(found := order_for(word, self.chosen_document()), str):
            self.around.tell(found, good=False)
        else:
            self._order = found
            if found.note:
                self._open_prompt("note")
        self.redraw()

    def action_answer(self, yes: bool) -> None:  # noqa: FBT001 - Textual passes what a binding says by position
        """Do what was asked about, or leave it."""
        if self._order is None:
            return
        if yes:
            self._say_yes("")
        else:
            self._order = None
            self.redraw()

    def _say_yes(self, note: str) -> None:
        order = self._order
        if order is None:
            return
        if order.note == "must" and not note:
            self.around.tell("say why in a few words: everyone who looks at it sees them", good=False)
            self.redraw()
            return
        self._order = None
        self._close_prompt()

        unanswered = self.around.unanswered

        def done(_: None) -> None:
            unanswered.answered(order)
            self.around.tell(order.done, good=True)
            self.around.read_again()

        def failed(error: AttuneError) -> None:
            if not isinstance(error, ControllerUnreachable):
                unanswered.answered(order)
            self._refused(error)

        self.around.ask(partial(_send, requests=order.with_note(note), key=unanswered.key_of(order, self.around.now())), done, failed)

    def _refused(self, error: AttuneError) -> None:
        self.around.tell(f"{error.message}; what to do: {error.hint}", good=False)
        self.redraw()

    # Moving about.

    def action_back(self) -> None:
        """Leave the prompt, else the question, else this screen."""
        if self._asked or self._order:
            self._order = None
            self._close_prompt()
        else:
            self.around.leave()

    def action_go(self, word: str) -> None:
        """Open the tab of that name."""
        self.around.go("overview" if word == "overview" else Listed(kind=next(kind for kind in KINDS if word == f"{kind}s")))

    def action_open(self) -> None:
        """Open what is chosen."""
        if thing := self.chosen_thing():
            self.around.go(thing)

    def action_explain(self) -> None:
        """Say why what is chosen is as it is."""
        self.explain(self.chosen_thing())

    def explain(self, thing: Thing | None) -> None:
        """Say why something is as it is."""
        if thing is not None and thing.kind in ("execution", "event", "agent"):
            self.around.go(Why(thing=thing))
        else:
            self.around.tell("choose an execution, an event or an agent first: these can be explained", good=False)

    def action_keys(self) -> None:
        """Show the page of keys."""
        self.around.show_keys()

    def action_again(self) -> None:
        """Read and draw everything anew."""
        self.around.read_again()
        self.refresh(layout=True)

    def action_quit_program(self) -> None:
        """Leave the dashboard."""
        self.app.exit()


def _send(asks: Asks, requests: Sequence[tuple[str, JsonObject]], key: str) -> None:
    for number, (path, body) in enumerate(requests):
        asks.post(path, body, Document, key=f"{key}.{number}")


def _question(order: Order, width: int) -> list[Line]:
    answer = "Enter: do it · Esc: leave it" if order.note else "y: do it · n or Esc: leave it"
    wish = {"": "", "may": " · a note may be given below", "must": " · say why, below"}[order.note]
    return [
        line("─" * width, Tone.QUIET),
        (Span(" "), Span(order.question, Tone.STRONG)),
        *((Span(" "), Span(text)) for text in wrap(order.consequence, width - 2)[:3]),
        (Span(" "), Span(answer + wish, Tone.ODD)),
    ]
