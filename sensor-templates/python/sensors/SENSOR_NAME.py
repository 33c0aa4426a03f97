"""PACK_NAME.SENSOR_NAME: reads its configuration as JSON from stdin; each line that it prints is one JSON object."""

import json
import shutil
import sys
import time


def watch(path: str, limit: int, seconds: float) -> None:
    """Look now and then, and say what is to be known."""
    while True:
        disk = shutil.disk_usage(path)
        used = round(100 * disk.used / disk.total)
        if used >= limit:
            say({"trigger": "PACK_NAME.SENSOR_NAME", "data": {"path": path, "used": used}})
        else:
            say({"heartbeat": True})
        time.sleep(seconds)


def say(line: dict) -> None:
    """Print a line at once: one that stays in a buffer comes late. What is written to stderr is the sensor's log."""
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    watch(**json.load(sys.stdin)["config"])
