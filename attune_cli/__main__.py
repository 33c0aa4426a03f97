"""The console script `attune`, and `python -m attune_cli`: decides what signals mean before anything that takes time is imported.

Calls `main`. Ctrl-C while the program is still loading ends it like any program that knows nothing of it; while a command runs it is an
interrupt. A terminal that goes away (SIGHUP) and SIGTERM unwind the command, so that what it started and wrote for itself goes with it.
"""

import signal
from types import FrameType

_ENDINGS = (signal.SIGTERM, signal.SIGHUP)


def main() -> None:
    """Run one command."""
    interruptible = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # a shell's `&` ignores it, and so do we then
    if interruptible:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from attune_cli.main import main as run

    try:
        for number in _ENDINGS:
            if signal.getsignal(number) is signal.SIG_DFL:  # `nohup` ignores SIGHUP
                signal.signal(number, _end)
        if interruptible:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        run()
    finally:
        if interruptible:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # while the interpreter goes down, too


def _end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a handler
    for one in _ENDINGS:
        signal.signal(one, signal.SIG_IGN)  # one is enough: what unwinds is not to be interrupted
    raise SystemExit(128 + number)


if __name__ == "__main__":
    main()
