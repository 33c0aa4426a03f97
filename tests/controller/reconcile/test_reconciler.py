"""From a push to the active catalog, and everything that must not get there."""

import asyncio
import hashlib
from collections.abc import Sequence

import pytest

from attune_controller.reconcile.reconciler import Reconciler
from attune_core.wire.api import ProblemView
from tests.controller.reconcile.conftest import BROKEN, FILES, Bench, SeenCatalogs
from tests.waiting import eventually


async def started(bench: Bench, *, allow_rewind: bool = False) -> Reconciler:
    reconciler = bench.reconciler(allow_rewind=allow_rewind)
    await reconciler.restore()
    return reconciler


async def test_a_push_goes_live_with_its_packs_stored(bench: Bench) -> None:
    commit = bench.pushes.publish(FILES)
    reconciler = await started(bench)
    status = await reconciler.reconcile()
    assert (status.active_revision, status.observed_revision, status.step, status.problems) == (commit, commit, "", ())
    assert status == await bench.store.sync()
    assert bench.active.revision == commit
    catalog = bench.active.catalog
    assert catalog is not None
    assert set(catalog.rules) == {"web.on_alert"}
    pack = bench.state / "packs" / f"{catalog.packs['web'].digest}.tar"
    assert hashlib.sha256(pack.read_bytes()).hexdigest() == catalog.packs["web"].digest
    assert pack.parent.stat().st_mode & 0o777 == 0o700


async def test_an_invalid_revision_changes_nothing_and_says_where(bench: Bench) -> None:
    good = bench.pushes.publish(FILES)
    reconciler = await started(bench)
    await reconciler.reconcile()
    bad = bench.pushes.publish(BROKEN)
    status = await reconciler.reconcile()
    assert (status.active_revision, status.observed_revision) == (good, bad)
    assert (status.step, status.code) == ("check", "ATT624")
    problem = ProblemView.model_validate(status.problems[0])
    assert (problem.path, problem.line) == ("packs/web/rules/on_alert.yaml", 4)
    line = BROKEN["packs/web/rules/on_alert.yaml"].splitlines()[3]
    assert problem.column - 1 in range(line.index("event"), line.index("unti") + 4)
    assert "unit" in problem.hint
    assert bench.active.revision == good
    again = await reconciler.reconcile()
    assert (again.step, again.code, again.problems) == (status.step, status.code, status.problems)
    fixed = bench.pushes.publish(FILES)
    status = await reconciler.reconcile()
    assert (status.active_revision, status.code, status.problems) == (fixed, "", ())


async def test_a_rewound_branch_is_refused_until_it_is_allowed(bench: Bench) -> None:
    first = bench.pushes.publish(FILES)
    reconciler = await started(bench)
    await reconciler.reconcile()
    rewritten = bench.pushes.rewind({"README.md": "other"})
    for _ in range(2):
        status = await reconciler.reconcile()
        assert (status.active_revision, status.observed_revision) == (first, rewritten)
        assert (status.step, status.code) == ("verify", "ATT623")
    again = await started(bench)
    assert (await again.reconcile()).code == "ATT623"
    allowing = await started(bench, allow_rewind=True)
    assert (await allowing.reconcile()).active_revision == rewritten


async def test_a_rewind_is_noticed_even_when_the_mirror_was_lost(bench: Bench) -> None:
    bench.pushes.publish(FILES)
    await (await started(bench)).reconcile()
    (bench.state / "mirror.git").rename(bench.state / "lost.git")
    bench.pushes.rewind({"README.md": "other"})
    assert (await (await started(bench)).reconcile()).code == "ATT623"


async def test_at_a_start_the_last_good_revision_serves_although_git_is_away(bench: Bench) -> None:
    good = bench.pushes.publish(FILES)
    await (await started(bench)).reconcile()
    bench.pushes.publish(BROKEN)
    await (await started(bench)).reconcile()
    bench.pushes.bare.rename(bench.pushes.bare.with_name("away.git"))
    bench.active = SeenCatalogs()
    reconciler = await started(bench)
    assert bench.active.revision == good
    status = await reconciler.reconcile()
    assert (status.step, status.code, status.active_revision) == ("fetch", "ATT621", good)
    assert str(bench.pushes.bare) in status.message or "repository" in status.message


async def test_the_loop_sees_a_push_within_the_poll_and_at_once_when_nudged(bench: Bench) -> None:
    first = bench.pushes.publish(FILES)
    reconciler = bench.reconciler(poll=0.2)
    await reconciler.restore()
    loop = asyncio.create_task(reconciler.run())
    await eventually(lambda: bench.active.revision == first)
    second = bench.pushes.publish({"README.md": "one"})
    await eventually(lambda: bench.active.revision == second)
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)  # a fetch under way is ended and reaped first
    patient = bench.reconciler(poll=3600)
    loop = asyncio.create_task(patient.run())
    await eventually(lambda: bench.active.revision == second)
    third = bench.pushes.publish({"README.md": "two"})
    for _ in range(50):
        patient.nudge()
    await eventually(lambda: bench.active.revision == third)
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)  # a fetch under way is ended and reaped first


