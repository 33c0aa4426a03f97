"""Bytes that flip in a store's database and log: what they do to what decides is found, whatever they hit, and nothing is ever removed."""

import asyncio
import random
import shutil
from collections import Counter
from pathlib import Path
from typing import TypeAlias

import apsw
import pytest

from attune_controller.store.errors import StoreFailed, StoreTooNew, UnknownFormat
from attune_controller.store.sqlite.checking import check_store
from attune_controller.store.sqlite.store import open_sqlite_store
from attune_core.damage import Damage, log_damage
from attune_core.errors import AttuneError
from attune_core.states import State
from tests.controller.store.making import cancelled, event, move, plan_some, take

#: What is stored once, and is as good as another: a letter of a text, a time, a flag. SQLite keeps no checksums of its pages.
ONCE = {
    "events": {"source", "id", "type", "subject", "time", "received_at", "hops", "body_digest", "traceparent", "data"},
    "requests": {
        *("rule", "pack", "digest", "revision", "secrets", "key", "match", "accepted_at", "hops", "traceparent", "detail"),
        *("input", "rate_key", "rejected"),
    },
    "plans": {"reason", "revision"},
    "executions": {
        "id",
        "action",
        "agent",
        "event",
        "detail",
        "started_at",
        "settled_at",
        "accepted_at",
        "exit_code",
        "result",
        "requeuing",
        "cancelling",
    },
    "queues": {"place", "action", "key", "turn"},
    "identity": {"incarnation", "turns"},
    "history": {"queue", "epoch", "sequence", "attempt"},  # of steps before the last: that one is compared
}
#: The last numbers that were given, by table.
NUMBERS = "sqlite_sequence"
Content: TypeAlias = dict[str, list[tuple[object, ...]]]


async def filled(folder: Path, *, with_log: bool) -> None:
    """Make a store with something of everything; the log is kept by copying the files while it is open."""
    store = await open_sqlite_store(folder / "live")
    await plan_some(store, *(f"a{number}" for number in range(12)))
    await plan_some(store, "k1", "k2", key='"x"')
    await take(store, limit=9)
    await store.record_moves([move("a0", State.STARTED), move("a0", State.SETTLED, completion=event("done")), move("a1", State.STARTED)])
    await store.request_cancel("a11", cancelled("a11"))
    if with_log:
        shutil.copytree(folder / "live", folder / "store")
    await store.close()
    if not with_log:
        shutil.copytree(folder / "live", folder / "store")


