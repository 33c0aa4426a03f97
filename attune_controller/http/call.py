"""Call: one request on its way through an endpoint, with what was proven about its sender; reads bodies, documents and parameters.

Made by the guard; used by every endpoint under resources/.
"""

import re
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from attune_controller.http.errors import BodyTooLarge, DocumentInvalid, IdempotencyKeyInvalid, QueryInvalid
from attune_controller.http.parts import Parts
from attune_controller.identity.tokens import Caller
from attune_core.moments import parse_rfc3339
from attune_core.traces import traceparent_of
from attune_core.values import JsonLimits, JsonValue, parse_json

Document = TypeVar("Document", bound=BaseModel)

_KEY = re.compile(r"[!-~]{1,128}")
_INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)


@dataclass(kw_only=True)
class Call:
    """One request; `caller` None where no token is needed."""

    request: Request
    parts: Parts
    caller: Caller | None
    id: str
    _body: bytes | None = None

    def path(self, name: str) -> str:
        """Return a part of the path."""
        return str(self.request.path_params[name])

    @property
    def traceparent(self) -> str:
        """Return the trace that the request is part of; nothing when it says none, or more than one."""
        return traceparent_of("".join(self.request.headers.getlist("traceparent")))

    def header(self, name: str) -> str | None:
        """Return a header that may stand once; None when it is missing. `DocumentInvalid` when it is repeated."""
        values = self.request.headers.getlist(name)
        if len(values) > 1:
            raise DocumentInvalid(f"the header {name} stands more than once")
        return values[0] if values else None

    def idempotency_key(self) -> str | None:
        """Return the key the sender chose for this thing to be done (draft-ietf-httpapi-idempotency-key-header)."""
        values = self.request.headers.getlist("idempotency-key")
        if not values:
            return None
        if len(values) > 1 or not _KEY.fullmatch(values[0]):
            raise IdempotencyKeyInvalid
        return values[0]

    def stream(self, limit: int) -> AsyncIterator[bytes]:
        """Return the body as it comes; `BodyTooLarge` as soon as it is known to exceed `limit` bytes."""
        return stream_body(self.request, limit)

    async def body(self) -> bytes:
        """Return the whole body; it can be asked for again."""
        if self._body is None:
            self._body = await read_body(self.request, self.parts.body_bytes)
        return self._body

    async def json(self) -> JsonValue:
        """Return the body as strict JSON, whatever its media type says it is; `JsonRefused`."""
        return parse_json(await self.body(), JsonLimits(size=self.parts.body_bytes))

    async def document(self, kind: type[Document], *, open_to_later: bool = False) -> Document:
        """Return the body as a document; a key that this version does not know is an error unless the sender may be newer."""
        value = await self.json()
        if not open_to_later and isinstance(value, dict):
            for key in value:
                if key not in kind.model_fields:
                    raise DocumentInvalid(f"{key[:64]!r} is not a key of this document; there are: {', '.join(sorted(kind.model_fields))}")
        try:
            return kind.model_validate(value)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise DocumentInvalid(f"{'.'.join(str(part) for part in first['loc']) or 'the document'}: {first['msg']}") from error

    def query(self, *allowed: str) -> "Query":
        """Return the query parameters; one that is not allowed is refused, because ignoring a filter would answer another question."""
        pairs = self.request.query_params.multi_items()
        for name, _ in pairs:
            if name not in allowed:
                raise QueryInvalid(f"there is no parameter {name[:64]!r} here; there are: {', '.join(allowed) or 'none'}")
        if len(dict(pairs)) != len(pairs):
            raise QueryInvalid("a parameter is given twice")
        return Query(dict(pairs))


@dataclass(frozen=True)
class Query:
    """Query parameters, each at most once."""

    values: Mapping[str, str]

    def text(self, name: str, *, among: Collection[str] = (), most: int = 256) -> str | None:
        """Return a text, None when it is not given; one of `among` if that is not empty."""
        value = self.values.get(name)
        if value is not None and (len(value) > most or (among and value not in among)):
            raise QueryInvalid(f"{name} is not one of: {', '.join(among)}" if among else f"{name} is too long")
        return value

    def number(self, name: str, *, low: int, high: int = 2**62) -> int | None:
        """Return an integer between the two, None when it is not given."""
        value = self.values.get(name)
        if value is None:
            return None
        if not _INTEGER.fullmatch(value) or not low <= int(value) <= high:
            raise QueryInvalid(f"{name} is not an integer from {low} to {high}")
        return int(value)

    def moment(self, name: str) -> float | None:
        """Return an RFC 3339 time with its zone as seconds of the epoch, None when it is not given."""
        value = self.values.get(name)
        if value is None:
            return None
        try:
            return parse_rfc3339(value)
        except ValueError as error:
            raise QueryInvalid(f"{name} is not an RFC 3339 time with its zone") from error

    def flag(self, name: str) -> bool:
        """Return whether `true` is given."""
        return self.text(name, among=("true", "false")) == "true"

    def page(self) -> tuple[int | None, int | None, int]:
        """Return below and above which number a page of a list is, and its length; above which, when it begins with the oldest.

        `after` is the cursor of a page, in either order; `before` a number below which a list of falling numbers begins.
        """
        after, before = self.number("after", low=1), self.number("before", low=1)
        if self.text("order", among=("newest", "oldest")) == "oldest":
            return before, after or 0, self.page_size()
        if after is not None and before is not None:
            raise QueryInvalid("after and before exclude each other")
        return (before if after is None else after), None, self.page_size()

    def page_size(self) -> int:
        """Return how many items a page may have."""
        return self.number("limit", low=1, high=200) or 50


async def stream_body(request: Request, limit: int) -> AsyncIterator[bytes]:
    """Yield a body's chunks, never more than `limit` bytes; nothing is decompressed."""
    _refuse_declared(request, limit)
    seen = 0
    async for chunk in request.stream():
        seen += len(chunk)
        if seen > limit:
            raise BodyTooLarge(f"the body is longer than {limit} bytes")
        if chunk:
            yield chunk


async def read_body(request: Request, limit: int) -> bytes:
    """Return a body of at most `limit` bytes; most come in one message, for which a stream would cost more than reading them."""
    _refuse_declared(request, limit)
    message = await request.receive()
    chunks, seen = [message.get("body", b"")], 0
    while True:
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        seen += len(chunks[-1])
        if seen > limit:
            raise BodyTooLarge(f"the body is longer than {limit} bytes")
        if not message.get("more_body", False):
            return b"".join(chunks)
        message = await request.receive()
        chunks.append(message.get("body", b""))


def _refuse_declared(request: Request, limit: int) -> None:
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise BodyTooLarge(f"the body is longer than {limit} bytes")


def answer(document: BaseModel, status: int = 200) -> Response:
    """Return a document as the response."""
    return Response(document.model_dump_json(), status, media_type="application/json")
