"""GitSource: the controller's bare mirror of one branch, and the only place where the controller starts git itself.

Called by the steps of reconcile; the catalog is then read from the mirror by attune_core.catalog.git_tree. The shape of every command is
the safe one of facts.md: fixed argv, no system or user configuration, no hooks, no prompts, few protocols, a fixed refspec, bounds.
"""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from attune_controller.child_process import Bounds, Finished, run
from attune_controller.errors import BranchMissing, FetchFailed, GitMissing, MirrorUnreadable
from attune_core.failpoints import failpoint
from attune_core.safe_text import safe_text

#: What the branch pointed to when it was fetched last, the newest commit that passed `verify`, and the one that is live.
OBSERVED, TRUSTED, LIVE = "refs/attune/observed", "refs/attune/trusted", "refs/attune/live"
#: Packs (each fetch that brings something leaves one) from which on `tidy` makes one of them.
PACKS = 50

_CONFIGURATION = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.fsync=all",
    "transfer.fsckObjects=true",
    "protocol.ext.allow=never",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "credential.helper=",
    "http.followRedirects=false",
)
#: What git needs from the controller's own environment to leave a host: certificate roots, proxies and the ssh agent.
_PASSED = ("PATH", "HOME", "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSH_AUTH_SOCK")
#: Seconds for a look into a file's history, whose length nobody bounds.
_LOOK = 5.0
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_CREDENTIAL = re.compile(r"//[^/@\s]+@")


@dataclass(frozen=True, kw_only=True)
class Remote:
    """Where revisions come from; a local path or file:// works only when `local` says so (tests, `attune up`)."""

    url: str
    branch: str
    local: bool = False


@dataclass(frozen=True, kw_only=True)
class Change:
    """The last commit that touched a file, as its author wrote it; `at` is RFC 3339."""

    commit: str
    author: str
    at: str
    subject: str


