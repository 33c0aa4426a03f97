import os

while True:
    if os.fork() == 0:
        if os.fork() == 0:
            os.setsid()
        os._exit(0)
