"""Clones: tells whether two copies of one agent's state directory are alive, from what hellos say; pure, no clock.

Asked by `greeting` at every hello and by `stream` at every stream. A state directory stores the session it got before it opens that
session's stream. So a hello whose `previous` is neither the last session that had a stream nor one given out since comes from a copy, or is
an old one that the network held back; and so does, or is, a boot that comes back after another boot of the same instance was heard. Who
opens the stream of a session that was given to such a hello is alive now, and a copy (decision 0029). What is known lives in memory: a
restart of the controller begins anew, and a lock ends with it or with the agent's next instance (joining anew).
"""

from dataclasses import dataclass, field

from attune_controller.errors import AgentCloned
from attune_core.wire.session import Hello

#: Sessions without a stream and boots remembered per agent; beyond it the oldest is forgotten.
MEMORY = 64


@dataclass
class _Life:
    """What is known of one instance of one agent."""

    instance: str
    boot: str
    streamed: str = ""  # the last session that had a stream
    given: list[str] = field(default_factory=list)  # sessions since then
    boots: list[str] = field(default_factory=list)  # boots before this one
    doubtful: list[str] = field(default_factory=list)  # sessions given to hellos that come from a copy, or came late
    locked: bool = False


class Clones:
    """One life per agent's name."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._lives: dict[str, _Life] = {}

    def greet(self, name: str, hello: Hello, session: str) -> bool:
        """Take a hello that is about to get this session; False when it is from a copy or late. `AgentCloned` once two are known."""
        life = self._lives.get(name)
        if life is None or life.instance != hello.instance:
            life = self._lives[name] = _Life(instance=hello.instance, boot=hello.boot_id)
        elif life.locked:
            raise _cloned(name)
        elif _is_doubtful(life, hello):
            life.doubtful = [*life.doubtful[-MEMORY:], session]
            return False
        if hello.boot_id != life.boot:
            life.boots = [*life.boots[-MEMORY:], life.boot]
            life.boot = hello.boot_id
        life.given = [*life.given[-MEMORY:], session]
        return True

    def locked(self, name: str) -> bool:
        """Tell whether an agent is locked out because there are two of it."""
        life = self._lives.get(name)
        return life is not None and life.locked

    def streaming(self, name: str, session: str) -> None:
        """Take note that a session's stream was opened: the agent has stored its name. `AgentCloned` when that shows that there are two."""
        life = self._lives.get(name)
        if life is not None and session in life.doubtful:
            life.locked = True
            raise _cloned(name)
        if life is not None and session in life.given:
            life.streamed, life.given = session, life.given[life.given.index(session) + 1 :]


def _cloned(name: str) -> AgentCloned:
    return AgentCloned(f"two copies of the state directory of {name} are alive")


def _is_doubtful(life: _Life, hello: Hello) -> bool:
    if hello.boot_id in life.boots:
        return True
    # An agent that does not send `previous` is only watched by its boots.
    return bool(hello.previous and life.streamed) and hello.previous not in (life.streamed, *life.given)
