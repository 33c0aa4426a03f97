"""Client: the command line's one way to a controller's /v1 API, and the only importer of an HTTP library here.

Called by remote commands with a Profile; answers are the documents of attune_core.wire.api, refusals become errors with the
controller's own code and remedy.
"""

import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self, TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from attune_cli.errors import BadArgument, ControllerUnreachable, ProfileBroken, RequestFailed
from attune_cli.profiles import Profile
from attune_cli.unreached import unreached
from attune_core.traces import traceparent_of
from attune_core.values import JsonObject, JsonValue, parse_json
from attune_core.wire.api import Failure, Page
from attune_core.wire.cloudevents_http import LINES
from attune_core.wire.ingest import ManyAccepted, ManyRefused

Answer = TypeVar("Answer", bound=BaseModel)
Parameters = Mapping[str, str | int | None]
#: How long a controller that is not known yet is waited for, seconds.
_FIRST_PATIENCE = 15.0


@dataclass(frozen=True, kw_only=True)
class ServerEvent:
    """One event of a stream (WHATWG HTML, section 9.2); `id` is the last one that was said."""

    name: str = ""
    id: str = ""
    data: str = ""


class Reads(Protocol):
    """What those need of a client who read, and know nothing of connections."""

    def get(self, path: str, kind: type[Answer], parameters: Parameters | None = None) -> Answer:
        """Read one document."""
        ...


