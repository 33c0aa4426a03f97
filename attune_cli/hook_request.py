"""A webhook's request as its sender makes it: the body that its document declares, and headers given as NAME:VALUE.

Called by `attune webhook test` and `attune webhook send`.
"""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlencode

from attune_cli.errors import BadArgument
from attune_cli.loading import load_or_show
from attune_cli.pack_repository import repository_root
from attune_core.catalog.catalog import Catalog, Webhook
from attune_core.expressions.suggestion import suggestion
from attune_core.models.webhook import WebhookDocument
from attune_core.values import parse_json

_MEDIA_TYPES = {"json": "application/json", "form": "application/x-www-form-urlencoded"}


def catalog_here(path: Path, *, json: bool) -> Catalog | None:
    """Return the catalog of the files as they are; None when their Problems have been shown."""
    return load_or_show(repository_root(path), json=json).catalog


def webhook_of(catalog: Catalog, name: str) -> Webhook:
    """Return a webhook, or say which one may have been meant."""
    if name not in catalog.webhooks:
        raise BadArgument(f"there is no webhook {name!r} here", hint=suggestion(name, catalog.webhooks))
    return catalog.webhooks[name]


def read_payload(file: str) -> bytes:
    """Return what stands in a file, `-` for standard input."""
    if file == "-":
        return sys.stdin.buffer.read()
    return read_bytes(Path(file), hint="name a file with the payload, or - for standard input")


def read_bytes(file: Path, *, hint: str) -> bytes:
    """Return what stands in a file, or say what should have been named."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadArgument(f"{file}: {error.strerror}", hint=hint) from error


def body_of(payload: bytes, document: WebhookDocument) -> bytes:
    """Return the body that carries a payload: itself, or the form that has it in a field, or whose fields it is."""
    if document.body == "json":
        return payload
    if document.field is not None:
        return urlencode({document.field: payload.decode()}).encode()
    fields = parse_json(payload)
    if not isinstance(fields, dict) or not all(isinstance(value, str) for value in fields.values()):
        raise BadArgument("the webhook takes a form, whose payload is an object of texts")
    return urlencode({name: str(value) for name, value in fields.items()}).encode()


def headers_of(given: Iterable[str], document: WebhookDocument) -> dict[str, str]:
    """Return the headers of the request that are no proof: its media type, and those that were given."""
    found = {"content-type": _MEDIA_TYPES[document.body]}
    for text in given:
        name, colon, value = text.partition(":")
        if not colon or not name.strip():
            raise BadArgument(f"{text!r} is not a header: write NAME:VALUE")
        found[name.strip().lower()] = value.strip()
    return found


def sendable(headers: dict[str, str]) -> dict[str, str]:
    """Return headers if each can be sent; what a header may not hold is not repeated, because it may be the secret."""
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable()):
            raise BadArgument(f"the header {name} would hold more than visible ASCII characters", hint="correct it, or the secret in it")
    return headers


def fields_of(headers: Mapping[str, str]) -> dict[str, list[str]]:
    """Return headers as a listener gives them."""
    return {name.lower(): [value] for name, value in headers.items()}
