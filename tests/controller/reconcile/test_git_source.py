"""The mirror against real git: what is fetched, what is refused, and what a message may say."""

import secrets
from pathlib import Path

import pytest

from attune_controller.errors import BranchMissing, FetchFailed, GitMissing
from attune_controller.git_source import GitSource, Remote
from tests.controller.pushes import Pushes


@pytest.fixture
def pushes(tmp_path: Path) -> Pushes:
    return Pushes(tmp_path / "origin")


def source_of(tmp_path: Path, url: str, *, local: bool = True, seconds: float = 20, size: int = 64 << 20) -> GitSource:
    return GitSource(tmp_path / "mirror.git", Remote(url=url, branch="main", local=local), seconds=seconds, size=size)


async def test_the_newest_commit_of_the_branch_is_fetched(tmp_path: Path, pushes: Pushes) -> None:
    source = source_of(tmp_path, str(pushes.bare))
    await source.prepare()
    first = pushes.publish({"attune.yaml": "format: 1\n"})
    assert await source.fetch() == first
    second = pushes.publish({"attune.yaml": "format: 1\n# more\n"})
    assert await source.fetch() == second
    assert await source.descends(second, first)
    assert not await source.descends(first, second)
    assert await source.has(first)
    assert not await source.has("1" * 40)


async def test_preparing_twice_keeps_what_was_fetched_and_trusted(tmp_path: Path, pushes: Pushes) -> None:
    source = source_of(tmp_path, str(pushes.bare))
    await source.prepare()
    commit = pushes.publish({"a": "1"})
    await source.fetch()
    assert await source.trusted() == ""
    await source.trust(commit)
    again = source_of(tmp_path, str(pushes.bare))
    await again.prepare()
    assert await again.trusted() == commit
    assert await again.has(commit)


async def test_locks_and_halves_of_a_killed_git_are_swept(tmp_path: Path, pushes: Pushes) -> None:
    source = source_of(tmp_path, str(pushes.bare))
    await source.prepare()
    locks = [source.mirror / "refs/attune/observed.lock", source.mirror / "objects/pack/tmp_pack_x", source.mirror / "packed-refs.lock"]
    for lock in locks:
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.write_text("")
    await source.prepare()
    commit = pushes.publish({"a": "1"})
    assert await source.fetch() == commit
    assert not any(lock.exists() for lock in locks)


async def test_the_last_change_of_a_file_names_its_author_whatever_it_is_called(tmp_path: Path, pushes: Pushes) -> None:
    source = source_of(tmp_path, str(pushes.bare))
    await source.prepare()
    pushes.publish({"rules/*.yaml": "1", "rules/a.yaml": "1"})
    pushes.write({"rules/*.yaml": "2"})
    pushes.git("commit", "--quiet", "--all", "--author", "Eve\u202e \x1b[31mred <eve@example.org>", "-m", "a change")
    changed = pushes.git("rev-parse", "HEAD")
    later = pushes.publish({"rules/a.yaml": "2"})
    await source.fetch()
    found = await source.last_change(later, "rules/*.yaml")
    assert found is not None
    assert (found.commit, found.subject) == (changed, "a change")
    assert found.author == "Eve\\u202e \\x1b[31mred"
    assert await source.last_change(later, "rules/none.yaml") is None
    assert await source.last_change("1" * 40, "rules/a.yaml") is None


async def test_a_missing_branch_is_said_as_such(tmp_path: Path, pushes: Pushes) -> None:
    source = source_of(tmp_path, str(pushes.bare))
    await source.prepare()
    with pytest.raises(BranchMissing, match="no branch main"):
        await source.fetch()


async def test_a_missing_repository_is_a_failed_fetch(tmp_path: Path) -> None:
    source = source_of(tmp_path, str(tmp_path / "nothing"))
    await source.prepare()
    with pytest.raises(FetchFailed, match="128"):
        await source.fetch()