def content_of(folder: Path) -> tuple[Content, dict[str, list[str]]]:
    connection = apsw.Connection(str(folder / "store.sqlite"))
    names = [str(row[0]) for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
    columns = {name: [str(row[1]) for row in connection.execute(f"PRAGMA table_info({name})")] for name in names}
    rows = {name: list(connection.execute(f"SELECT * FROM {name} ORDER BY 1, 2")) for name in names if len(columns[name]) > 1}  # noqa: S608
    connection.close()
    return rows, columns


def skipping(numbers: list[tuple[object, ...]], known: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Take a last number that is higher for the one that was: it only leaves numbers out, as those do that were forgotten."""
    return [
        before if now[0] == before[0] and int(str(now[1])) > int(str(before[1])) else now
        for now, before in zip(numbers, known, strict=False)
    ]


def judged(folder: Path, known: Content) -> str:
    """Say what became of a flip: found, harmless, or the columns that it changed unnoticed."""
    try:
        if list(check_store(folder)):
            return "found"
        content, columns = content_of(folder)
    except (AttuneError, apsw.Error, UnicodeDecodeError):
        return "found"
    if content | {NUMBERS: skipping(content[NUMBERS], known[NUMBERS])} == known:
        return "harmless"
    changed = {
        f"{name}.{column}"
        for name, rows in known.items()
        for before, after in zip(rows, content.get(name, []), strict=False)
        for column, one, other in zip(columns[name], before, after, strict=False)
        if one != other
    }
    lengths = {name for name in known if len(known[name]) != len(content.get(name, []))}
    return " ".join(sorted(changed | lengths))


def flip_many(folder: Path, file: str, count: int, seed: int) -> Counter[str]:
    store, chance = folder / "store", random.Random(seed)
    known = content_of_copy(store, folder / "known")
    whole = (store / file).read_bytes()
    verdicts: Counter[str] = Counter()
    for _ in range(count):
        at = chance.randrange(len(whole))
        flipped = folder / "flipped"
        shutil.copytree(store, flipped)
        (flipped / file).write_bytes(whole[:at] + bytes([whole[at] ^ (1 << chance.randrange(8))]) + whole[at + 1 :])
        before = sorted(path.name for path in flipped.iterdir())
        verdicts[judged(flipped, known)] += 1
        assert set(before) <= {path.name for path in flipped.iterdir()} | {"store.sqlite-wal", "store.sqlite-shm"}
        shutil.rmtree(flipped)
    return verdicts


def content_of_copy(store: Path, copy: Path) -> Content:
    shutil.copytree(store, copy)
    return content_of(copy)[0]


def assert_nothing_that_decides_changed(verdicts: Counter[str], seed: int) -> None:
    for verdict in verdicts:
        for place in verdict.split() if verdict not in {"found", "harmless"} else []:
            table, _, column = place.partition(".")
            assert column in ONCE.get(table, set()), (place, verdicts, seed)


COUNTS = [pytest.param(60), pytest.param(1000, marks=pytest.mark.soak)]


@pytest.mark.parametrize("count", COUNTS)
async def test_a_flipped_byte_of_the_log_is_always_found_or_changes_nothing(tmp_path: Path, count: int) -> None:
    seed = random.randrange(1 << 30)
    await filled(tmp_path, with_log=True)
    verdicts = await asyncio.to_thread(flip_many, tmp_path, "store.sqlite-wal", count, seed)
    assert set(verdicts) <= {"found", "harmless"}, (verdicts, seed)
    assert verdicts["found"] > count // 2


@pytest.mark.parametrize("count", COUNTS)
async def test_a_flipped_byte_of_the_database_is_found_unless_it_is_a_letter_of_a_text(tmp_path: Path, count: int) -> None:
    seed = random.randrange(1 << 30)
    await filled(tmp_path, with_log=False)
    verdicts = await asyncio.to_thread(flip_many, tmp_path, "store.sqlite", count, seed)
    assert_nothing_that_decides_changed(verdicts, seed)


@pytest.mark.parametrize("with_log", [True, False], ids=["with a log", "closed"])
async def test_a_whole_store_has_no_damage(tmp_path: Path, with_log: bool) -> None:  # noqa: FBT001
    await filled(tmp_path, with_log=with_log)
    assert list(check_store(tmp_path / "store")) == []


async def test_a_store_that_is_being_written_has_no_damage(tmp_path: Path) -> None:
    store = await open_sqlite_store(tmp_path / "store")
    writing = asyncio.ensure_future(plan_some(store, *(f"a{number}" for number in range(80))))
    while not writing.done():
        assert await asyncio.to_thread(lambda: list(check_store(tmp_path / "store"))) == []
    await writing
    await store.close()


async def test_a_log_that_a_power_cut_tore_is_said_as_a_doubt(tmp_path: Path) -> None:
    await filled(tmp_path, with_log=True)
    log = tmp_path / "store/store.sqlite-wal"
    content = log.read_bytes()
    log.write_bytes(content[: len(content) - 100])
    assert list(check_store(tmp_path / "store")) == []  # it ends within a frame: that commit was never answered
    last = len(content) - 4096
    log.write_bytes(content[:last] + bytes(512) + content[last + 512 :])
    (damage,) = check_store(tmp_path / "store")
    assert "never answered" in damage.what
    assert list(log_damage("log", b"")) == []
    assert list(log_damage("log", b"x")) == [Damage(file="log", place="byte 0", what="the log ends within its header")]


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE executions SET sequence = 3 WHERE number = 5", "given twice"),
        ("UPDATE executions SET sequence = 99 WHERE number = 5", "beyond what its queue has given"),
        ("UPDATE executions SET epoch = 9 WHERE number = 5", "where its history says"),
        ("UPDATE queues SET waiting = waiting + 1", "a queue's counters"),
        ("UPDATE loads SET unsettled = 1", "an agent's load"),
        ("PRAGMA ignore_check_constraints = 1; UPDATE loads SET unsettled = -unsettled", "an agent's load"),
        ("DELETE FROM loads", "an agent's load"),
        ("DELETE FROM plans WHERE position = 2", "neither planned nor waiting"),
        ("INSERT INTO unplanned VALUES (2)", "or both"),
        ("DELETE FROM requests WHERE number = 2", "has no request"),
        ("DELETE FROM events WHERE position = 2", "a plan is of no event"),
        ("UPDATE requests SET input = '{}' WHERE number = 2", "another length"),
        ("UPDATE sqlite_sequence SET seq = 2 WHERE name = 'executions'", "beyond the last that was given"),
        ("UPDATE sqlite_sequence SET seq = 2 WHERE name = 'history'", "beyond the last that was given"),
        ("UPDATE sqlite_sequence SET name = 'Executions' WHERE name = 'executions'", "of no table that gives numbers"),
        ("UPDATE history SET state = 'rueued' WHERE n = 1", "in no state that there is"),
        ("UPDATE executions SET agent = 'web2' WHERE number = 2", "of another place"),
        ("ALTER TABLE throttles RENAME TO thsottles", "schema table thsottles"),
        ("UPDATE events SET data = '{' WHERE position = 2", "event 2"),
        ("UPDATE executions SET reason = 'x' WHERE outcome = 'cancelled'", "execution 12"),
    ],
)
async def test_each_rule_of_the_store_is_checked(tmp_path: Path, statement: str, what: str) -> None:
    await filled(tmp_path, with_log=False)
    connection = apsw.Connection(str(tmp_path / "store/store.sqlite"))
    for (trigger,) in list(connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")):
        connection.execute(f"DROP TRIGGER {trigger}")
    connection.execute(statement)
    connection.close()
    assert any(what in f"{damage.place} {damage.what}" for damage in check_store(tmp_path / "store"))


async def test_a_place_without_a_store_and_a_store_of_a_newer_version_are_said(tmp_path: Path) -> None:
    with pytest.raises(UnknownFormat):
        list(check_store(tmp_path))
    await filled(tmp_path, with_log=False)
    connection = apsw.Connection(str(tmp_path / "store/store.sqlite"))
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreTooNew):
        list(check_store(tmp_path / "store"))
    (tmp_path / "store/store.sqlite").unlink()
    with pytest.raises(StoreFailed):
        list(check_store(tmp_path / "store"))
