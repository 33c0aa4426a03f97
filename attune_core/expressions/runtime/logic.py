"""`&&`, `||`, `!` and `?:` with CEL's absorption of errors: one term that decides makes up for others that fail.

Called by `lower`. Source: the CEL language definition, "Logical Operators".
"""

from attune_core.expressions.errors import ExpressionFailed, ExpressionTooCostly
from attune_core.expressions.runtime.frame import Frame, Operand, Run
from attune_core.expressions.runtime.value import Value, kind_of


def chain(operator: str, terms: tuple[Operand, ...]) -> Run:
    """Return the closure of `a && b && c` (decided by the first false) or `a || b || c` (by the first true)."""
    decides = operator == "||"
    runs = tuple((term.run, term) for term in terms)

    def run(frame: Frame) -> bool:
        failure: ExpressionFailed | None = None
        try:
            for evaluate, term in runs:
                try:
                    value = evaluate(frame)
                except ExpressionFailed as error:
                    if isinstance(error, ExpressionTooCostly):
                        raise
                    failure = failure or error
                    continue
                if value is decides:
                    return decides
                if type(value) is not bool:
                    failure = failure or not_bool(f"'{operator}'", term, value)
            if failure is not None:
                raise failure
            return not decides
        finally:
            #: A failure holds this frame through its traceback; without this the two would wait for the garbage collector.
            failure = None

    return run


def not_bool(where: str, term: Operand, value: Value) -> ExpressionFailed:
    """Make the failure of a condition that is none."""
    return ExpressionFailed(f"{where} takes bool, but {term.spot.text()} is {kind_of(value)}").at(term.spot.start, term.spot.end, None)


def inversion(operand: Operand) -> Run:
    """Return the closure of `!a`."""
    before = operand.run

    def run(frame: Frame) -> bool:
        value = before(frame)
        if type(value) is bool:
            return not value
        raise not_bool("'!'", operand, value)

    return run


def conditional(test: Operand, yes: Operand, no: Operand) -> Run:
    """Return the closure of `test ? yes : no`; only the chosen side is evaluated."""
    decide, first, second = test.run, yes.run, no.run

    def run(frame: Frame) -> Value:
        value = decide(frame)
        if value is True:
            return first(frame)
        if value is False:
            return second(frame)
        raise not_bool("'?'", test, value)

    return run