async def test_an_obsolete_revision_is_dropped_when_a_newer_arrives(bench: Bench) -> None:
    examined: list[str] = []
    newer: list[str] = []

    async def examine(commit: str) -> Sequence[ProblemView]:
        examined.append(commit)
        if len(examined) == 1:
            newer.append(bench.pushes.publish({"README.md": "newer"}))
            reconciler.nudge()
        return []

    older = bench.pushes.publish(FILES)
    reconciler = bench.reconciler(examine=examine)
    await reconciler.restore()
    status = await reconciler.reconcile()
    assert examined == [older, newer[0]]
    assert status.active_revision == newer[0]
    assert bench.active.swapped == newer


async def test_an_endless_stream_of_pushes_does_not_keep_everything_from_going_live(bench: Bench) -> None:
    examined: list[str] = []

    async def examine(commit: str) -> Sequence[ProblemView]:
        examined.append(commit)
        bench.pushes.publish({"README.md": str(len(examined))})
        reconciler.nudge()
        return []

    bench.pushes.publish(FILES)
    reconciler = bench.reconciler(examine=examine)
    await reconciler.restore()
    status = await reconciler.reconcile()
    assert len(examined) == 4
    assert status.active_revision == examined[-1]


@pytest.mark.parametrize("kind", ["link", "submodule"])
async def test_links_and_submodules_in_the_tree_are_refused_with_their_place(bench: Bench, kind: str) -> None:
    bench.pushes.write(FILES)
    if kind == "link":
        (bench.pushes.clone / "packs/web/actions/passwd").symlink_to("/etc/passwd")
    bench.pushes.git("add", "packs", "attune.yaml")
    if kind == "submodule":
        bench.pushes.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},packs/web/other")
    bench.pushes.git("commit", "--quiet", "-m", kind)
    bench.pushes.git("push", "--quiet", "origin", "HEAD:main")
    status = await (await started(bench)).reconcile()
    assert status.step == "check"
    assert "packs/web/" in str(status.problems[0]["path"])
    assert bench.active.catalog is None


@pytest.mark.parametrize(
    ("files", "step"),
    [
        ({"packs/web/rules/deep.yaml": "a: " + "[" * 200_000}, "check"),
        ({"packs/web/rules/python.yaml": "a: !!python/object/apply:os.system ['touch /tmp/attune-canary']\n"}, "check"),
        ({"packs/web/rules/aliases.yaml": "a: &a [x]\nb: [*a, *a]\n"}, "check"),
        ({"packs/web/rules/big.yaml": "description: " + "x" * (2 << 20)}, "check"),
    ],
)
async def test_hostile_files_are_problems_and_not_an_end_of_the_controller(bench: Bench, files: dict[str, str], step: str) -> None:
    bench.pushes.publish(FILES | files)
    status = await (await started(bench)).reconcile()
    assert status.step == step
    assert status.problems


@pytest.mark.parametrize("ending", ["raise SystemExit(7)", "os.kill(os.getpid(), signal.SIGSEGV)", "while True: pass"])
async def test_a_child_that_dies_refuses_the_revision_only(bench: Bench, ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    good = bench.pushes.publish(FILES)
    await (await started(bench)).reconcile()
    interpreter = bench.state / "python"
    interpreter.write_text(f"#!/usr/bin/env python3\nimport os, signal\n{ending}\n")
    interpreter.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(interpreter))
    monkeypatch.setattr("tests.controller.reconcile.conftest.CHILD_SECONDS", 1.0)
    bench.pushes.publish({"README.md": "next"})
    status = await (await started(bench)).reconcile()
    assert (status.step, status.code, status.active_revision) == ("load", "ATT625", good)


async def test_a_full_disk_for_packs_leaves_the_old_revision_and_is_tried_again(bench: Bench) -> None:
    good = bench.pushes.publish(FILES)
    reconciler = await started(bench)
    await reconciler.reconcile()
    packs = bench.state / "packs"
    packs.rename(bench.state / "kept")
    packs.write_text("in the way")
    newer = bench.pushes.publish({"packs/web/actions/restart.sh": "cat; true\n"})
    status = await reconciler.reconcile()
    assert (status.step, status.code, status.active_revision) == ("activate", "ATT627", good)
    packs.unlink()
    (bench.state / "kept").rename(packs)
    assert (await reconciler.reconcile()).active_revision == newer


async def test_what_git_deletes_is_gone_at_the_next_activation(bench: Bench) -> None:
    bench.pushes.publish(FILES)
    reconciler = await started(bench)
    await reconciler.reconcile()
    bench.pushes.remove("packs/web/rules/on_alert.yaml")
    await reconciler.reconcile()
    assert bench.active.catalog is not None
    assert bench.active.catalog.rules == {}
