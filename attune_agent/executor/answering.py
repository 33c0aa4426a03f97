"""Answering the agent's requests by their type; the explicit list below is everything that can be asked.

`executor` hands it each line. A request that is not of the right shape is answered `bad_request`, whatever is in it.
"""

import os
from collections.abc import Callable, Mapping

from attune_agent.executor import fields as read
from attune_agent.executor.attempt import now
from attune_agent.executor.connections import Connection
from attune_agent.executor.fields import Fields, FieldWrong
from attune_agent.executor.hosting import Hosting
from attune_agent.executor.ledger import Held, Ledger, forget_record
from attune_agent.executor.protocol import PROTOCOL, Greeting
from attune_agent.executor.start_command import MOST_SECONDS, parse_key
from attune_agent.executor.starting import Refused, Starting


class Answering:
    """The requests and who answers them."""

    def __init__(self, greeting: Greeting, ledger: Ledger, hosting: Hosting, starting: Starting, forget: Callable[[Fields], None]) -> None:
        self._greeting = greeting
        self._ledger = ledger
        self._hosting = hosting
        self._starting = starting
        self._forget = forget
        self.stopping = False
        #: Whether what runs is to be ended instead of waited for.
        self.ending = False

    def answer(self, connection: Connection, line: bytes) -> None:
        """Answer one line."""
        number: object = None
        try:
            fields = read.parse_object(line)
            number = fields.get("id")
            if (word := fields.get("type")) == "begin" or word == "drop":  # answered by the start that waits for it
                self._starting.words.say(parse_key(fields), word, connection)
            else:
                self._dispatch(connection, fields)
        except FieldWrong as error:
            _refuse(connection, number, Refused("bad_request", str(error)))
        except Refused as error:
            _refuse(connection, number, error)

    def give_up(self, asker: Connection | None = None) -> None:
        """Begin nothing any more that waits for somebody's word who is gone; None: nor for anybody's."""
        self._starting.words.give_up(asker)

    def _dispatch(self, connection: Connection, fields: Fields) -> None:
        number = read.whole(fields, "id", 0, 1 << 53)

        def reply(message: Mapping[str, object]) -> None:
            connection.tell({"id": number, **message})

        match fields.get("type"):
            case "hello":
                self._hello(fields, reply)
            case "start" if self.stopping:
                raise Refused("stopping", "the executor is being stopped")
            case "start":
                self._starting.start(fields, connection, reply, lambda refused: _refuse(connection, number, refused))
            case "stop":
                self._stop(self._known(fields), fields)
                reply({})
            case "list":
                sensors = read.flag(fields, "sensors")  # an agent of before would not know their kind
                reply({"attempts": [held.listed() for held in self._ledger.all() if sensors or held.kind != "sensor"]})
            case "outcome":
                reply(self._outcome(self._known(fields)))
            case "forget":
                self._end_of_interest(fields)
                reply({})
            case "retire":
                self._retire(connection, now=read.flag(fields, "now"))
                reply({})
            case other:
                self._tend_sensor(other, fields)
                reply({})

    def _tend_sensor(self, asked: object, fields: Fields) -> None:
        match asked:
            case "trim":
                self._hosting.trim(parse_key(fields)[0], read.whole(fields, "before", 0, 1 << 40))
            case "unspool":
                self._unspool(fields)
            case "renew":
                self._renew(self._known(fields), fields)
            case unknown:
                raise FieldWrong(f"type: {str(unknown)[:40]!r} cannot be asked")

    def _hello(self, fields: Fields, reply: Callable[[Mapping[str, object]], None]) -> None:
        asked = read.whole(fields, "protocol", 0, 1 << 16)
        if asked != PROTOCOL:
            raise Refused("protocol", f"this executor speaks version {PROTOCOL}, not {asked}")
        reply(dict(self._greeting))

    def _known(self, fields: Fields) -> Held:
        held = self._ledger.get(parse_key(fields))
        if held is None or (held.execution, held.attempt) in self._starting.words:
            raise Refused("unknown", "no such attempt")
        return held

    def _outcome(self, held: Held) -> Fields:
        if held.outcome is not None and self._hosting.slot_of(held) is not None:
            return {"state": "running", "outcome": None}  # its files are being removed; the end is pushed in a moment
        return {"state": held.state, "outcome": held.outcome}

    def _stop(self, held: Held, fields: Fields) -> None:
        slot = self._hosting.slot_of(held)
        grace = read.seconds(fields, "grace", 3600.0)
        if slot is not None:
            self._hosting.stop(slot, grace, now())

    def _retire(self, connection: Connection, *, now: bool) -> None:
        if connection.uid not in (0, os.geteuid()):
            raise Refused("bad_request", "only root and the executor's own user may stop it")
        self.stopping, self.ending = True, self.ending or now

    def _unspool(self, fields: Fields) -> None:
        key = parse_key(fields)
        held = self._ledger.get(key)
        if held is not None and held.outcome is None:
            raise Refused("bad_request", "the sensor has not ended")
        self._hosting.unspool(key[0])

    def _renew(self, held: Held, fields: Fields) -> None:
        slot = self._hosting.slot_of(held)
        if slot is not None and slot.sensor:
            slot.lease_until = now() + read.seconds(fields, "lease", MOST_SECONDS)

    def _end_of_interest(self, fields: Fields) -> None:
        key = parse_key(fields)
        held = self._ledger.get(key)
        if held is None:
            return
        if held.outcome is None:
            raise Refused("bad_request", "the attempt has not ended")
        self._forget(forget_record(key))


def _refuse(connection: Connection, number: object, refused: Refused) -> None:
    connection.tell({"id": number, "refused": refused.code, "detail": str(refused)})