class Client:
    """One connection to one controller."""

    def __init__(self, profile: Profile, *, timeout: float = 30.0) -> None:
        """Trust exactly the profile's authority."""
        self._patience = timeout
        #: Whether there was an answer: then it is the right speech, and what breaks off is only broken.
        self._heard = False
        try:
            self._http = httpx2.Client(
                base_url=profile.url,
                verify=_trusting(profile),
                timeout=timeout,
                trust_env=False,
                headers=_credential(profile) | _trace(),
            )
        except (httpx2.InvalidURL, ssl.SSLError, ValueError) as error:  # a profile that was written by hand
            raise ProfileBroken(f"the profile of {profile.url[:200]} cannot be used: {error}") from error

    def __enter__(self) -> Self:
        """Use as a context, so that the connection is closed."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close the connection."""
        self._http.close()

    def get(self, path: str, kind: type[Answer], parameters: Parameters | None = None) -> Answer:
        """Read one document."""
        return _read(self.request("GET", path, parameters=parameters), kind)

    def pages(self, path: str, kind: type[Page[Answer]], parameters: Parameters, *, most: int) -> Iterator[Answer]:  # type: ignore[type-var]  # every API document is an Item
        """Read a list page by page, at most `most` items."""
        cursor = ""
        while most > 0:
            page = self.get(path, kind, {**parameters, "limit": min(most, 200), "after": cursor or None})
            yield from page.items[:most]
            most -= len(page.items)
            cursor = page.next
            if not cursor:
                return

    def post(self, path: str, body: JsonValue, kind: type[Answer], *, key: str = "", content_type: str = "application/json") -> Answer:
        """Send one document; `key` is the Idempotency-Key, under which a repeated request does nothing twice."""
        headers = {"content-type": content_type} | ({"idempotency-key": key} if key else {})
        return _read(self.request("POST", path, body=body, headers=headers), kind)

    def post_lines(self, path: str, body: bytes) -> ManyAccepted:
        """Send events, one a line; what became of each is in the answer, also of those before the controller took no more."""
        answer = self._post(path, body, {"content-type": LINES})
        if answer.is_success:
            return _read(answer.content, ManyAccepted)
        try:
            return ManyRefused.model_validate_json(answer.content)
        except ValidationError:
            raise _refusal(answer.status_code, answer.content) from None

    def post_bytes(self, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, JsonObject]:
        """Send exactly these bytes, as a webhook's sender does; return the status and the answer's object, refusals too."""
        answer = self._post(path, body, headers)
        document = parse_json(answer.content) if "json" in answer.headers.get("content-type", "") else None
        return answer.status_code, document if isinstance(document, dict) else {}

    def _post(self, path: str, body: bytes, headers: Mapping[str, str]) -> httpx2.Response:
        with self._explained():
            return self._http.post(path, content=body, headers=dict(headers))

    def events(self, path: str, parameters: Parameters, *, last: str, silence: float) -> Iterator[ServerEvent]:
        """Yield server-sent events after the id `last` until the stream ends; the first one, without a name, says that there is one.

        A stream that brings nothing for `silence` seconds is broken.
        """
        query = {name: str(value) for name, value in parameters.items() if value is not None}
        headers = {"last-event-id": last} if last else {}
        known = self._http.timeout
        timeout = httpx2.Timeout(connect=known.connect, read=silence, write=known.write, pool=known.pool)
        with self._explained(silence), self._http.sse(path, params=query, headers=headers, timeout=timeout) as source:
            if not source.response.is_success:
                raise _refusal(source.response.status_code, source.response.read())
            self._heard = True
            yield ServerEvent()
            for event in source:
                yield ServerEvent(name=event.event, id=event.id, data=event.data)

    def delete(self, path: str) -> None:
        """Remove one."""
        self.request("DELETE", path)

    def request(
        self,
        method: str,
        path: str,
        *,
        parameters: Parameters | None = None,
        body: JsonValue = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """Send a request and return the body of a 2xx answer."""
        query = {name: str(value) for name, value in (parameters or {}).items() if value is not None}
        with self._explained():
            if method == "POST":
                answer = self._http.post(path, json=body, headers=dict(headers or {}))
            else:
                answer = self._http.request(method, path, params=query)
        if answer.is_success:
            return answer.content
        raise _refusal(answer.status_code, answer.content)

    @contextmanager
    def _explained(self, silence: float | None = None) -> Iterator[None]:
        try:
            yield
            self._heard = True
        except httpx2.HTTPError as error:
            url = str(self._http.base_url).rstrip("/")
            raise unreached(url, error, patience=silence or self._patience, heard=self._heard) from error


def _trusting(profile: Profile) -> ssl.SSLContext | bool:
    """Return what is trusted; False, for plain HTTP alone, where there is nothing to trust."""
    if not profile.url.startswith(("https://", "http://")):
        raise ValueError("its address begins with neither https:// nor http://")
    if profile.url.startswith("http://"):
        return False
    if not profile.authority:
        raise ValueError("it trusts no authority")
    context = ssl.create_default_context(cadata=profile.authority)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _credential(profile: Profile) -> dict[str, str]:
    if not profile.token.isascii() or not profile.token.isprintable():
        raise ValueError("its token holds what no token does")
    return {"authorization": f"Bearer {profile.token}"} if profile.token else {}


def _trace() -> dict[str, str]:
    """Return the trace that the caller of this command is part of: what it sends, and what comes of that, are part of it too."""
    found = traceparent_of(os.environ.get("TRACEPARENT"))
    return {"traceparent": found} if found else {}


def _read(content: bytes, kind: type[Answer]) -> Answer:
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        raise RequestFailed(
            f"the controller's answer is not a {kind.__name__}", hint="compare the versions of attune on both sides"
        ) from error


def _refusal(status: int, content: bytes) -> RequestFailed:
    try:
        failure = Failure.model_validate_json(content)
    except ValidationError:
        refused = RequestFailed(f"the controller answered {status}", hint="check that the address is that of an Attune controller")
        refused.status = status
        return refused
    refused = RequestFailed(failure.detail or failure.title, hint=failure.remedy or None)
    refused.status = status
    # The controller's own code says more than ours.
    refused.code = failure.code  # type: ignore[misc]  # an instance may carry the code of the other side
    return refused


def fetch_authority(url: str) -> str:
    """Return the PEM that the controller shows at /ca over an unverified connection; the caller compares its fingerprint."""
    try:
        answer = httpx2.get(f"{url.rstrip('/')}/ca", verify=False, timeout=_FIRST_PATIENCE, trust_env=False)
    except httpx2.InvalidURL as error:
        raise BadArgument(f"{url[:200]!r} is no address: {error}", hint="write it like https://attune.example.org:7443") from error
    except httpx2.HTTPError as error:
        raise unreached(url, error, patience=_FIRST_PATIENCE, heard=False) from error
    if not answer.is_success or "BEGIN CERTIFICATE" not in answer.text:
        raise ControllerUnreachable(f"{url} does not answer like an Attune controller")
    return answer.text
