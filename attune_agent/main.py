"""The console script `attune-agent`: settings in, one agent until SIGTERM or SIGINT, and any explained error as a message and exit code.

Started by systemd or by hand, as the user `attune`; it starts no process itself. Python loads the program only after the flags are read.
"""

import asyncio
import ctypes
import json
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Coroutine, Sequence
from typing import NoReturn

from attune_agent.executor_flags import executor_flags
from attune_agent.settings import AgentSettings, parse_flags, read_settings
from attune_core.errors import AttuneError
from attune_core.lasting import lasting
from attune_core.safe_text import safe_text

_PR_SET_DUMPABLE = 4
#: Exit codes: 0 after a signal, 2 for a wrong command line (argparse), 3 for what the message explains, 4 for a defect.
_EXPLAINED, _DEFECT = 3, 4
#: Characters kept of where a defect happened.
_WHERE = 16_384


def main(argv: Sequence[str] | None = None) -> None:
    """Run the program to its end."""
    flags = parse_flags(sys.argv[1:] if argv is None else argv)
    os.umask(0o077)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until there is somebody to take it: agent.yaml is read anyway
    _protect_memory()
    try:
        if flags.command == "executor-flags":
            _print_executor_flags(read_settings(flags, os.environ))
        else:
            _run(read_settings(flags, os.environ))
    except AttuneError as error:
        _say(error)
        raise SystemExit(_EXPLAINED) from error
    except BaseExceptionGroup as group:
        explained, rest = group.split(AttuneError)
        if rest is not None or explained is None:
            _own_up(group)
        for one in explained.exceptions if explained else ():
            _say(one)
        raise SystemExit(_EXPLAINED) from group
    except Exception as error:  # noqa: BLE001 - the boundary: everything else is a defect of ours
        _own_up(error)


def _own_up(error: BaseException) -> NoReturn:
    """Say that it is our defect, on one line for people and one of JSON with where it happened, as the program's log has them."""
    where = "".join(traceback.format_exception(error))[-_WHERE:]
    sys.stderr.write("attune-agent: a defect of Attune; please report it with the next line\n")
    sys.stderr.write(json.dumps({"event": "defect", "level": "critical", "code": AttuneError.code, "exception": where}) + "\n")
    raise SystemExit(_DEFECT) from error


def _print_executor_flags(settings: AgentSettings) -> None:
    sys.stdout.write("".join(f"{flag}\n" for flag in executor_flags(settings.host)))


def _run(settings: AgentSettings) -> None:
    # structlog loads rich when it is installed, for terminals: 6 MB that a daemon never uses. None is how Python is told "not there".
    sys.modules.setdefault("rich", None)  # type: ignore[arg-type]  # documented in importlib: it makes the import fail
    with lasting():
        from attune_agent.app import build
        from attune_core.program_log import configure_log

    configure_log(settings.log_level)
    agent = build(settings)
    asyncio.run(_until_signalled(agent.run(), agent.read_host_pause))


async def _until_signalled(work: Coroutine[None, None, None], read_again: Callable[[], None]) -> None:
    """Cancel the work at the first signal; what the executor runs goes on. SIGHUP: look into agent.yaml again."""
    program = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, read_again)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, program.cancel)
    try:
        await program
    except asyncio.CancelledError:
        return


def _protect_memory() -> None:
    """No core dump, and no look into this memory by another process of the same user: secrets pass through it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _say(error: BaseException) -> None:
    hint = f"\n  {safe_text(error.hint)}" if isinstance(error, AttuneError) else ""
    sys.stderr.write(f"attune-agent: {safe_text(str(error))}{hint}\n")


if __name__ == "__main__":
    main()
