"""Pairs: `NAME=VALUE` arguments; used by every command that takes labels, inputs or settings."""

from collections.abc import Sequence

from attune_cli.errors import BadArgument


def read_pairs(texts: Sequence[str] | None, option: str, form: str = "NAME=VALUE") -> dict[str, str]:
    """Return names and values in order; `BadArgument` names the option that has something else."""
    pairs: dict[str, str] = {}
    for text in texts or ():
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise BadArgument(f"{option} takes {form}, not {text!r}")
        pairs[name] = value
    return pairs
