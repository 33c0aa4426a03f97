"""Absence: since when the controller is not heard, kept across lives of the agent, so that restarts do not stretch `offline_limit`.

Read once by `app` for `contact`, written when a session begins or ends and every few minutes between. It is a hint in a small file:
without it the count begins anew.
"""

import json
import os
from pathlib import Path

import structlog

from attune_core.ports import Clock

_log = structlog.get_logger(__name__)


class Absence:
    """The file."""

    def __init__(self, place: Path, boot_id: str, clock: Clock) -> None:
        """Take where it is and which boot of the host this is."""
        self._place, self._boot_id, self._clock = place, boot_id, clock

    def silence(self) -> float:
        """Return for how many seconds the controller had not been heard when this life began.

        Boot time within one boot, which nobody can set; across boots the wall clock, which may be wrong: never less than nothing.
        """
        try:
            found = json.loads(self._place.read_bytes())
            same, heard, wall = found["boot"] == self._boot_id, float(found["heard"]), float(found["wall"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0.0
        return max(self._clock.monotonic() - heard if same else self._clock.now() - wall, 0.0)

    def note(self, silent: float) -> None:
        """Write down that the controller was heard so many seconds ago."""
        said = {"boot": self._boot_id, "heard": self._clock.monotonic() - silent, "wall": self._clock.now() - silent}
        new = self._place.with_suffix(".new")
        try:
            with new.open("w", encoding="ascii") as file:
                file.write(json.dumps(said))
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._place)
        except OSError as error:  # a full disk: the count is a little off after the next start
            _log.warning("the controller's absence is not on disk", error=str(error))
