# What the fuzzing of tests/fuzz uses of atheris 3, which has no stubs.
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

def instrument_imports(include: Sequence[str] = ...) -> AbstractContextManager[None]: ...
def Setup(args: Sequence[str], test_one_input: Callable[[bytes], None]) -> list[str]: ...  # noqa: N802 - the library's own name
def Fuzz() -> None: ...  # noqa: N802 - the same
