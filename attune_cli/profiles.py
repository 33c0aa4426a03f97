"""Profile: a controller's address, its authority and a token, in one 0600 file; written by `attune login`, read by every remote command."""

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from attune_cli.errors import HomeMissing, NotLoggedIn, OutputUnwritable, ProfileBroken
from attune_core.names import is_name


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What it takes to talk to one controller; authority is PEM, empty for plain HTTP on loopback."""

    url: str
    authority: str
    token: str


def profile_directory() -> Path:
    """Return where profiles live (XDG base directory specification)."""
    if base := os.environ.get("XDG_CONFIG_HOME"):
        return Path(base) / "attune" / "profiles"
    try:
        return Path.home() / ".config" / "attune" / "profiles"
    except RuntimeError as error:
        raise HomeMissing from error


def profile_name(chosen: str | None) -> str:
    """Return the name from the flag, ATTUNE_PROFILE, or `default`."""
    name = chosen or os.environ.get("ATTUNE_PROFILE") or "default"
    if not is_name(name):
        raise NotLoggedIn(f"{name!r} is no name of a profile")
    return name


def save_profile(name: str, profile: Profile) -> Path:
    """Write a profile whole or not at all, readable by its owner only."""
    directory = profile_directory()
    target = directory / f"{name}.json"
    draft = target.with_suffix(f".{os.getpid()}")
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
            json.dump(asdict(profile), out)
        draft.replace(target)
    except OSError as error:
        raise OutputUnwritable(
            f"{target}: {error.strerror}", hint="make it writable, or set XDG_CONFIG_HOME to a folder that is"
        ) from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return target


def load_profile(chosen: str | None) -> Profile:
    """Read a profile; `NotLoggedIn` without one, `ProfileBroken` when it is unreadable or others may read it."""
    name = profile_name(chosen)
    path = profile_directory() / f"{name}.json"
    try:
        if path.stat().st_mode & 0o077:
            raise ProfileBroken(f"{path} may be read by other users")
        content = json.loads(path.read_text(encoding="utf-8"))
        return Profile(url=str(content["url"]), authority=str(content["authority"]), token=str(content["token"]))
    except FileNotFoundError as error:
        raise NotLoggedIn(f"there is no profile {name}") from error
    except OSError as error:
        hint = "run it as the user whose profile it is, or `attune login URL` as yourself"
        raise ProfileBroken(f"{path}: {error.strerror}", hint=hint) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ProfileBroken(f"{path}: {error}") from error
