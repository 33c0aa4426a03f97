"""Last seen: writes to the store, now and then and all at once, when each connected agent was last heard of.

Run by the composition root beside the listeners. Hellos are stored when they come; this is for the time in between.
"""

from attune_controller.sessions.open_sessions import OpenSessions
from attune_controller.store.ports.agents import Agents
from attune_core.ports import Clock

#: Seconds between two writes.
INTERVAL = 60.0


async def keep_last_seen(store: Agents, sessions: OpenSessions, clock: Clock, interval: float = INTERVAL) -> None:
    """For ever: store the wall-clock time at which each open session was last heard of."""
    while True:
        await clock.sleep(interval)
        now, monotonic = clock.now(), clock.monotonic()
        times = {session.name: now - (monotonic - session.heard_at) for session in sessions}
        if times:
            await store.seen(times)
