"""What can go wrong with certificates and credentials; answered as problem+json or, at start, ending the controller with a message.

AttuneError
└── IdentityError                ATT500
    ├── AuthorityUnusable        ATT501   at start, by ca
    ├── ServerNameInvalid        ATT502   at start, by server_certificate
    ├── TlsFilesUnusable         ATT503   at start, by http.tls
    ├── PlainHttpExposed         ATT504   at start, by http.tls
    ├── CredentialMissing        ATT505   by the API's guard
    ├── CredentialUnknown        ATT506   by the API's guard
    ├── ScopeMissing             ATT507   by the API's guard
    ├── ScopeUnknown             ATT508   by tokens
    ├── SigningRequestRefused    ATT509   by enrolment
    └── CertificateRefused       ATT510   by the agent listener's guard
        └── CertificateReplaced  ATT653   by the agent listener's guard
"""

from attune_core.errors import AttuneError, Blame


class IdentityError(AttuneError):
    """Something about who is who does not hold."""

    code, blame = "ATT500", Blame.HOST
    remedy = "see the message"


class AuthorityUnusable(IdentityError):
    """The controller's certificate authority cannot be used: a file of it is missing, damaged, or readable by others."""

    code, blame = "ATT501", Blame.HOST
    remedy = "restore <state>/ca from a backup with mode 0600; if it is lost for good, remove the folder and join every agent again"


class ServerNameInvalid(IdentityError):
    """A name that the server's certificate should carry is neither a host name nor an IP address."""

    code, blame = "ATT502", Blame.HOST
    remedy = "write plain host names (xn-- form for others) and IP addresses, without scheme and port"


class TlsFilesUnusable(IdentityError):
    """The certificate or key that the settings name cannot be loaded, or they do not belong together."""

    code, blame = "ATT503", Blame.HOST
    remedy = "check tls.cert (PEM, the server's certificate first) and tls.key (PEM, unencrypted) in the controller's settings"


class PlainHttpExposed(IdentityError):
    """Plain HTTP was asked for on an address that is not loopback, where tokens and signatures would travel in clear."""

    code, blame = "ATT504", Blame.HOST
    remedy = "listen on 127.0.0.1 or ::1 behind the proxy, or let the controller serve TLS itself"


class CredentialMissing(IdentityError):
    """The request needs an API token and carries none, or not exactly one."""

    code, blame = "ATT505", Blame.AUTHOR
    remedy = "send `Authorization: Bearer attune_...`; `attune login URL` keeps a token for the command line"


class CredentialUnknown(IdentityError):
    """The API token is not one of this controller's, or was removed."""

    code, blame = "ATT506", Blame.AUTHOR
    remedy = "ask an administrator for a token: attune controller token"


class ScopeMissing(IdentityError):
    """The API token does not have the scope that this request needs."""

    code, blame = "ATT507", Blame.AUTHOR
    remedy = "use a token with that scope; an administrator makes one: attune controller token"


class ScopeUnknown(IdentityError):
    """A scope that does not exist was asked for, or none at all."""

    code, blame = "ATT508", Blame.AUTHOR
    remedy = "choose among events:send, read, operate and admin"


class SigningRequestRefused(IdentityError):
    """The certificate signing request is not PEM, not signed by its own EC P-256 key, or not for the name that enrols."""

    code, blame = "ATT509", Blame.AUTHOR
    remedy = "let `attune agent join` make the request"


class CertificateRefused(IdentityError):
    """The agent's certificate names no agent, or has expired."""

    code, blame = "ATT510", Blame.HOST
    remedy = "join the agent again with a new join token: attune agent invite NAME"


class CertificateReplaced(CertificateRefused):
    """The agent's certificate was replaced by a newer enrolment of the same name: another host, or this one after it joined again."""

    code, blame = "ATT653", Blame.HOST
    remedy = "restart the agent if it was joined again here; if another host has its name now, stop it and remove <state>/agent"
