"""Story: what happens step by step, with the time it took, and a picture of who ran what; used by the demo."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from attune_cli.render.colours import STYLES, painted
from attune_core.safe_text import safe_text


@dataclass(frozen=True, kw_only=True)
class Branch:
    """One execution in the picture."""

    agent: str
    action: str
    outcome: str
    seconds: float
    result: str


class Story:
    """Numbered steps on stdout; colours only on a terminal."""

    def __init__(self) -> None:
        """Begin to count."""
        self._begun = time.monotonic()
        self._step = 0

    def step(self, title: str) -> None:
        """Begin a step."""
        self._step += 1
        self._write(f"\n{self._step}. {safe_text(title)}", style="bold")

    def say(self, text: str, *, style: str = "") -> None:
        """Add to the step."""
        self._write("   " + safe_text(text), style=style)

    def quote(self, text: str) -> None:
        """Show lines of somebody else's output."""
        for line in safe_text(text, keep_newlines=True).rstrip("\n").split("\n"):
            self._write("   │ " + line, style="dim")

    def picture(self, cause: str, branches: Sequence[Branch]) -> None:
        """Draw what one event made run, and where."""
        self._write(f"   {safe_text(cause)}", style="")
        for place, branch in enumerate(branches):
            joint = "└─▶" if place == len(branches) - 1 else "├─▶"
            line = f"   {joint} {branch.agent:<6} {branch.action:<22} {branch.outcome:<10} {branch.seconds:6.2f} s"
            self._write(f"{safe_text(line)}  {safe_text(branch.result, limit=80)}", style=STYLES.get(branch.outcome, ""))

    def end(self, text: str) -> None:
        """Say the last line, with the time of the whole."""
        self._write(f"\n{safe_text(text)} ({time.monotonic() - self._begun:.0f} s)", style="bold")

    def _write(self, line: str, *, style: str) -> None:
        sys.stdout.write(painted(line, style) + "\n")
        sys.stdout.flush()
