"""Message: what all bodies of wire protocol 1 share.

The root of the models in assignment, stream_frames, agent_frames, sensors and session.
"""

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    """What all bodies share: frozen, and open for fields of a later version."""

    model_config = ConfigDict(frozen=True, extra="ignore")
