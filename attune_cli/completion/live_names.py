"""Names of what the controller of a profile has, asked with the standard library alone, which is there sooner than our HTTP client.

Called by `words` while a person waits: whatever goes wrong, nothing is offered and nothing is said.
"""

import json
from collections.abc import Iterator

from attune_cli.profiles import Profile, load_profile
from attune_core.errors import AttuneError
from attune_core.values import JsonObject, JsonValue

#: Seconds for one answer, and bytes of it that are read.
PATIENCE, _MOST = 1.0, 4 << 20


def items(path: str, profile: str | None) -> Iterator[JsonObject]:
    """Yield the items of a list of the API's, its first page; nothing without a controller that answers."""
    from http.client import HTTPException

    try:
        found: JsonValue = json.loads(_get(path, load_profile(profile)))
    except (AttuneError, OSError, HTTPException, ValueError):
        return
    listed = found.get("items") if isinstance(found, dict) else None
    for item in listed if isinstance(listed, list) else ():
        if isinstance(item, dict):
            yield item


def _get(path: str, profile: Profile) -> bytes:
    import ssl
    from http.client import HTTPConnection, HTTPSConnection
    from urllib.parse import urlsplit

    address = urlsplit(profile.url)
    host = address.hostname or ""
    connection: HTTPConnection
    if profile.authority:
        context = ssl.create_default_context(cadata=profile.authority)
        connection = HTTPSConnection(host, address.port, timeout=PATIENCE, context=context)
    else:
        connection = HTTPConnection(host, address.port, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers={"authorization": f"Bearer {profile.token}"})
        return connection.getresponse().read(_MOST)
    finally:
        connection.close()
