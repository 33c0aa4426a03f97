import os

while True:
    try:
        if os.fork() == 0:
            if os.fork() == 0:
                os.setsid()
            os._exit(0)
    except BlockingIOError:  # at its limit of processes: one is taken back, and on it goes
        os.waitpid(-1, 0)
