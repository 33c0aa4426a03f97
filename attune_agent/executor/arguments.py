"""The command line of `attune-executor`, which is all it is told: it reads no YAML. Used by `main` alone.

`attune-agent executor-flags` prints these flags for an agent.yaml; `attune-executor run @FILE` reads them from a file, one a line.
"""

import argparse
import re

from attune_agent.executor.host_bounds import DEFAULT_PROCESSES, default_memory
from attune_agent.executor.identities import DEFAULT_SENSORS, DEFAULT_UIDS
from attune_agent.executor.log_retention import DEFAULT_LIMIT

_ACTION = re.compile(r"[a-z][a-z0-9_]{0,62}\.([a-z][a-z0-9_]{0,62}|\*)", re.ASCII)
_RUN = "/run/attune"


def parser() -> argparse.ArgumentParser:
    """Return the reader of the command line."""
    whole = argparse.ArgumentParser(
        prog="attune-executor", description="Hosts action attempts for attune-agent on this machine.", fromfile_prefix_chars="@"
    )
    commands = whole.add_subparsers(dest="command", required=True, metavar="run | stop")
    _add_run(commands.add_parser("run", help="serve until stopped", fromfile_prefix_chars="@"))
    stop = commands.add_parser("stop", help="have the one that serves start nothing any more, and end when nothing runs")
    stop.add_argument("--run", default=_RUN, metavar="DIR", help=f"its directory (default {_RUN})")
    stop.add_argument("--now", action="store_true", help="end what runs (SIGTERM, after 10 s SIGKILL) instead of waiting for it")
    return whole


def _add_run(run: argparse.ArgumentParser) -> None:
    for name, default, what in (
        ("state", "/var/lib/attune-executor", "journal and lock, of the executor alone"),
        ("run", _RUN, "socket and private directories of attempts; best on a tmpfs"),
        ("logs", "/var/lib/attune/logs", "logs of attempts"),
        ("environments", "/var/lib/attune/environments", "environments that builds make"),
    ):
        run.add_argument(f"--{name}", default=default, metavar="DIR", help=f"{what} (default {default})")
    run.add_argument("--slots", default=4, type=_slots, metavar="N", help="attempts at the same time, 1 to 256 (default 4)")
    room = f"default {DEFAULT_SENSORS}, or as many as --uids has room for"
    run.add_argument("--sensors", type=_sensors, metavar="N", help=f"sensors at the same time, 0 to 256 ({room})")
    uids = "-".join(map(str, DEFAULT_UIDS))
    run.add_argument("--uids", type=_uids, metavar="FIRST-LAST", help=f"as root: uids for builds, slots, sensors (default {uids})")
    run.add_argument("--agent-uid", type=int, metavar="UID", help="as root: the user that may connect besides root")
    run.add_argument(
        "--grant", default=[], action="append", type=_grant, metavar="USER=ACTION,…", help="as root: actions that may run as a user"
    )
    run.add_argument("--privileged", default=[], action="append", metavar="USER", help="programs such as sudo work for that granted user")
    run.add_argument(
        "--memory", default=default_memory(), type=_memory, metavar="BYTES", help="of one attempt (default four fifths of all)"
    )
    most = f"processes and threads of one attempt (default {DEFAULT_PROCESSES})"
    run.add_argument("--processes", default=DEFAULT_PROCESSES, type=_processes, metavar="N", help=most)
    limit = "bytes of all attempts' logs together; the oldest go first"
    run.add_argument("--logs-limit", default=DEFAULT_LIMIT, type=int, metavar="BYTES", help=f"{limit} (default {DEFAULT_LIMIT})")


def _slots(text: str) -> int:
    return _whole(text, 1, 256)


def _sensors(text: str) -> int:
    return _whole(text, 0, 256)


def _memory(text: str) -> int:
    return _whole(text, 16 << 20, 1 << 50)


def _processes(text: str) -> int:
    return _whole(text, 1, 1 << 20)


def _whole(text: str, least: int, most: int) -> int:
    if not text.isdecimal() or not least <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"a number from {least} to {most} is needed")
    return int(text)


def _uids(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    if not first.isdecimal() or not last.isdecimal():
        raise argparse.ArgumentTypeError("FIRST-LAST is needed, two numbers")
    return int(first), int(last)


def _grant(text: str) -> tuple[str, frozenset[str]]:
    user, _, actions = text.partition("=")
    named = frozenset(actions.split(","))
    if not user or not all(map(_ACTION.fullmatch, named)):
        raise argparse.ArgumentTypeError("USER=ACTION,… is needed, each action as pack.name or pack.*")
    return user, named
