"""What can be wrong with an Input that fits its parameters: the format in which the action wants it cannot say it (ATT252).

Raised by `writing` and the formats; the controller and the agent make `rejected(input_invalid)` of it.
"""

from attune_core.errors import AttuneError, Blame


class InputUnwritable(AttuneError):
    """A value of the Input cannot be written in the format that the action declares."""

    code, blame = "ATT252", Blame.AUTHOR
    remedy = "correct the value that the message names, or declare `input: {format: json}`, which takes every value"
