"""Incoming: takes the frames of one POST, stores what they say in as few transactions as possible, and only then answers.

Called by `routes` for POST /agent/v1/frames. Acknowledgements go to the store, reports to `reports`, events to
`sensor_events`, log windows to `log_relay`, conditions to the fleet and to `sensing`.
"""

import asyncio
from collections.abc import Callable, Sequence

import structlog
from pydantic import TypeAdapter, ValidationError

from attune_controller.errors import FrameRefused
from attune_controller.log_relay import LogRelay
from attune_controller.reports import Reports
from attune_controller.sensor_events import Refused, SensorEvents
from attune_controller.sessions.session import Session, key_of
from attune_controller.store.ports.queues import Queues
from attune_controller.store.records.agents import Held
from attune_controller.store.records.executions import FLEET, QueueKey
from attune_core.failpoints import failpoint
from attune_core.ports import Clock
from attune_core.safe_text import safe_text
from attune_core.values import JsonLimits, JsonRefused, parse_json
from attune_core.wire.agent_frames import Ack, AckFrame, AgentFrame, LogWindowFrame, ReportFrame, Status, StatusFrame
from attune_core.wire.sensors import EventFrame
from attune_core.wire.session import FRAME_LIMIT, Stored

#: Bytes of one POST, and frames in it.
POST_LIMIT, FRAMES = 8 << 20, 4096

_LIMITS = JsonLimits(size=FRAME_LIMIT, depth=68, keys=20_000, string=FRAME_LIMIT)
_FRAME: TypeAdapter[AgentFrame] = TypeAdapter(AgentFrame)


class Incoming:
    """The controller's side of POST /agent/v1/frames."""

    def __init__(
        self,
        store: Queues,
        reports: Reports,
        events: SensorEvents,
        logs: LogRelay,
        clock: Clock,
        *,
        said: Callable[[str, Status], None],
    ) -> None:
        """Take where each kind of frame goes; `said` hears an agent's condition."""
        self._store, self._reports, self._events, self._logs, self._clock, self._said = store, reports, events, logs, clock, said
        self._log = structlog.get_logger("sessions")

    async def take(self, session: Session, body: bytes) -> Stored:
        """Return what is stored; `FrameRefused` ends the session, and nothing of this POST is stored then."""
        try:
            frames = read_frames(body)
        except FrameRefused as error:
            session.end(error)
            self._log.warning("frames_refused", agent=session.name, reason=error.message)
            raise
        async with session.taking:
            session.heard_at = self._clock.monotonic()
            fresh = [frame for frame in frames if frame.n > session.last_n]
            acks = [frame.body for frame in fresh if isinstance(frame, AckFrame)]
            reports = [frame.body for frame in fresh if isinstance(frame, ReportFrame)]
            # Also of a POST that was answered before: those that were refused then may be taken now, and the others are known.
            events = [frame.body for frame in frames if isinstance(frame, EventFrame)]
            refused = Refused()
            if not acks and not events:
                await self._reports.take(session, reports)
            else:
                # Together they need one commit. Reports come first: what has moved on needs no acknowledgement of its own any more.
                *_, refused = await asyncio.gather(
                    self._reports.take(session, reports), self._acknowledge(session, acks), self._events.take(session, events)
                )
            for frame in fresh:
                if isinstance(frame, LogWindowFrame):
                    self._logs.answer(session, frame.body)
                elif isinstance(frame, StatusFrame):
                    self._said(session.name, frame.body)
            if fresh:
                session.last_n = fresh[-1].n
            return Stored(n=session.last_n, refused_events=refused.events, again_in=refused.again_in, too_fast=dict(refused.too_fast))

    async def _acknowledge(self, session: Session, acks: Sequence[Ack]) -> None:
        """Store how far each queue got; a queue that did not get further although more was sent has refused a gap."""
        held: dict[tuple[QueueKey, int], Held] = {}
        for ack in acks:
            if ack.queue.place not in (session.name, FLEET):
                self._log.warning("ack_refused", agent=session.name, queue=safe_text(ack.queue.model_dump_json(), limit=200))
                continue
            queue = key_of(ack.queue)
            claim = Held(queue=queue, epoch=ack.epoch, last=ack.last)
            if ack.last <= session.acknowledged.last(queue, ack.epoch) and ack.last < session.sent.last(queue, ack.epoch):
                session.end(FrameRefused(f"{session.name} refused a gap after {ack.last} in a queue of {queue.action}"))
            session.acknowledged.put(queue, ack.epoch, ack.last)
            held[queue, ack.epoch] = claim
        if held:
            failpoint("c6")
            await self._store.acknowledge(list(held.values()), agent=session.name)


def read_frames(body: bytes) -> Sequence[AgentFrame]:
    """Return the frames of a POST; `FrameRefused` names the first that is too long, unknown, invalid or out of order."""
    lines = body.split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    if len(lines) > FRAMES:
        raise FrameRefused(f"{len(lines)} frames in one request, more than {FRAMES}")
    frames: list[AgentFrame] = []
    for line in lines:
        try:
            frame = _FRAME.validate_python(parse_json(line, _LIMITS))
        except JsonRefused as error:
            raise FrameRefused(f"frame {len(frames) + 1} of the request: {error.message}") from error
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise FrameRefused(f"frame {len(frames) + 1} of the request: {place}: {safe_text(first['msg'], limit=300)}") from error
        if (frames and frame.n <= frames[-1].n) or frame.n < 1:
            raise FrameRefused(f"frame {frame.n} does not come after {frames[-1].n if frames else 0}")
        frames.append(frame)
    return frames
