"""What a bug is: a name, the promise that it breaks, and a change of the real code for the time of a run."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from unittest.mock import patch


@dataclass(frozen=True, kw_only=True)
class Bug:
    """One bug; `breaks` are the codes of promises of which the judge must name one at least, and before anything else."""

    name: str
    breaks: tuple[str, ...]
    #: A kind of fault that is brought about again and again, because the bug shows by nothing else.
    needs: str = ""
    #: It takes some seeds to show, so it is looked for in `make soak` alone.
    rare: bool = False
    injected: Callable[[], AbstractContextManager[object]]


def replaced(*changes: tuple[object, str, object]) -> Callable[[], AbstractContextManager[object]]:
    """Return what puts other objects in the place of attributes and takes them back afterwards."""

    @contextmanager
    def inject() -> Iterator[None]:
        with ExitStack() as stack:
            for owner, attribute, change in changes:
                stack.enter_context(patch.object(owner, attribute, change))
            yield

    return inject
