"""The watch over the store's disk: says in the log when it is full and when it has room again, and ends the controller when it is gone.

One loop of the controller beside the others; what it says stands in the status, too (`Store.alarm`).
"""

import structlog

from attune_controller.store.errors import StoreFull
from attune_controller.store.port import Store
from attune_core.ports import Clock

#: Seconds between two looks.
INTERVAL = 1.0


async def watch_store(store: Store, clock: Clock, interval: float = INTERVAL) -> None:
    """For ever: look after the store; an error that ended it is raised."""
    log, said = structlog.get_logger("store"), ""
    while True:
        await store.look_after()
        if store.alarm and not said:
            log.error("disk_full", code=StoreFull.code, reason=store.alarm, remedy=StoreFull.remedy)
        elif said and not store.alarm:
            log.warning("disk_has_room_again")
        said = store.alarm
        await clock.sleep(interval)
