"""The program `attune-executor`: reads its arguments, takes its state, clears up after its last life, then serves.

Builds everything in one place; `executor` runs it. Exit codes: 0 stopped as asked, 2 bad arguments, 3 cannot serve (the line on stderr
says why and what to look at).
"""

import argparse
import gc
import os
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

from attune_agent.executor import places as place
from attune_agent.executor.answering import Answering
from attune_agent.executor.attempt import now
from attune_agent.executor.commit import GroupCommit
from attune_agent.executor.confine import NotConfined, adopt_orphans, conceal, out_of_memory_score
from attune_agent.executor.connections import Connections
from attune_agent.executor.executor import Executor, KeepersFailed
from attune_agent.executor.fields import FieldWrong
from attune_agent.executor.hosting import Hosting
from attune_agent.executor.identities import DEFAULT_UIDS, Identities, UidsUnusable, choose_identities
from attune_agent.executor.journal import Journal, JournalBroken, JournalFull, JournalUnreadable
from attune_agent.executor.ledger import Ledger
from attune_agent.executor.leftovers import LeftoversRemain, boot_id, kill_leftovers, settle_unended
from attune_agent.executor.log_retention import DEFAULT_LIMIT, LogRetention
from attune_agent.executor.protocol import PROTOCOL, SOCKET_NAME, Greeting
from attune_agent.executor.slots import Slot
from attune_agent.executor.speech import say
from attune_agent.executor.starting import Starting

_STOPPED = (
    place.PlaceUnusable,
    UidsUnusable,
    JournalUnreadable,
    JournalFull,
    JournalBroken,
    LeftoversRemain,
    KeepersFailed,
    NotConfined,
    FieldWrong,
    OSError,
)
_KEEPERS_LIMIT = 30.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the executor until it is stopped."""
    options = _parser().parse_args(arguments)
    where = place.Places(*(Path(path).absolute() for path in (options.state, options.run, options.logs, options.environments)))
    os.umask(0o027)
    try:
        _run(where, options.slots, choose_identities(options.uids, options.agent_uid, options.slots), options.logs_limit)
    except _STOPPED as error:
        say(f"stopped: {error}")
        sys.exit(3)


def _run(where: place.Places, slots: int, identities: Identities, logs_limit: int) -> None:
    conceal()
    adopt_orphans()
    out_of_memory_score(-500)
    lock = place.lock_state(where)
    place.prepare(where, identities, slots)
    ledger = Ledger()
    journal = Journal(where.journal, ledger.restated)
    for record in journal.read():
        ledger.apply(record)
    kill_leftovers(ledger, identities, where, slots)
    greeting = _greeting(where, identities, slots)
    ledger.apply({"t": "life", "life": greeting["life"], "boot": boot_id()})
    journal.begin_segment()
    connections, commit = Connections(identities), GroupCommit(journal, ledger)
    hosting = Hosting(
        [Slot(number, identities.of_slot(number), where.of_slot(number)) for number in range(slots + 1)], commit, connections.push
    )
    executor = Executor(commit, hosting, connections, LogRetention(where.logs, logs_limit))
    gc.freeze()  # what is there now stays for ever: the keepers' collectors need not touch, and so copy, it
    executor.await_keepers(_KEEPERS_LIMIT)
    lost = settle_unended(ledger, commit)
    commit.commit(now())
    connections.listen(where.run / SOCKET_NAME)
    say(f"serving {slots} slots, mode {identities.mode}" + (f"; {lost} attempts of the last life are lost" if lost else ""))
    starting = Starting(where, ledger, commit, hosting, greeting["state_id"])
    executor.serve(Answering(greeting, ledger, hosting, starting, commit.loose))
    os.close(lock)


def _greeting(where: place.Places, identities: Identities, slots: int) -> Greeting:
    return {
        "protocol": PROTOCOL,
        "state_id": place.state_id(where),
        "life": secrets.token_hex(16),
        "mode": identities.mode,
        "slots": slots,
        "build": True,
        "inputs_in_memory": place.on_memory(where.work),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="attune-executor", description="Hosts action attempts for attune-agent on this machine.")
    run = parser.add_subparsers(dest="command", required=True, metavar="run").add_parser("run", help="serve until stopped")
    for name, default, what in (
        ("state", "/var/lib/attune-executor", "journal and lock, of the executor alone"),
        ("run", "/run/attune", "socket and private directories of attempts; best on a tmpfs"),
        ("logs", "/var/lib/attune/logs", "logs of attempts"),
        ("environments", "/var/lib/attune/environments", "environments that builds make"),
    ):
        run.add_argument(f"--{name}", default=default, metavar="DIR", help=f"{what} (default {default})")
    run.add_argument("--slots", default=4, type=_slots, metavar="N", help="attempts at the same time, 1 to 256 (default 4)")
    uids = "-".join(map(str, DEFAULT_UIDS))
    run.add_argument("--uids", type=_uids, metavar="FIRST-LAST", help=f"as root: uids for builds (the first) and slots (default {uids})")
    run.add_argument("--agent-uid", type=int, metavar="UID", help="as root: the user that may connect besides root")
    limit = "bytes of all attempts' logs together; the oldest go first"
    run.add_argument("--logs-limit", default=DEFAULT_LIMIT, type=int, metavar="BYTES", help=f"{limit} (default {DEFAULT_LIMIT})")
    return parser


def _slots(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError("a number from 1 to 256 is needed")
    return int(text)


def _uids(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    if not first.isdecimal() or not last.isdecimal():
        raise argparse.ArgumentTypeError("FIRST-LAST is needed, two numbers")
    return int(first), int(last)


if __name__ == "__main__":
    main()
