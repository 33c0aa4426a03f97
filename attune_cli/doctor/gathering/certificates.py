"""Certificates on this host's disk: the controller's authority, its listeners', and the agent's; called by `table`."""

from collections.abc import Iterator
from pathlib import Path

from attune_cli.doctor.facts import Certificate
from attune_cli.doctor.findings import Unseen
from attune_cli.doctor.here import Here

_ROOT = "sudo attune doctor"


def certificates(here: Here) -> Iterator[Certificate | Unseen]:
    """Yield those that are there."""
    if here.controller:
        state, settings = here.controller.state, here.controller.settings
        yield from _read(
            here,
            "controller",
            state / "ca" / "ca.pem",
            "the controller's own authority",
            "plan a new one: every agent has to join again",
            due=365,
        )
        yield from _read(
            here, "controller", state / "ca" / "server.pem", "the controller's certificate", "restart the controller, which renews it"
        )
        if settings and settings.public.tls:
            yield from _read(here, "controller", settings.public.tls.cert, "the certificate of public.tls", "renew it where it comes from")
    if here.agent:
        name = here.agent.controller.name if here.agent.controller else "NAME"
        renewal = f"attune agent invite {name} (as an operator), then here: attune agent join --force"
        yield from _read(here, "agent", here.agent.layout.certificate, "this agent's certificate", renewal)


def _read(here: Here, program: str, path: Path, what: str, renewal: str, *, due: int = 10) -> Iterator[Certificate | Unseen]:
    try:
        from cryptography import x509

        found = x509.load_pem_x509_certificate(path.read_bytes())
    except FileNotFoundError:
        return  # that there is none is said of the listeners, and by `agent.joined`
    except PermissionError:
        yield Unseen(program=program, about=str(path), why="is not for this user to read", remedy=_ROOT)
        return
    except ImportError:
        yield Unseen(program=program, about=str(path), why="this command is installed without what reads certificates")
        return
    except (OSError, ValueError) as error:
        words = error.strerror if isinstance(error, OSError) else "it is no certificate in PEM"
        yield Certificate(program=program, path=str(path), what=what, renewal=renewal, trouble=words or str(error))
        return
    yield Certificate(
        program=program,
        path=str(path),
        what=what,
        begins=found.not_valid_before_utc.timestamp(),
        ends=found.not_valid_after_utc.timestamp(),
        now=here.now,
        renewal=renewal,
        due_days=due,
    )
