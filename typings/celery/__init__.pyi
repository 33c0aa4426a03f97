# The part of Celery that the benchmark's peer uses; it is installed for the benchmark only, in an environment of its own.

from collections.abc import Callable
from typing import Generic, ParamSpec

_P = ParamSpec("_P")

class Task(Generic[_P]):
    def delay(self, *args: _P.args, **kwargs: _P.kwargs) -> object: ...

class Configuration:
    def update(self, **settings: object) -> None: ...

class Celery:
    conf: Configuration
    def __init__(self, main: str, *, broker: str) -> None: ...
    def task(self, function: Callable[_P, object]) -> Task[_P]: ...
