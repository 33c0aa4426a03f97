"""The controller as a program: limits of the process, its log, signals, and one boundary for what ends it.

Called by `attune controller run` with settings that were read; an AttuneError that ends the controller is raised to the command line,
which explains it and chooses the exit code.
"""

import asyncio
import gc
import os
import resource
import signal
import sys

import structlog

from attune_controller.app import build
from attune_controller.settings import ControllerSettings
from attune_core.errors import AttuneError
from attune_core.ports import SystemClock, SystemRandom
from attune_core.program_log import configure_log

#: Objects made and not gone again after which the youngest are looked through. Each request that waits for its commit holds some hundred;
#: looked at after every 700 they all grew old, and the old ones were gone through again and again.
YOUNG = 10_000
#: Seconds after which a thread that waits for Python's lock is given it. The store's thread takes it some twenty times for many events,
#: and a loop that reads the next batch meanwhile kept it for Python's 5 ms each time.
SWITCH = 0.0005


def run_controller(settings: ControllerSettings) -> int:
    """Run until SIGTERM or SIGINT and return 0; raise the error that ended it otherwise."""
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a dump would hold tokens and inputs
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # every agent holds a connection
    gc.set_threshold(YOUNG)
    sys.setswitchinterval(SWITCH)
    configure_log()
    try:
        asyncio.run(_run(settings))
    except* AttuneError as group:
        error = _first(group)
        structlog.get_logger("controller").error("controller_failed", code=error.code, reason=error.message, remedy=error.hint)
        raise error from group
    return 0


async def _run(settings: ControllerSettings) -> None:
    controller = await build(settings, SystemClock(), SystemRandom())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, controller.stop)
    await controller.run()


def _first(group: BaseExceptionGroup[AttuneError]) -> AttuneError:
    """Return the first error of a group, however deep it lies."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if not isinstance(error, AttuneError):  # `except*` let no other in
        raise TypeError(type(error))
    return error
