"""The program `attune-executor`: takes its state, clears up after its last life, then serves; or tells another that serves to stop.

Builds everything in one place; `executor` runs it. Exit codes: 0 stopped as asked, 2 bad arguments, 3 cannot serve (the line on stderr
says why and what to look at).
"""

import argparse
import gc
import os
import secrets
import sys
from collections.abc import Sequence
from math import inf
from pathlib import Path

from attune_agent.executor import places as place
from attune_agent.executor.answering import Answering
from attune_agent.executor.arguments import parser
from attune_agent.executor.attempt import now
from attune_agent.executor.cgroups import Groups, find_groups
from attune_agent.executor.commit import GroupCommit
from attune_agent.executor.confine import Identity, NotConfined, OutOfMemoryScore, adopt_orphans, bound_files, conceal
from attune_agent.executor.connections import Connections
from attune_agent.executor.executor import Executor, KeepersFailed
from attune_agent.executor.fields import FieldWrong
from attune_agent.executor.grants import read_grants
from attune_agent.executor.host_bounds import HostBounds
from attune_agent.executor.hosting import Hosting
from attune_agent.executor.identities import Identities, UidsUnusable, choose_identities
from attune_agent.executor.journal import Journal, JournalBroken, JournalFull, JournalUnreadable
from attune_agent.executor.ledger import Ledger
from attune_agent.executor.leftovers import LeftoversRemain, boot_id, kill_leftovers, settle_unended
from attune_agent.executor.log_retention import LogRetention
from attune_agent.executor.protocol import PROTOCOL, SOCKET_NAME, Greeting
from attune_agent.executor.slots import Slot, slot_numbers
from attune_agent.executor.speech import say
from attune_agent.executor.spools import Spools
from attune_agent.executor.starting import Starting
from attune_agent.executor.stop import stop
from attune_core.readiness import say_ready

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
    options = parser().parse_args(arguments)
    if options.command == "stop":
        sys.exit(stop(Path(options.run), now=options.now))
    where = place.Places(*(Path(path).absolute() for path in (options.state, options.run, options.logs, options.environments)))
    os.umask(0o027)
    try:
        _run(options, where)
    except _STOPPED as error:
        say(f"stopped: {error}")
        sys.exit(3)


def _run(options: argparse.Namespace, where: place.Places) -> None:
    slots: int = options.slots
    identities = choose_identities(options.uids, options.agent_uid, slots, options.sensors)
    sensors = identities.sensors
    grants = read_grants(options.grant, options.privileged, identities, slots)
    numbers = slot_numbers(slots, sensors, guests=bool(grants.users))
    conceal()
    adopt_orphans()
    OutOfMemoryScore().put(-500)
    bound_files(soft=65_536)  # each busy slot takes a handful
    lock = place.lock_state(where)
    place.prepare(where, identities, numbers)
    ledger = Ledger()
    journal = Journal(where.journal, ledger.restated)
    for record in journal.read():
        ledger.apply(record)
    state = place.state_id(where)
    groups = find_groups(state) if identities.uids is not None else None
    kill_leftovers(ledger, identities.own_uids(slots), where, numbers, groups, resident=slots + 1)
    bounds = HostBounds(options.memory, options.processes)
    own = [_slot(number, where, identities.of_slot(number), groups, bounds) for number in numbers[: slots + sensors + 1]]
    for slot in own[slots + 1 :]:
        slot.sensor, slot.due = True, inf
    guests = [_slot(number, where, None, groups, bounds) for number in numbers[len(own) :]]
    greeting = _greeting(where, identities, slots, state, groups)
    ledger.apply({"t": "life", "life": greeting["life"], "boot": boot_id()})
    journal.begin_segment()
    connections, commit = Connections(identities), GroupCommit(journal, ledger)
    hosting = Hosting([*own, *guests], commit, Spools(where.spools), connections.push)
    executor = Executor(commit, hosting, connections, LogRetention(where.logs, options.logs_limit))
    gc.freeze()  # what is there now stays for ever: the keepers' collectors need not touch, and so copy, it
    executor.await_keepers(_KEEPERS_LIMIT)
    lost = settle_unended(ledger, commit)
    commit.commit(now())
    connections.listen(where.run / SOCKET_NAME)
    say_ready()
    say(f"serving {slots} slots, mode {identities.mode}" + (f"; {lost} attempts of the last life are lost" if lost else ""))
    starting = Starting(where, ledger, commit, hosting, state_id=state, identities=identities, grants=grants, bounds=bounds)
    executor.serve(Answering(greeting, ledger, hosting, starting, commit.loose))
    hosting.dismiss()
    if groups is not None:
        groups.remove()
    os.close(lock)


def _slot(number: int, where: place.Places, identity: Identity | None, groups: Groups | None, bounds: HostBounds) -> Slot:
    """Return a slot; without an identity it is one for guests, who bring theirs."""
    group = groups.make(number) if groups is not None else None
    slot = Slot(number, identity or Identity(None), where.of_slot(number), guest=identity is None, group=group)
    if slot.guest:
        slot.due = inf
    slot.processes = bounds.of_slot(slot)
    return slot


def _greeting(where: place.Places, identities: Identities, slots: int, state: str, groups: Groups | None) -> Greeting:
    return {
        "protocol": PROTOCOL,
        "state_id": state,
        "life": secrets.token_hex(16),
        "mode": identities.mode,
        "slots": slots,
        "build": True,
        "sensors": identities.sensors,
        "limits": groups.limits if groups is not None else [],
        "awaits_word": True,
        "inputs_in_memory": place.on_memory(where.work),
    }


if __name__ == "__main__":
    main()
