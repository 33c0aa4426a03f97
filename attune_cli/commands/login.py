"""`attune login`: remember a controller, its authority and a token; the authority is pinned by its fingerprint, never trusted at sight."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from attune_cli.authority import fingerprint_of, local_access, normal_fingerprint
from attune_cli.client import Client, fetch_authority
from attune_cli.commands.options import ProfileName, command
from attune_cli.errors import BadArgument, FingerprintDiffers
from attune_cli.profiles import Profile, profile_name, save_profile
from attune_cli.render.output import show_line
from attune_cli.tokens import read_token
from attune_core.wire.api import StatusView

app = command()


@app.command()
def login(
    url: Annotated[str | None, typer.Argument(help="The controller's public address, such as https://attune.example.org:7443.")] = None,
    fingerprint: Annotated[
        str | None, typer.Option("--ca-fingerprint", help="sha256 of the controller's authority, as it printed it.")
    ] = None,
    token_file: Annotated[Path | None, typer.Option(help="Read the token from this file instead of a prompt or standard input.")] = None,
    state: Annotated[Path | None, typer.Option(help="On the controller's own host: take everything from its state directory.")] = None,
    profile: ProfileName = None,
) -> None:
    """Remember a controller; the token comes from a prompt, standard input or a file, never from the command line.

    Example: attune login https://attune.example.org:7443 --ca-fingerprint sha256:…

    Example: attune login --state /var/lib/attune-controller
    """
    if state is not None:
        found = local_access(state)
    elif url is None:
        raise BadArgument("name the controller's address, or --state on its own host")
    else:
        found = Profile(url=url, authority=_authority(url, fingerprint), token=read_token(token_file, prompt="Token"))
    with Client(found) as client:
        status = client.get("/v1/status", StatusView)
    path = save_profile(profile_name(profile), found)
    show_line(f"logged in to {found.url} (attune {status.version}); profile {path}")


def _authority(url: str, fingerprint: str | None) -> str:
    if url.startswith("http://"):
        if not url.startswith(("http://127.0.0.1", "http://localhost", "http://[::1]")):
            raise BadArgument("plain HTTP is only for a controller on this machine")
        return ""
    authority = fetch_authority(url)
    shown = fingerprint_of(authority)
    if fingerprint is not None:
        if normal_fingerprint(fingerprint) != shown:
            raise FingerprintDiffers(f"{url} shows an authority with sha256:{shown}")
    elif not sys.stdin.isatty() or not typer.confirm(
        f"The controller's authority has sha256:{shown}\nIs that what the controller printed?"
    ):
        raise FingerprintDiffers(f"the authority sha256:{shown} was not confirmed", hint="give --ca-fingerprint")
    return authority
