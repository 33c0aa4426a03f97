"""SensorState in the agent's database, over the one writer that its file has; made by `sqlite`."""

import asyncio
from collections.abc import Sequence

import apsw

from attune_agent.errors import StateUnreadable
from attune_agent.state.sensor_records import LoadedSensors, Poll, SensorRun
from attune_agent.state.writer import Writer
from attune_core.wire.sensors import SensorAssignment

_BEGIN = "INSERT INTO sensor_runs (run, sensor, fingerprint, state_id, poll, digest) VALUES (?, ?, ?, ?, ?, ?)"
_KEEP = "INSERT OR REPLACE INTO polls SELECT sensor, ?, ? FROM sensor_runs WHERE run = ?"
_FORGET_POLLS = "DELETE FROM polls WHERE sensor NOT IN (SELECT sensor FROM sensors)"
_RUNS = "SELECT run, sensor, fingerprint, state_id, poll, done, skipping, length, digest FROM sensor_runs ORDER BY number"


class SqliteSensors:
    """The tables about sensors."""

    def __init__(self, connection: apsw.Connection, writer: Writer) -> None:
        """Take the open file, which is read before anything is written."""
        self._connection = connection
        self._writer = writer

    def load(self) -> LoadedSensors:
        """Return everything that is stored; `StateUnreadable`."""
        db = self._connection
        try:
            return LoadedSensors(
                assigned=[SensorAssignment.model_validate_json(body) for (body,) in db.execute("SELECT body FROM sensors ORDER BY sensor")],
                runs=[
                    SensorRun(
                        run=run,
                        sensor=sensor,
                        fingerprint=fingerprint,
                        state_id=state_id,
                        poll=bool(poll),
                        offset=done,
                        skipping=bool(skipping),
                        length=length,
                        digest=digest,
                    )
                    for run, sensor, fingerprint, state_id, poll, done, skipping, length, digest in db.execute(_RUNS)
                ],
                polls={
                    sensor: Poll(state=state, began=began) for sensor, state, began in db.execute("SELECT sensor, state, began FROM polls")
                },
            )
        except (apsw.Error, ValueError) as error:
            raise StateUnreadable(f"{db.filename}: {error}") from error

    def assign(self, assigned: Sequence[SensorAssignment]) -> asyncio.Future[None]:
        """Replace what is to run."""
        rows = [(one.sensor, one.model_dump_json()) for one in assigned]

        def write(db: apsw.Connection) -> None:
            db.execute("DELETE FROM sensors")
            db.executemany("INSERT INTO sensors VALUES (?, ?)", rows)
            db.execute(_FORGET_POLLS)

        return self._writer.submit(write)

    def begin(self, run: SensorRun) -> asyncio.Future[None]:
        """Store a run that is about to be asked for."""
        return self._write(_BEGIN, (run.run, run.sensor, run.fingerprint, run.state_id, int(run.poll), run.digest))

    def advance(self, run: str, offset: int, *, skipping: bool) -> asyncio.Future[None]:
        """Store what of a run is done with."""
        return self._write("UPDATE sensor_runs SET done = ?, skipping = ? WHERE run = ?", (offset, int(skipping), run), lazy=True)

    def end(self, run: str, length: int, poll: Poll | None = None) -> asyncio.Future[None]:
        """Store how much an ended run printed."""
        return self._write("UPDATE sensor_runs SET length = ? WHERE run = ?", (length, run), poll=poll)

    def drop(self, run: str, poll: Poll | None = None) -> asyncio.Future[None]:
        """Forget a run."""
        return self._write("DELETE FROM sensor_runs WHERE run = ?", (run,), poll=poll)

    def _write(self, sql: str, values: tuple[str | int, ...], *, lazy: bool = False, poll: Poll | None = None) -> asyncio.Future[None]:
        def write(db: apsw.Connection) -> None:
            if poll is not None:
                db.execute(_KEEP, (poll.state, poll.began, values[-1]))
            db.execute(sql, values)

        return self._writer.submit(write, lazy=lazy)
