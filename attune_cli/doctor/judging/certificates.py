"""Whether certificates are by the right authority, for the right name, and of today; judged for `table`."""

import ipaddress
from datetime import UTC, datetime

from attune_cli.doctor.facts import Certificate, Handshake
from attune_cli.doctor.findings import UNREACHED, Judgement, error, ok, skipped, warning

_DAY = 86_400.0
_CLOCK = "check this machine's clock: timedatectl"
#: A listener's certificate is made anew a month before it ends; less than this says that it was not.
_DUE_DAYS = 14


def spoken(fact: Handshake) -> Judgement:
    """Judge whether both sides mean the same by this port: TLS or plain HTTP."""
    if fact.trouble:
        return skipped(fact.endpoint, UNREACHED)
    if not fact.other_speech:
        return ok(fact.endpoint, "speaks TLS" if fact.tls else "speaks plain HTTP, as the address says")
    if fact.tls:
        return error(
            fact.endpoint, "does not speak TLS: it is plain HTTP, or another program", "check address and port, or write http:// for it"
        )
    return error(fact.endpoint, "speaks TLS, and the address says http://", "write https:// for it: attune login https://…")


def chain(fact: Handshake) -> Judgement:
    """Judge whether the authority that we trust has signed what the listener shows."""
    if reason := _no_certificate(fact):
        return skipped(fact.endpoint, reason)
    if not fact.chain:
        return ok(fact.endpoint, "its certificate is by the authority that is trusted here")
    remedy = "attune login URL" if fact.program == "profile" else "join again: attune agent join --force"
    if fact.program == "controller":
        remedy = "restart the controller; give public.tls.cert with its whole chain"
    return error(fact.endpoint, f"its certificate is not by the authority that is trusted here: {fact.chain}", remedy)


def names(fact: Handshake) -> Judgement:
    """Judge whether the certificate is for the name that it is called by."""
    if reason := _no_certificate(fact) or ("its certificate is not trusted" if fact.chain else ""):
        return skipped(fact.endpoint, reason)
    if any(_fits(fact.host, one) for one in fact.names):
        return ok(fact.endpoint, f"its certificate is for {fact.host}")
    shown = ", ".join(fact.names[:8]) or "nobody"
    remedy = f"add {fact.host} to public.names or agents.names of the controller, or call it by a name that it has"
    return error(fact.endpoint, f"its certificate is for {shown}, not for {fact.host}", remedy)


def dates(fact: Handshake) -> Judgement:
    """Judge whether a listener's certificate is valid today."""
    if fact.begins is None or fact.ends is None:
        return skipped(fact.endpoint, _no_certificate(fact) or "its certificate is not trusted")
    return _of_today(
        fact.endpoint,
        "its certificate",
        (fact.begins, fact.ends, fact.now),
        due=_DUE_DAYS,
        renewal="restart the controller, which renews it",
    )


def accepted(fact: Handshake) -> Judgement:
    """Judge whether the agent listener takes this agent's certificate."""
    if reason := _no_certificate(fact) or ("the listener itself is not trusted" if fact.chain else ""):
        return skipped(fact.endpoint, reason)
    if not fact.refused:
        return ok(fact.endpoint, "takes this agent's certificate")
    return error(
        fact.endpoint, f"refuses this agent's certificate: {fact.refused}", "attune agent invite NAME, then here: attune agent join --force"
    )


def stored(fact: Certificate) -> Judgement:
    """Judge a certificate on this host's disk."""
    if fact.trouble:
        return error(fact.path, f"{fact.what} cannot be read: {fact.trouble}", fact.renewal)
    return _of_today(fact.path, fact.what, (fact.begins, fact.ends, fact.now), due=fact.due_days, renewal=fact.renewal)


def _no_certificate(fact: Handshake) -> str:
    if fact.trouble:
        return UNREACHED
    return "it shows no certificate" if fact.other_speech or not fact.tls else ""


def _of_today(about: str, what: str, times: tuple[float, float, float], *, due: int, renewal: str) -> Judgement:
    begins, ends, now = times
    if now < begins:
        return error(about, f"{what} is not valid before {_moment(begins)}, and here it is {_moment(now)}: a clock is wrong", _CLOCK)
    if now >= ends:
        return error(about, f"{what} has expired at {_moment(ends)} (here it is {_moment(now)})", renewal)
    left = (ends - now) / _DAY
    if left < due:
        return warning(about, f"{what} expires in {left:.1f} days, at {_moment(ends)}", renewal)
    return ok(about, f"{what} is valid until {_moment(ends)}")


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _fits(host: str, name: str) -> bool:
    """Tell whether a name of a certificate means this host (RFC 9525: a star is one whole first label; addresses are compared as such)."""
    host, name = host.lower().rstrip("."), name.lower()
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.partition(".")[2] == name[2:] if name.startswith("*.") else host == name
    try:
        return address == ipaddress.ip_address(name)
    except ValueError:
        return False
