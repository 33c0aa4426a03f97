"""Failpoints: the named moments between two steps at which a test may have a program killed, as a crash would at that very moment.

Called by controller, agent, executor and keepers wherever FAILPOINTS says; armed by tests/faults. Of the standard library alone, because
the executor imports it. Nothing happens unless the environment named the failpoint when the program started (ATTUNE_FAILPOINT, names with
commas or `*`) and, at that moment, the file ATTUNE_FAILPOINT_SWITCH holds that name and has not fired yet: a variable that is left over
somewhere kills nothing, nor does a file.
"""

import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

NAMES, SWITCH = "ATTUNE_FAILPOINT", "ATTUNE_FAILPOINT_SWITCH"

#: Every failpoint: what has happened and what has not when the program is killed there (reliability.md 2.1).
FAILPOINTS: Mapping[str, str] = {
    "c1": "controller: an event's body was read; nothing of it is stored",
    "c2": "controller: an event is stored; its sender was not answered",
    "c3": "controller: its sender was answered; no rule has seen the event",
    "c4": "controller: in the transaction of a plan, after one of its executions",
    "c5": "controller: lines were given to an agent's stream; it has acknowledged none of them",
    "c6": "controller: an agent acknowledged what it has; that is not recorded",
    "c7": "controller: an agent's reports were read; nothing of them is stored",
    "c8": "controller: an agent's reports are stored; the agent was not answered",
    "c9": "controller: git has fetched; what it brought was not looked at",
    "c10": "controller: a revision's packs are stored; the old one is still active",
    "c11": "controller: in the transaction of a migration of its store",
    "c12": "controller: in a backup, after the copy of the store and before everything else",
    "a1": "agent: assignments came; nothing of them is stored",
    "a2": "agent: assignments are stored; they were not acknowledged",
    "a3": "agent: an environment is installed and checked; it is not marked READY",
    "a4": "agent: it is stored which executor prepares an attempt; it was not told to begin",
    "a5": "executor: a start is recorded; the keeper has prepared it and was not told to begin",
    "a6": "keeper: the action's process was begun; nobody was told",
    "a7": "agent: an attempt runs and is waited for",
    "a8": "executor: an attempt has ended; its end is not recorded",
    "a9": "executor: an end is recorded; the agent was not told",
    "a10": "agent: reports are stored at the controller; here they still count as not sent",
    "a11": "keeper: in the rotation of a log, between its file and its index",
    "a12": "agent: an environment that goes is no longer READY; its tree is still there",
    "a13": "agent: an attempt that an earlier life had started is about to be taken up again",
    "a14": "agent: it was told an end; nothing of it is stored",
    "a15": "agent: an outcome is stored; the executor still holds it",
    "a16": "keeper: an attempt is prepared; the word to begin has not come",
    "a17": "keeper: an end was told to the executor; the attempt's files are still there",
    "a18": "executor: a keeper is told to prepare; the start is not recorded",
    "a19": "agent: an executor was asked to prepare an attempt; which one need not be stored",
    "s1": "agent: a sensor's run is stored; the executor was not asked for it",
    "s2": "agent: a sensor that an earlier life had started is about to be taken up again",
    "s3": "agent: it was told that a sensor has ended; nothing of it is stored",
    "s4": "agent: how much a sensor printed is stored; the executor still holds its end",
    "s5": "agent: what of a sensor is done with is stored; its spool is not trimmed",
    "s6": "agent: a sensor's run is forgotten; its spool is still there",
}


def _armed(environment: Mapping[str, str]) -> Callable[[str], None] | None:
    """Return what kills this program at the failpoints that the environment names; None when it names none."""
    named = frozenset(filter(None, environment.get(NAMES, "").split(",")))
    switch = environment.get(SWITCH, "")
    return _Killer(named, Path(switch)) if named and switch else None


class _Killer:
    def __init__(self, named: frozenset[str], switch: Path) -> None:
        self._named, self._switch = named, switch
        self._armed_at, self._passed = 0, 0

    def __call__(self, name: str) -> None:
        """Kill this program if the switch names this failpoint; `NAME:k` waits for the k-th time from then on."""
        if name not in self._named and "*" not in self._named:
            return
        try:
            wanted, _, times = self._switch.read_text(encoding="ascii").strip().partition(":")
            armed_at = self._switch.stat().st_mtime_ns
        except OSError:
            return
        if wanted != name:
            return
        self._passed = self._passed + 1 if armed_at == self._armed_at else 1
        self._armed_at = armed_at
        if self._passed < int(times or 1):
            return
        try:
            self._switch.unlink()
        except FileNotFoundError:
            return  # another process has fired
        os.kill(os.getpid(), signal.SIGKILL)


#: What a failpoint does; None: nothing, which costs one look. A simulation puts its own there.
hit: Callable[[str], None] | None = _armed(os.environ)


def failpoint(name: str) -> None:
    """Say that this moment is reached."""
    if hit is not None:
        hit(name)
