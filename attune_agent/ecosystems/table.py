"""The table of ecosystems, which is the whole of their registration: the type checker refuses a half-written one here.

Read by `environments.environments`; docs/howto/add-an-ecosystem.md says what belongs to a new line.
"""

from collections.abc import Mapping

from attune_agent.ecosystems.go import Go
from attune_agent.ecosystems.java import Java
from attune_agent.ecosystems.node import Node
from attune_agent.ecosystems.protocol import Ecosystem
from attune_agent.ecosystems.python import Python
from attune_agent.ecosystems.rust import Rust
from attune_agent.ecosystems.shell import Shell

ECOSYSTEMS: Mapping[str, Ecosystem] = {
    "shell": Shell(),
    "python": Python(),
    "node": Node(),
    "go": Go(),
    "rust": Rust(),
    "java": Java(),
}
