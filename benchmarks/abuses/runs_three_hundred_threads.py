import threading

pause = threading.Event()


def turn() -> None:
    while not pause.wait(0.01):
        pass


threading.stack_size(64 << 10)
for _ in range(300):
    threading.Thread(target=turn).start()
