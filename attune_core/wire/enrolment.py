"""How a host gets its first certificate: the request to the public listener, and what joins the agent to its controller.

Sent by agent `join` through its link, answered by the controller's `identity/enrolment`.
"""

from pydantic import Field

from attune_core.names import AgentName
from attune_core.wire.message import Message


class Enrolment(Message):
    """An agent's request for its first certificate, sent to the public listener."""

    token: str = Field(max_length=256)
    name: AgentName
    csr: str = Field(max_length=8192)  # PEM


class Enrolled(Message):
    """What joins the agent to its controller."""

    name: AgentName
    certificate: str  # PEM
    authority: str  # PEM of the controller's CA
    agent_url: str  # https://host:port of the agent listener
    labels: dict[str, str] = Field(default_factory=dict)
