"""Unreached: why a controller gave no answer, out of the chain of errors that the HTTP library leaves, in words and with a remedy.

Called by `client` for every request; pure.
"""

import socket
import ssl
from collections.abc import Iterator

from attune_cli.errors import (
    CertificateExpired,
    CertificateNotYetValid,
    CertificateRefused,
    ControllerUnreachable,
    HostUnknown,
    OtherSpeech,
)
from attune_core.errors import AttuneError

#: OpenSSL's X509_V_ERR_*: not yet valid, expired, and the names that do not fit.
_NOT_YET, _EXPIRED, _NAMES = 9, 10, frozenset({62, 63, 64})
#: What TLS makes of bytes that are none.
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"})


def unreached(url: str, error: BaseException, *, patience: float, heard: bool) -> AttuneError:
    """Return what to say of an error of the library; `heard`: it has answered before.

    `patience` is how long an answer was waited for, seconds.
    """
    for cause in _causes(error):
        if (known := _known(url, cause, patience)) is not None:
            return known
    if not heard and url.startswith("http://") and type(error).__name__ in {"RemoteProtocolError", "ReadError"}:
        return OtherSpeech(f"{url} does not answer as plain HTTP does: {error or 'it closed the connection'}")
    return ControllerUnreachable(f"{url}: {error or type(error).__name__}")


def _known(url: str, cause: BaseException, patience: float) -> AttuneError | None:
    match cause:
        case ssl.SSLCertVerificationError():
            found: AttuneError = _refused(url, cause)
        case ssl.SSLError() if cause.reason in _NO_TLS:
            found = OtherSpeech(f"{url} does not speak TLS", hint="write http:// if it is plain HTTP; else check the port")
        case socket.gaierror():
            found = HostUnknown(f"{url}: the name has no address ({cause.strerror})")
        case ConnectionRefusedError():
            found = ControllerUnreachable(f"{url}: nobody listens there (connection refused)")
        case TimeoutError():
            found = ControllerUnreachable(f"{url}: no answer within {patience:g} s")
        case _:
            return None
    return found


def _refused(url: str, error: ssl.SSLCertVerificationError) -> AttuneError:
    if error.verify_code == _NOT_YET:
        return CertificateNotYetValid(f"{url}: the certificate is not valid yet: this machine's clock is behind, or the controller's ahead")
    if error.verify_code == _EXPIRED:
        return CertificateExpired(f"{url}: the certificate has expired, by this machine's clock")
    if error.verify_code in _NAMES:
        hint = "use a name that the certificate has, or add this one to public.names of the controller's settings"
        return CertificateRefused(f"{url}: {error.verify_message}", hint=hint)
    return CertificateRefused(f"{url}: the certificate is not by the authority that the profile trusts ({error.verify_message})")


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__
