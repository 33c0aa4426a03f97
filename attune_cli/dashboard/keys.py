"""Keys: what each does, said once; the footer, the page of keys and the bindings are made from these.

Called by the screens, each of which has a tuple of its own keys beside those that work everywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Key:
    """One key: Textual's name of it, how people call it, a word for the footer, a sentence for the page of keys."""

    key: str
    shown: str
    word: str
    action: str
    meaning: str
    #: It changes something at the controller; a readonly dashboard does not have it.
    changes: bool = False

    @property
    def opens_prompt(self) -> bool:
        """Tell whether what is typed next, however soon, may belong to a prompt."""
        return self.changes or self.action in ("palette", "filter")


UP = Key(key="up,k", shown="↑ k", word="", action="move(-1)", meaning="the row before")
DOWN = Key(key="down,j", shown="↓ j", word="", action="move(1)", meaning="the next row")
PAGE_UP = Key(key="pageup,ctrl+b", shown="PgUp", word="", action="page(-1)", meaning="a screen back")
PAGE_DOWN = Key(key="pagedown,ctrl+f", shown="PgDn", word="", action="page(1)", meaning="a screen on")
HOME = Key(key="home,g", shown="Home g", word="", action="home", meaning="the first row")
END = Key(key="end,G", shown="End G", word="", action="end", meaning="the last row")
OPEN = Key(key="enter", shown="Enter", word="open", action="open", meaning="open what is chosen")
BACK = Key(key="escape,backspace", shown="Esc", word="back", action="back", meaning="back to where you came from")
FILTER = Key(key="slash", shown="/", word="filter", action="filter", meaning="show only what matches; an empty filter shows all")
PALETTE = Key(key="colon", shown=":", word="go", action="palette", meaning="go anywhere: executions failed, agent web1, event 17, …")
HELP = Key(key="question_mark", shown="?", word="keys", action="keys", meaning="this page")
QUIT = Key(key="q", shown="q", word="quit", action="quit_program", meaning="leave the dashboard")
AGAIN = Key(key="ctrl+l", shown="Ctrl-L", word="", action="again", meaning="read again and draw anew")
EXPLAIN = Key(key="e", shown="e", word="explain", action="explain", meaning="say why: why it waits, why it ended so, why nothing fired")
LOGS = Key(key="l", shown="l", word="logs", action="logs", meaning="what the execution writes, as it writes it")
CANCEL = Key(key="c", shown="c", word="cancel", action="order('cancel')", meaning="cancel the execution", changes=True)
RERUN = Key(key="R", shown="R", word="rerun", action="order('rerun')", meaning="run it again as a new execution", changes=True)
PAUSE = Key(key="p", shown="p", word="pause", action="order('pause')", meaning="pause the queue, or let it go on", changes=True)
CORDON = Key(key="o", shown="o", word="cordon", action="order('cordon')", meaning="cordon the agent, or end that", changes=True)
YES = Key(key="y", shown="y", word="", action="answer(True)", meaning="do what is asked about")
NO = Key(key="n", shown="n", word="", action="answer(False)", meaning="leave it")

#: The places with a digit, in the order of the tabs.
TABS = (
    ("1", "overview"),
    ("2", "executions"),
    ("3", "events"),
    ("4", "queues"),
    ("5", "agents"),
    ("6", "rules"),
)
MOVING = (UP, DOWN, PAGE_UP, PAGE_DOWN, HOME, END)
EVERYWHERE = (
    *(Key(key=digit, shown=digit, word="", action=f"go('{word}')", meaning=word) for digit, word in TABS),
    PALETTE,
    HELP,
    AGAIN,
    QUIT,
)


def usable(keys: Sequence[Key], *, readonly: bool) -> tuple[Key, ...]:
    """Return the keys that do something here."""
    return tuple(key for key in keys if not (readonly and key.changes))
