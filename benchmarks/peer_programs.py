"""The programs of `path`'s peer: a webhook's entry and a task that starts the same script, as one writes them with Celery.

Run by the peer's own interpreter, never by ours: `uvicorn benchmarks.peer_programs:entry` and `celery -A benchmarks.peer_programs worker`.
The entry verifies the signature, has Redis store the task, and answers then. The worker's processes start the script by `subprocess`
(vfork) with JSON on its standard input and acknowledge when it has ended. No outcome, no log, no confinement, no order, no memory of ids
that were there before: for what Attune does beside that, the peer does not pay.
"""

import hashlib
import hmac
import json
import os
import subprocess

from celery import Celery
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

SECRET = os.environ["PEER_SECRET"].encode()

app = Celery("peer", broker=os.environ["PEER_BROKER"])
app.conf.update(
    task_acks_late=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
)


def answer(one: str) -> None:
    """Start the script and wait for its end."""
    environment = {"ID": one, "FIFO": os.environ["PEER_FIFO"], "PATH": "/usr/bin:/bin"}
    document = json.dumps({"id": one}).encode() + b"\n"
    # No new session: it would cost the peer a fork instead of a vfork.
    subprocess.run(["/bin/sh", os.environ["PEER_SCRIPT"]], input=document, env=environment, check=True, close_fds=False)


task = app.task(answer)


async def hook(request: Request) -> JSONResponse:
    """Verify, store, answer."""
    body = await request.body()
    expected = "sha256=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, request.headers.get("x-hub-signature-256", "")):
        return JSONResponse({}, status_code=401)
    await run_in_threadpool(task.delay, str(json.loads(body)["id"]))
    return JSONResponse({}, status_code=202)


entry = Starlette(routes=[Route("/hooks/bench", hook, methods=["POST"])])