async def test_a_local_path_is_refused_unless_the_settings_allow_it(tmp_path: Path, pushes: Pushes) -> None:
    pushes.publish({"a": "1"})
    source = source_of(tmp_path, str(pushes.bare), local=False)
    await source.prepare()
    with pytest.raises(FetchFailed, match="not allowed"):
        await source.fetch()


@pytest.mark.parametrize("url", ["ext::sh -c touch% {canary}", "--upload-pack=touch {canary}"])
async def test_a_url_never_becomes_a_command(tmp_path: Path, url: str) -> None:
    canary = tmp_path / "canary"
    source = source_of(tmp_path, url.format(canary=canary))
    await source.prepare()
    with pytest.raises(FetchFailed):
        await source.fetch()
    assert not canary.exists()


async def test_hooks_and_configuration_of_the_user_are_not_used(tmp_path: Path, pushes: Pushes, monkeypatch: pytest.MonkeyPatch) -> None:
    canary, home = tmp_path / "canary", tmp_path / "home"
    home.mkdir()
    hook = home / "hooks/reference-transaction"
    hook.parent.mkdir()
    hook.write_text(f"#!/bin/sh\ntouch {canary}\n")
    hook.chmod(0o755)
    (home / ".gitconfig").write_text(f'[core]\n hooksPath = {hook.parent}\n[url "/nowhere"]\n insteadOf = {pushes.bare}\n')
    monkeypatch.setenv("HOME", str(home))
    commit = pushes.publish({"a": "1"})
    source = source_of(tmp_path, str(pushes.bare))
    await source.prepare()
    (source.mirror / "hooks").mkdir(exist_ok=True)
    (source.mirror / "hooks/reference-transaction").symlink_to(hook)
    assert await source.fetch() == commit
    assert not canary.exists()


async def test_a_failure_never_repeats_a_credential(tmp_path: Path) -> None:
    source = source_of(tmp_path, "https://someone:hunter2@127.0.0.1:1/x.git")
    await source.prepare()
    with pytest.raises(FetchFailed) as failure:
        await source.fetch()
    assert "hunter2" not in failure.value.message


async def test_a_fetch_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / "bin/git"
    slow.parent.mkdir()
    slow.write_text('#!/bin/sh\ncase "$*" in *"fetch --quiet"*) trap "" TERM; sleep 600 & wait;; esac\n')
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}:/usr/bin:/bin")
    (tmp_path / "mirror.git").mkdir()
    source = source_of(tmp_path, "https://example.org/x.git", seconds=0.5)
    await source.prepare()
    with pytest.raises(FetchFailed, match=r"longer than 0\.5 s"):
        await source.fetch()


async def test_a_repository_above_the_bound_is_refused_and_leaves_nothing(tmp_path: Path, pushes: Pushes) -> None:
    source = source_of(tmp_path, str(pushes.bare), size=256 << 10)
    await source.prepare()
    (pushes.clone / "big").write_bytes(secrets.token_bytes(1 << 20))
    pushes.publish({"a": "1"})
    with pytest.raises(FetchFailed):
        await source.fetch()
    assert not list(source.mirror.rglob("tmp_*"))


async def test_without_git_the_message_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitMissing):
        await source_of(tmp_path, "https://example.org/x.git").prepare()


async def test_what_is_live_survives_tidying_although_the_branch_left_it_behind(
    tmp_path: Path, pushes: Pushes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("attune_controller.git_source.PACKS", 1)
    source = source_of(tmp_path, str(pushes.bare))
    await source.prepare()
    live = pushes.publish({"a": "1"})
    await source.fetch()
    await source.pin(live)
    forgotten = pushes.rewind({"a": "2"})
    await source.fetch()
    newest = pushes.rewind({"a": "3"})
    await source.fetch()
    await source.tidy()
    assert await source.has(live)
    assert await source.has(newest)
    assert not await source.has(forgotten)