class GitSource:
    """The mirror. It has no work tree, so nothing of a repository is ever checked out or executed."""

    def __init__(self, mirror: Path, remote: Remote, *, seconds: float, size: int) -> None:
        """Take the place of the mirror and the bounds of one fetch: wall time, and bytes of one file it may write."""
        self._mirror, self._remote = mirror, remote
        self._bounds = Bounds(seconds=seconds, file_size=size)
        self._env = _environment(os.environ, local=remote.local)

    @property
    def mirror(self) -> Path:
        """The bare repository."""
        return self._mirror

    async def prepare(self) -> None:
        """Make the mirror if there is none and sweep what a killed git left in it; `GitMissing` without git."""
        done = await self._git("init", "--quiet", "--bare", "--initial-branch=attune", "--end-of-options", str(self._mirror), inside=False)
        if done.returncode:
            raise MirrorUnreadable(f"git init ended with {done.returncode}: {_last_words(done.stderr)}")
        _sweep(self._mirror)

    async def fetch(self) -> str:
        """Bring the branch into the mirror and return its commit; `FetchFailed` or `BranchMissing`, never with a credential in it."""
        branch = f"refs/heads/{self._remote.branch}"
        words = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--end-of-options", self._remote.url, f"+{branch}:{OBSERVED}")
        try:
            done = await self._git(*words)
        except FetchFailed:
            _sweep(self._mirror)
            raise
        failpoint("c9")
        if done.returncode == 0 and (commit := await self._commit_of(OBSERVED)):
            return commit
        if b"couldn't find remote ref" in done.stderr:
            raise BranchMissing(f"the repository has no branch {self._remote.branch}")
        _sweep(self._mirror)
        raise FetchFailed(f"git fetch ended with {done.returncode}: {_last_words(done.stderr)}")

    async def trusted(self) -> str:
        """Return the newest commit that was accepted as the branch's history; empty for a new mirror."""
        return await self._commit_of(TRUSTED)

    async def trust(self, commit: str) -> None:
        """Remember a commit as the one that later ones must descend from."""
        await self._point(TRUSTED, commit)

    async def pin(self, commit: str) -> None:
        """Keep a commit although the branch may leave it behind: it is live, and a restart reads it again."""
        await self._point(LIVE, commit)

    async def tidy(self) -> None:
        """Make one pack of many; what is no longer reachable goes. Nothing depends on its success."""
        settings = ("gc.auto=2000", f"gc.autoPackLimit={PACKS}", "gc.autoDetach=false", "gc.pruneExpire=now")
        words = (*(word for line in settings for word in ("-c", line)), "gc", "--auto", "--quiet")
        with suppress(FetchFailed):
            await self._git(*words)

    async def descends(self, commit: str, ancestor: str) -> bool:
        """Tell whether a commit is the other one or has it in its history; an ancestor the mirror does not know is not."""
        done = await self._git("merge-base", "--is-ancestor", "--end-of-options", ancestor, commit)
        return done.returncode == 0

    async def has(self, commit: str) -> bool:
        """Tell whether the mirror holds a commit."""
        return bool(await self._commit_of(commit))

    async def last_change(self, commit: str, path: str) -> Change | None:
        """Return the last commit up to this one that touched a file; None when there is none. `FetchFailed` when that takes too long."""
        words = ("log", "-1", "--format=%H%x00%an%x00%aI%x00%s", "--end-of-options", commit, "--", f":(literal){path}")
        done = await self._git(*words, seconds=_LOOK)
        found = done.stdout.decode("utf-8", "replace").rstrip("\n").split("\0")
        if done.returncode or len(found) != 4:
            return None
        return Change(commit=found[0], author=safe_text(found[1], limit=100), at=found[2][:40], subject=safe_text(found[3], limit=200))

    async def _point(self, name: str, commit: str) -> None:
        done = await self._git("update-ref", "--end-of-options", name, commit)
        if done.returncode:
            raise MirrorUnreadable(f"git update-ref ended with {done.returncode}: {_last_words(done.stderr)}")

    async def _commit_of(self, name: str) -> str:
        done = await self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        found = done.stdout.decode("ascii", "replace").strip()
        return found if done.returncode == 0 and _COMMIT.fullmatch(found) else ""

    async def _git(self, *words: str, inside: bool = True, seconds: float | None = None) -> Finished:
        configuration = [word for line in _CONFIGURATION for word in ("-c", line)]
        place = ["--git-dir", str(self._mirror)] if inside else []
        bounds = self._bounds if seconds is None else replace(self._bounds, seconds=seconds)
        try:
            return await run(["git", *configuration, *place, *words], env=self._env, bounds=bounds)
        except FileNotFoundError as error:
            raise GitMissing("there is no program git in PATH") from error
        except TimeoutError as error:
            raise FetchFailed(f"git {words[0]} took longer than {bounds.seconds:g} s") from error


def _environment(ours: Mapping[str, str], *, local: bool) -> Mapping[str, str]:
    roots = {"GIT_SSL_CAINFO": ours["SSL_CERT_FILE"]} if ours.get("SSL_CERT_FILE") else {}
    return (
        roots
        | {name: ours[name] for name in _PASSED if name in ours}
        | {
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "/bin/false",
            "GIT_SSH_COMMAND": "ssh -oBatchMode=yes -oStrictHostKeyChecking=yes -oForwardAgent=no -oClearAllForwardings=yes",
            "GIT_ALLOW_PROTOCOL": "https:ssh:file" if local else "https:ssh",
            "LC_ALL": "C",
        }
    )


def _sweep(mirror: Path) -> None:
    """Remove locks and halves of a git that was killed; the state directory's lock says that no other git is at work here."""
    for pattern in ("*.lock", "tmp_*"):
        for left in mirror.rglob(pattern):
            with suppress(OSError):
                left.unlink()


def _last_words(stderr: bytes) -> str:
    """Return what git said last, as safe text without anything that may be a credential."""
    lines = [line for line in stderr.decode("utf-8", "backslashreplace").splitlines() if line.strip()]
    return safe_text(_CREDENTIAL.sub("//…@", "; ".join(lines[-2:])), limit=300) or "no message"
