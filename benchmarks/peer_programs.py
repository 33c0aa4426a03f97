"""The programs of `path`'s peer: a webhook's entry and a task that starts the same script, as one writes them with Celery.

Run by the peer's own interpreter, never by ours: `uvicorn benchmarks.peer_programs:entry` and `celery -A benchmarks.peer_programs worker`.
The entry verifies the signature, has Redis store the task, and answers then. The worker's processes start the script by `subprocess`
(vfork) with JSON on its standard input and acknowledge when it has ended: no outcome, no log, no confinement, no memory of ids.

With PEER_KEEPS it is asked for what Celery and Redis can do of what Attune keeps: a delivery's id is remembered (for a week), that the task
started is stored before it does and its outcome after, and what the script writes goes to two files. Still no order, no rules, no user of
the script's own (which would cost the worker a fork), no end of what a script leaves behind, no second host and no TLS to it.
"""

import hashlib
import hmac
import json
import os
import subprocess
from pathlib import Path

from celery import Celery
from redis import Redis
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

SECRET = os.environ["PEER_SECRET"].encode()
#: Where what scripts write is kept, or nothing: then it goes where the worker's own goes.
KEEPS = os.environ.get("PEER_KEEPS", "")
#: Seconds for which an id is remembered, as Attune does.
REMEMBERED = 7 * 86_400

seen = Redis(unix_socket_path=os.environ["PEER_BROKER"].removeprefix("redis+socket://"))
app = Celery("peer", broker=os.environ["PEER_BROKER"])
app.conf.update(
    task_acks_late=True,
    task_ignore_result=not KEEPS,
    task_track_started=bool(KEEPS),
    result_backend=os.environ["PEER_BROKER"] if KEEPS else None,
    worker_prefetch_multiplier=1,
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
)


def answer(one: str) -> int:
    """Start the script and wait for its end."""
    environment = {"ID": one, "FIFO": os.environ["PEER_FIFO"], "PATH": "/usr/bin:/bin"}
    document = json.dumps({"id": one}).encode() + b"\n"
    argv = ["/bin/sh", os.environ["PEER_SCRIPT"]]
    # No new session and no other user: either would cost the peer a fork instead of a vfork.
    if not KEEPS:
        return subprocess.run(argv, input=document, env=environment, check=True, close_fds=False).returncode
    with Path(KEEPS, f"{one}.out").open("wb") as out, Path(KEEPS, f"{one}.err").open("wb") as err:
        return subprocess.run(argv, input=document, env=environment, check=True, close_fds=False, stdout=out, stderr=err).returncode


task = app.task(answer)


def accept(one: str, delivery: str) -> None:
    """Let the worker have it; a delivery that was there before is none."""
    if not KEEPS or seen.set(f"delivery-{delivery}", one, nx=True, ex=REMEMBERED):
        task.delay(one)


async def hook(request: Request) -> JSONResponse:
    """Verify, store, answer."""
    body = await request.body()
    expected = "sha256=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, request.headers.get("x-hub-signature-256", "")):
        return JSONResponse({}, status_code=401)
    await run_in_threadpool(accept, str(json.loads(body)["id"]), request.headers["x-github-delivery"])
    return JSONResponse({}, status_code=202)


entry = Starlette(routes=[Route("/hooks/bench", hook, methods=["POST"])])
