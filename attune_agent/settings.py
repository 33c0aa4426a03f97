"""The agent's settings: flags over environment variables over defaults, and the host's agent.yaml; read once, by `main`.

docs/settings.md is their page. Identity and controller are not settings: joining writes them into the state directory.
"""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from attune_agent.errors import SettingsRefused
from attune_agent.host_settings import DEFAULT_FILE, HostSettings, read_host_settings
from attune_agent.layout import DEFAULT_RUN, DEFAULT_STATE, Layout

LOG_LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True, kw_only=True)
class AgentSettings:
    """What one agent process is told."""

    layout: Layout
    host: HostSettings
    #: The host's agent.yaml, which is looked into again for a pause.
    config: Path = DEFAULT_FILE
    #: `http://host:port` of an HTTP CONNECT proxy to the controller; empty: none.
    proxy: str = ""
    log_level: str = "info"


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of `attune-agent run`; each has an environment variable of the same meaning."""
    parser.add_argument("--state", metavar="DIR", help=f"state directory ($ATTUNE_AGENT_STATE, default {DEFAULT_STATE})")
    parser.add_argument("--run", metavar="DIR", help=f"directory of the executor's socket ($ATTUNE_AGENT_RUN, default {DEFAULT_RUN})")
    parser.add_argument("--config", metavar="FILE", help=f"the host's settings ($ATTUNE_AGENT_CONFIG, default {DEFAULT_FILE})")
    parser.add_argument("--proxy", metavar="URL", help="HTTP CONNECT proxy to the controller ($ATTUNE_AGENT_PROXY)")
    parser.add_argument("--log-level", choices=LOG_LEVELS, help="($ATTUNE_AGENT_LOG_LEVEL, default info)")


def read_settings(flags: argparse.Namespace, environment: Mapping[str, str]) -> AgentSettings:
    """Return the settings; `SettingsRefused`, `HostSettingsRefused`."""
    given = {name: text for name, text in vars(flags).items() if isinstance(text, str)}

    def value(name: str, default: str) -> str:
        return given.get(name) or environment.get(f"ATTUNE_AGENT_{name.upper()}") or default

    config = value("config", "")
    proxy = value("proxy", "")
    if proxy and not proxy.startswith(("http://", "https://")):
        raise SettingsRefused("the proxy is no URL of the form http://host:port")
    level = value("log_level", "info")
    if level not in LOG_LEVELS:
        raise SettingsRefused(f"the log level {level[:40]!r} is none of {', '.join(LOG_LEVELS)}")
    layout = Layout(state=_absolute(value("state", str(DEFAULT_STATE))), run=_absolute(value("run", str(DEFAULT_RUN))))
    host = read_host_settings(Path(config or DEFAULT_FILE), required=bool(config))
    return AgentSettings(layout=layout, host=host, config=Path(config or DEFAULT_FILE), proxy=proxy, log_level=level)


def parse_flags(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command line of `attune-agent`; argparse ends the program with 2 for a wrong one."""
    parser = argparse.ArgumentParser(prog="attune-agent", description="Runs on a host what the controller assigns to it, in order.")
    commands = parser.add_subparsers(dest="command", required=True)
    add_flags(commands.add_parser("run", help="connect to the controller and run what it assigns"))
    flags = commands.add_parser("executor-flags", help="print the flags of attune-executor that the host's settings stand for, one a line")
    flags.add_argument("--config", metavar="FILE", help=f"the host's settings ($ATTUNE_AGENT_CONFIG, default {DEFAULT_FILE})")
    return parser.parse_args(argv)


def _absolute(text: str) -> Path:
    return Path(os.path.abspath(text))  # noqa: PTH100 - a link in it stays one
