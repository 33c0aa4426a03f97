"""What installers prove themselves with to private registries, and the files in which they look for it.

Resolved by `environments.build` for one build, from what the host's `network.credentials` name; ecosystems give the files of their
installer to `Build.run.install`. They exist only in the build's private HOME, on a tmpfs, and never in a variable or an argument.
"""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from attune_agent.preparation_errors import SecretRefused

#: What a netrc file can hold without quotes, which its readers do not agree on.
PLAIN = r"^[!$-\[\]-~][!#-\[\]-~]{0,1023}$"


@dataclass(frozen=True, kw_only=True)
class Credential:
    """One registry host and who we are there."""

    host: str  # a name, perhaps with `:port`
    username: str
    password: str = field(repr=False)

    @property
    def basic(self) -> str:
        """Return the two as HTTP has them."""
        return base64.b64encode(f"{self.username}:{self.password}".encode()).decode("ascii")


def credential(host: str, username: str, name: str, password: str) -> Credential:
    """Return the credential with the secret of that name; `SecretRefused` when installers' files have no way to write it."""
    if not re.fullmatch(PLAIN, password, re.ASCII):
        raise SecretRefused(
            f"the secret {name} cannot be a registry's password: blanks, quotes and backslashes have no place in a netrc file"
        )
    return Credential(host=host, username=username, password=password)


def netrc(credentials: Sequence[Credential]) -> Mapping[str, bytes]:
    """Return the file that uv, go and curl read; it knows no ports."""
    lines = [f"machine {one.host.partition(':')[0]} login {one.username} password {one.password}\n" for one in credentials]
    return {".netrc": "".join(lines).encode()} if lines else {}


def npmrc(credentials: Sequence[Credential]) -> Mapping[str, bytes]:
    """Return the file that npm reads."""
    lines = [f"//{one.host}/:_auth={one.basic}\n" for one in credentials]
    return {".npmrc": "".join(lines).encode()} if lines else {}


def cargo_files(index: str, credentials: Sequence[Credential]) -> Mapping[str, bytes]:
    """Return the files that cargo reads: the index that stands for the public registry's, and who we are there."""
    settings = f"""\
[source.crates-io]
replace-with = "host"

[registries.host]
index = {json.dumps(index)}

[registry]
global-credential-providers = ["cargo:token"]
"""
    place = urlsplit(index.removeprefix("sparse+")).netloc
    known = next((f'[registries.host]\ntoken = "Basic {one.basic}"\n' for one in credentials if one.host == place), None)
    files = {".cargo/config.toml": settings.encode()}
    return files if known is None else {**files, ".cargo/credentials.toml": known.encode()}
