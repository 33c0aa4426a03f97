"""The version numbers that two programs compare before they talk; read by every program's composition root."""

VERSION = "0.1.0"
#: `format:` of attune.yaml.
REPOSITORY_FORMAT = 1
#: The header `Attune-Protocol` between agent and controller (docs/contract/wire.md).
WIRE_PROTOCOL = 1
