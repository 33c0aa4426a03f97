"""Findings: what a check says of one thing, with the command that mends it.

Made by `judging` as judgements without a code, given their check's code by `table`, printed by attune_cli.render.doctor.
"""

from dataclasses import dataclass
from enum import StrEnum

#: Why a check of what somebody answers is skipped; `tcp.reached` says what is wrong.
UNREACHED = "it cannot be reached"


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What a fact means; `about` is what it is a fact of, `remedy` a command where there is one."""

    level: Level
    about: str
    message: str
    remedy: str = ""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A judgement with its check's code, which stays the same, and the program that it concerns."""

    code: str
    program: str
    judgement: Judgement


@dataclass(frozen=True, kw_only=True)
class Unseen:
    """What could not be looked at, and why; its remedy is a way to see it."""

    program: str
    about: str
    why: str
    remedy: str = ""


def ok(about: str, message: str) -> Judgement:
    """Return that it is as it should be."""
    return Judgement(level=Level.OK, about=about, message=message)


def warning(about: str, message: str, remedy: str) -> Judgement:
    """Return that it works, and may not for long or not for everything."""
    return Judgement(level=Level.WARNING, about=about, message=message, remedy=remedy)


def error(about: str, message: str, remedy: str) -> Judgement:
    """Return that something does not work because of it."""
    return Judgement(level=Level.ERROR, about=about, message=message, remedy=remedy)


def skipped(about: str, why: str, remedy: str = "") -> Judgement:
    """Return why nothing can be said of it."""
    return Judgement(level=Level.SKIPPED, about=about, message=why, remedy=remedy)
