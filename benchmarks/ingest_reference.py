"""What `ingest` is compared with: uvicorn and Starlette reading a body and answering, with nothing verified and nothing stored.

Run by `ingest` as `python -m benchmarks.ingest_reference PORT`.
"""

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


async def hook(request: Request) -> JSONResponse:
    """Read and answer."""
    await request.body()
    return JSONResponse({"accepted": True}, status_code=202)


if __name__ == "__main__":
    uvicorn.run(
        Starlette(routes=[Route("/hooks/bench", hook, methods=["POST"])]),
        port=int(sys.argv[1]),
        http="httptools",
        loop="asyncio",
        log_level="error",
        access_log=False,
    )
