"""Posts JSON, or a CloudEvent, to a URL and says what came back: an action like any other, with nothing but Python's own library.

The URL's path and what is secret are never printed. Addresses that are not public are refused unless the input names their network, and the
connection goes to the very address that was looked at.
"""

import http.client
import ipaddress
import json
import os
import re
import signal
import socket
import ssl
import sys
import time
from urllib.parse import quote, urlsplit

#: Bytes of an answer that are kept, and characters of it that a failure shows in the log.
KEPT, SHOWN = 64 << 10, 2000
#: Networks that lead on to others, also private ones.
LEADING_ON = [ipaddress.ip_network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96", "fec0::/10")]
OURS = {"host", "content-length", "transfer-encoding", "connection", "content-type"}
#: What a header can hold.
HEADER = re.compile(r"[\t -~\x80-\xff]*")


class Refused(Exception):
    """The input cannot be meant like that; said in a line."""


def main():
    given = json.load(sys.stdin)
    signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, given["timeout"])
    begun = time.monotonic()
    url, (body, headers) = address_of(given), request_of(given)
    try:
        answer = post(url, body, headers, given["allow_addresses"])
    except (OSError, http.client.HTTPException) as error:
        raise SystemExit(f"{url.hostname}: {error or type(error).__name__}")
    signal.setitimer(signal.ITIMER_REAL, 0)
    print(f"{url.hostname} answered {answer['status']} after {time.monotonic() - begun:.2f} s", flush=True)
    if not is_success(answer["status"], given["statuses"]):
        raise SystemExit(f"{answer['status']} is no success (redirects are not followed): {answer['body'][:SHOWN]}")
    with open(os.environ["ATTUNE_RESULT"], "w", encoding="utf-8") as file:
        json.dump(answer, file)


def late(_signal, _frame):
    raise SystemExit("there was no whole answer in time")


def is_success(status, statuses):
    return status in statuses if statuses else 200 <= status < 300


def address_of(given):
    """Return where to, taken apart."""
    if bool(given["url"]) == ("secret_url" in given):
        raise Refused("give either url or secret_url")
    try:
        url = urlsplit(given["url"] or given["secret_url"])
        plain = url.scheme in ("http", "https") and url.hostname and url.port != 0 and not (url.username or url.password)
    except ValueError:  # its words repeat parts of the URL
        plain = False
    if not plain:
        raise Refused("the URL is not http(s)://host[:port]/path without a user in it")
    return url


def post(url, body, headers, allowed):
    """Send the request and return the answer, bounded."""
    secure = url.scheme == "https"
    port = url.port or (443 if secure else 80)
    connection = (http.client.HTTPSConnection if secure else http.client.HTTPConnection)(url.hostname, port)
    connection.sock = connected(url.hostname, port, allowed)
    if secure:
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        connection.sock = context.wrap_socket(connection.sock, server_hostname=url.hostname)
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    connection.request("POST", quote(path, safe="/?&=%:;,@!$'()*+~"), body, headers)
    answer = connection.getresponse()
    content = answer.read(KEPT + 1)
    return {
        "status": answer.status,
        "content_type": answer.headers.get("content-type", "")[:200],
        "body": content[:KEPT].decode("utf-8", "replace").replace("\0", "\ufffd"),
        "truncated": len(content) > KEPT,
    }


def connected(host, port, allowed):
    """Return a connection to the first address of the host that may be reached and answers."""
    allowed = [ipaddress.ip_network(text) for text in allowed]
    failure = Refused(f"{host} has no address that may be reached; name its network in allow_addresses if that is meant")
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        if not may_reach(ipaddress.ip_address(address[0].partition("%")[0]), allowed):
            continue
        found = socket.socket(family, kind, protocol)
        try:
            found.connect(address)
        except OSError as error:
            found.close()
            failure = error
            continue
        return found
    raise failure


def may_reach(address, allowed):
    """Tell whether an address is public, or of a network that was allowed."""
    address = getattr(address, "ipv4_mapped", None) or address
    if any(address in network for network in allowed):
        return True
    leads_on = any(address in network for network in LEADING_ON)
    return address.is_global and not (address.is_multicast or leads_on)


def request_of(given):
    """Return the body and the headers."""
    headers = {"User-Agent": "attune", "Accept": "*/*"}
    secret = [(given["secret_header"], given["secret"])] if "secret" in given else []
    for name, value in [*given["headers"].items(), *secret]:
        if name.lower() in OURS:
            raise Refused(f"the header {name} is not for the input to set")
        if not HEADER.fullmatch(value):  # the library would say so too, and repeat it
            raise Refused(f"the header {name} cannot hold its value: it has line breaks, or characters beyond Latin-1")
        headers[name] = value
    if "TRACEPARENT" in os.environ:
        headers["traceparent"] = os.environ["TRACEPARENT"]
    if "event" not in given:
        headers["Content-Type"] = "application/json"
        return json.dumps(given["data"]).encode(), headers
    event = {"specversion": "1.0", "id": os.environ["ATTUNE_EXECUTION_ID"], **given["event"]}
    if given["mode"] == "binary":
        headers["Content-Type"] = "application/json"
        # Everything but visible ASCII is percent-encoded, and so are the signs that receivers treat apart.
        headers.update({f"ce-{name}": quote(text, safe="!#$&'()*+,/:;<=>?@[]^_`{|}~-.") for name, text in event.items()})
        return json.dumps(given["data"]).encode(), headers
    headers["Content-Type"] = "application/cloudevents+json"
    return json.dumps({**event, "datacontenttype": "application/json", "data": given["data"]}).encode(), headers


if __name__ == "__main__":
    try:
        main()
    except (Refused, ValueError) as error:
        sys.exit(f"refused: {error}")
