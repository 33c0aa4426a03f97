"""What can go wrong while an expression runs; raised by compiled programs, shown by whoever evaluates a rule or an input."""

from typing import Self

from attune_core.errors import AttuneError, Blame


class ExpressionFailed(AttuneError):
    """An expression met a value it cannot work with: a missing key, a wrong type, an integer overflow, a division by zero."""

    code, blame = "ATT230", Blame.AUTHOR
    remedy = "test for the value first, for example has(event.data.unit) && ..., or declare it in the trigger's schema"

    #: Where in the source it happened, in characters; None until the failing operation has added its place.
    start: int | None = None
    end: int | None = None

    def at(self, start: int, end: int, text: str | None) -> Self:
        """Add the place of the failing operation, and its text to the message, unless a deeper one already has."""
        if self.start is not None:
            return self
        self.start, self.end = start, end
        if text is not None:
            self.message = f"{self.message} at {text}"
            self.args = (self.message,)
        return self


class ExpressionTooCostly(ExpressionFailed):
    """An expression needed more steps, or built a larger value, than one evaluation may."""

    code, blame = "ATT231", Blame.AUTHOR
    remedy = "work on smaller values: select the field you need instead of the whole event, and shorten lists and patterns"
