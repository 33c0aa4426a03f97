"""The desk: questions to the controller, asked in threads of their own so that the screen never waits; answers come to the event loop.

Called by the app. The threads are daemons: a question that is still open does not hold up the end of the program.
"""

import threading
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import TypeVar

from attune_cli.dashboard.around import Post
from attune_cli.dashboard.reading import Asks
from attune_core.errors import AttuneError

Found = TypeVar("Found")
#: Two, so that one slow answer (a log is asked of its agent) does not hold up everything.
THREADS = 2


class Desk:
    """A few threads that ask, one question each at a time."""

    def __init__(self, asks: Asks, post: Post, broken: Callable[[Exception], None]) -> None:
        """Take who is asked, and where answers go; `broken` is told of what is no refusal but a mistake in this program."""
        self._asks, self._post, self._broken = asks, post, broken
        self._questions: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def start(self) -> None:
        """Begin to ask."""
        for _ in range(THREADS):
            threading.Thread(target=self._work, daemon=True).start()

    def ask(self, question: Callable[[Asks], Found], then: Callable[[Found], None], failed: Callable[[AttuneError], None]) -> None:
        """Ask when a thread is free."""
        self._questions.put(partial(self._ask, question, then, failed))

    def apart(self, work: Callable[[Asks, Post], None]) -> None:
        """Do something that takes long in a thread of its own."""
        threading.Thread(target=self._guarded, args=(partial(work, self._asks, self._post),), daemon=True).start()

    def _work(self) -> None:
        while True:
            self._guarded(self._questions.get())

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - it ends the program, on the event loop
            self._post(partial(self._broken, error))

    def _ask(self, question: Callable[[Asks], Found], then: Callable[[Found], None], failed: Callable[[AttuneError], None]) -> None:
        try:
            found = question(self._asks)
        except AttuneError as error:
            self._post(partial(failed, error))
        else:
            self._post(partial(then, found))
