"""Contact: what the agent makes of its controller's silence, and of being given up."""

from attune_agent.contact import Contact
from attune_agent.errors import LifeOver, SessionRefused
from attune_agent.link import refusal
from attune_core.wire.api import Failure
from tests.controller.clocks import StandingClock


def test_nothing_starts_when_the_controller_was_silent_for_too_long() -> None:
    clock = StandingClock()
    contact = Contact(clock, offline_limit=3600.0)
    clock.time += 3601
    assert "offline_limit" in contact.closed()
    contact.opened()
    assert contact.closed() == ""


def test_nothing_starts_once_the_controller_has_forgotten_this_agent() -> None:
    contact = Contact(StandingClock())
    said = refusal(Failure(title="t", status=403, detail="no agent one is enrolled", code="ATT650", remedy="join it anew"))
    assert isinstance(said, LifeOver)
    assert said.hint == "join it anew"
    assert isinstance(refusal(Failure(title="t", status=403, detail="replaced", code="ATT653")), LifeOver)
    assert type(refusal(Failure(title="t", status=403, detail="expired", code="ATT510"))) is SessionRefused
    contact.forgotten = True
    assert contact.closed() == "the controller has given this agent up"
    contact.opened()
    assert contact.closed() == ""
