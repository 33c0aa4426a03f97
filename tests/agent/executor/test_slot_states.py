"""Every kind of slot at every step, harmed in every way: each attempt has one end, nothing of it is left, and the slot hosts again.

All kinds stand at the same step when the harm comes. What may have become of them is a table; the rest is asserted of each: one end, at
most one start, and none where the end says so. `make soak` walks from one harm into the next.
"""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from random import Random
from typing import Self

import pytest

from attune_agent.executor_errors import ExecutorUnreachable, StartRefused
from attune_agent.executor_link import ExecutorLink
from attune_agent.host import AttemptState, Ended, How
from tests.agent.executor.hosted import Hosted, hosted, lines, traced
from tests.agent.executor.slot_trials import (
    OPTIONS,
    SPOIL,
    Listener,
    Trial,
    Withheld,
    at_rest,
    descriptors,
    harm_keepers,
    hosts_everything,
    kinds,
    replace_keepers,
    take_processes,
    without_processes,
)
from tests.profiles import THOROUGH
from tests.waiting import eventually

#: Walks in `make soak`; more in the long form (tests/profiles.py).
SEEDS = max(1, 3 * int(os.environ.get("ATTUNE_EXAMPLES", THOROUGH)) // THOROUGH)
STEPS = ("waits", "waits in vain", "begun", "cleaning", "dropped", "spoilt")
HARMS = (
    "keepers killed",
    "keepers stopped",
    "keepers without processes",
    "agent gone",
    "executor killed",
    "executor without processes",
    "stopped without grace",
)

#: What may have become of an attempt, by step and harm; None: nothing is known of it. Otherwise it has ended as it wanted.
_OWN = {
    ("waits", "keepers killed"): {How.LOST},
    ("waits", "keepers without processes"): {How.NOT_STARTED},
    ("waits", "executor without processes"): {How.LOST},
}
_PASSING = {("waits", "executor without processes"): {How.NOT_STARTED}}
_EACH: dict[tuple[str, str], set[How | None]] = {
    ("waits", "agent gone"): {None},
    ("waits", "executor killed"): {How.LOST},
    ("waits", "stopped without grace"): {How.CANCELLED},
    ("begun", "keepers killed"): {How.LOST},
    ("begun", "executor killed"): {How.LOST},
    ("begun", "executor without processes"): {How.LOST},
    ("begun", "stopped without grace"): {How.CANCELLED},
    ("cleaning", "executor killed"): {How.EXITED, How.LOST},
    **{(step, harm): {None} for step in ("waits in vain", "dropped") for harm in HARMS},
    ("waits in vain", "executor killed"): {How.LOST},
    ("dropped", "executor killed"): {None, How.LOST},
    **{("spoilt", harm): {How.EXITED, How.LOST} for harm in HARMS},
    ("spoilt", "stopped without grace"): {How.EXITED, How.CANCELLED},
}
#: Nothing of these has begun.
_NEVER = {("waits", "agent gone"), ("waits", "executor killed"), ("waits", "executor without processes")}


def give_words(trials: list[Trial]) -> None:
    """Give or withhold the words that are still waited for."""
    for trial in trials:
        if not trial.word.done():
            trial.word.set_exception(Withheld()) if trial.in_vain else trial.word.set_result(None)


def _for_the_long_run(step: str, harm: str) -> bool:
    """Whether others say as much, or it takes a second."""
    alike = step in {"cleaning", "spoilt"} and harm not in {"keepers killed", "executor killed"}
    return alike or (harm == "executor without processes" and step != "begun")


CASES = [pytest.param(step, harm, marks=[pytest.mark.soak] if _for_the_long_run(step, harm) else []) for step in STEPS for harm in HARMS]


class Scene:
    """The executor, the agent's link to it, and whoever listens beside it."""

    def __init__(self, executor: Hosted) -> None:
        self.executor = executor
        self.link = ExecutorLink(executor.run)
        self.listener = Listener(executor)
        self.told_all = True

    async def __aenter__(self) -> Self:
        await self.link.__aenter__()
        await self.link.greeting()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.listener.close()
        await self.link.__aexit__(None, None, None)

    async def stand(self, kind: str, step: str, stack: ExitStack) -> Trial:
        """Bring an attempt to a step."""
        trial = await self.accepted(kind, last=SPOIL if step == "spoilt" else "true")
        trial.in_vain = step in {"waits in vain", "dropped"}
        if step in {"begun", "cleaning", "spoilt"}:
            await trial.begun()
        if step == "cleaning":
            delayed = traced(trial.keeper, trial.witness.with_suffix(".trace"), "unlinkat", "inject=unlinkat:delay_enter=300000:when=1")
            trace = stack.enter_context(delayed)
            trial.let_go()
            await eventually(lambda: "unlinkat(" in trace.read_text(), what="the keeper to clean up")
        elif step == "dropped":
            give_words([trial])
        elif step == "spoilt":
            trial.let_go()
        return trial

    async def accepted(self, kind: str, last: str) -> Trial:
        """Ask for one until it waits for its word: after an earlier harm a new keeper may still be on its way."""
        async with asyncio.timeout(20):
            while not await (trial := Trial(self.executor, self.link, kind, last=last)).recorded():
                trial.word.set_exception(Withheld())
                with suppress(StartRefused, Withheld):
                    await trial.starting
        return trial

    async def harm(self, harm: str, trials: list[Trial]) -> None:
        """Do it, and give the words that are still waited for."""
        match harm:
            case "keepers killed":
                harm_keepers(self.executor, signal.SIGKILL)
                await self.lost([trial for trial in trials if trial.kind in {"attempt", "build"} and not trial.word.done()])
            case "keepers stopped":
                harm_keepers(self.executor, signal.SIGSTOP)
            case "keepers without processes":
                take_processes(self.executor, trials)
            case "agent gone":
                await self.link.__aexit__(None, None, None)
                self.link = ExecutorLink(self.executor.run)
                await self.link.__aenter__()
            case "executor killed":
                self.executor.kill()
                self.told_all = False
                self.listener.close()
                lives = self.executor.log().count("serving")
                self.executor.start(more=OPTIONS[self.executor.mode])
                # A child that the one before was just making may have held its socket a moment longer.
                await eventually(lambda: self.executor.log().count("serving") > lives, what="the next executor")
                self.listener = Listener(self.executor, self.listener.ends)
            case "executor without processes":
                said = self.executor.log().count("no keeper for slot")
                with without_processes(self.executor.pid):
                    harm_keepers(self.executor, signal.SIGKILL)
                    give_words(trials)
                    await asyncio.gather(*(trial.starting for trial in trials), return_exceptions=True)
                    await eventually(lambda: self.executor.log().count("no keeper for slot") > said, what="a fork to fail")
            case _:
                give_words(trials)
                # What has not its word yet is unknown, and is not stopped.
                await asyncio.gather(*(trial.starting for trial in trials), return_exceptions=True)
                await asyncio.gather(*(trial.stop(self.link) for trial in trials))
        give_words(trials)

    async def lost(self, trials: list[Trial]) -> None:
        """Wait until the loss of these is on the disk."""
        names = {trial.what.execution for trial in trials}
        with suppress(ExecutorUnreachable):  # an earlier harm: it has just begun again, and asks anew
            while any(one.execution in names and one.state is not AttemptState.ENDED for one in await self.link.listed()):
                pass

    async def ends(self, trials: list[Trial]) -> list[Ended | None]:
        """Let all of them end."""
        ending = [asyncio.create_task(trial.end(self.link)) for trial in trials]
        waiting = set(ending)
        while waiting:
            for trial in trials:
                trial.let_go()
            _, waiting = await asyncio.wait(waiting, timeout=0.02)
        return [await one for one in ending]

    async def judge(self, trials: list[Trial], ends: list[Ended | None]) -> None:
        """Say what no harm may do."""
        for trial, ended in zip(trials, ends, strict=True):
            began = lines(trial.witness)
            assert len(began) <= 1, trial.key
            if ended is None or ended.how is How.NOT_STARTED:
                assert began == [], (trial.key, ended)
            told = self.listener.hear()[trial.key]
            assert told <= 1, trial.key
            if self.told_all and not trial.in_vain:
                assert told == (ended is not None), (trial.key, ended)
        replace_keepers(self.executor)
        await eventually(lambda: at_rest(self.executor) == [], what="the slots to be at rest")
        assert await self.link.listed() == await self.link.listed_sensors() == ()


@pytest.fixture(scope="module")
def mode(request: pytest.FixtureRequest) -> str:
    return str(getattr(request, "param", "uids"))


@pytest.fixture(scope="module")
def executor(mode: str) -> Iterator[Hosted]:
    with hosted(mode, start=False) as it:
        it.start(more=OPTIONS[mode])
        yield it


@pytest.mark.root  # what is harmed is not ours
@pytest.mark.parametrize(("step", "harm"), CASES)
async def test_whatever_harms_attempts_at_a_step_each_has_one_end_and_its_slot_hosts_again(executor: Hosted, step: str, harm: str) -> None:
    async with Scene(executor) as scene:
        before = descriptors(executor)
        with ExitStack() as stack:
            trials = [await scene.stand(kind, step, stack) for kind in kinds(executor.mode)]
            await scene.harm(harm, trials)
            ends = await scene.ends(trials)
        for trial, ended in zip(trials, ends, strict=True):
            table = _PASSING if trial.kind in {"guest", "sensor"} else _OWN
            expected = table.get((step, harm)) or _EACH.get((step, harm), {How.EXITED})
            assert (ended and ended.how) in expected, (trial.kind, ended)
            if (step, harm) in _NEVER or trial.in_vain:
                assert lines(trial.witness) == []
        await scene.judge(trials, ends)
        if scene.told_all:
            await eventually(lambda: descriptors(executor) <= before, what="no descriptor to be left")


@pytest.mark.root
async def test_after_all_of_that_there_are_as_many_slots_of_each_kind_as_before(executor: Hosted) -> None:
    async with Scene(executor) as scene:
        await hosts_everything(executor, scene.link)


async def walk(scene: Scene, random: Random, rounds: int) -> None:
    """Go from one harm into the next, with attempts of every kind at every step."""
    for _ in range(rounds):
        scene.told_all = True
        with ExitStack() as stack:
            chosen = random.sample(kinds(scene.executor.mode), random.randint(1, len(kinds(scene.executor.mode))))
            trials = [await scene.stand(kind, random.choice(STEPS), stack) for kind in chosen]
            for harm in random.choices(HARMS, k=random.randint(1, 3)):
                await scene.harm(harm, trials)
            ends = await scene.ends(trials)
        await scene.judge(trials, ends)
        await hosts_everything(scene.executor, scene.link)


@pytest.mark.soak
@pytest.mark.root
@pytest.mark.parametrize("mode", ["uids", "unprivileged"], indirect=True)
@pytest.mark.parametrize("seed", range(SEEDS))
async def test_one_harm_into_the_next(executor: Hosted, seed: int) -> None:
    async with Scene(executor) as scene:
        await walk(scene, Random(seed), 20)
