"""Sensors as real processes under a real executor and a real agent; a stub for a controller says what they have brought."""

import os
from pathlib import Path

import pytest

from attune_core.failpoints import NAMES, SWITCH
from tests.agent.executor.hosted import Hosted, alive, lines
from tests.agent.sensors.sensing import Sensing, event, sensing
from tests.waiting import eventually


async def test_what_a_sensor_prints_becomes_events_in_order_and_nothing_stays(executor: Hosted) -> None:
    async with sensing(executor) as host:
        host.serve_sensors({"disk": f"cat > OPEN/document; for n in 1 2 3; do {event('$n')}; done; exec sleep 100"})
        host.assign(host.assignment("disk", config={"path": "/srv"}))
        await eventually(lambda: host.counted("disk") == [1, 2, 3], what="its events")
        assert lines(executor.open / "document") == ['{"config":{"path":"/srv"}}']
        await eventually(lambda: host.status("disk")["state"] == "running", what="its status")
        run = host.status("disk")["run"]
        assert [one["id"] for one in host.events("disk")] == [f"{run}:{offset}" for offset in (0, 38, 76)]
        host.assign()
        await eventually(lambda: not list(host.spools.iterdir()), what="nothing of it left")


@pytest.mark.soak
async def test_only_another_fingerprint_ends_what_runs(executor: Hosted) -> None:
    async with sensing(executor) as host:
        host.serve_sensors({"disk": "echo $$ >> OPEN/pids; exec sleep 100"})
        first = host.assignment("disk")
        host.assign(first)
        await eventually(lambda: len(lines(executor.open / "pids")) == 1)
        host.assign(first.model_copy(update={"revision": "r2"}))
        host.assign(host.assignment("disk", config={"other": True}))
        await eventually(lambda: len(lines(executor.open / "pids")) == 2)
        old, new = map(int, lines(executor.open / "pids"))
        await eventually(lambda: not alive(old))
        assert alive(new)


@pytest.mark.soak
async def test_bad_lines_are_counted_and_told_and_the_good_ones_between_them_sent(executor: Hosted) -> None:
    """Garbage, binary, invalid UTF-8, NaN, duplicate keys, depth, an endless number, a poll's state, and 30 MB in one line."""
    bad = [
        b"garbage",
        b"\x00\x01\x02\xff\xfe",
        b'{"trigger":"web.tick","data":{"n":"\xff"}}',
        b'{"trigger":"web.tick","data":{"n":NaN}}',
        b'{"trigger":"web.tick","trigger":"web.tick","data":{}}',
        b'{"trigger":"web.tick","data":' + b'{"a":' * 100 + b"1" + b"}" * 101,
        b'{"trigger":"web.tick","data":{"n":99999999999999999999}}',
        b'{"state":{}}',
        b'{"trigger":"web.tick","data":[]}',
        b'{"trigger":"","data":{}}',
        b'{"trigger":"web.tick","data":{},"time":"yesterday"}',
        b'{"trigger":"web.tick","data":{},"id":""}',
        b"",
    ]
    content = b"\n".join(part for number, line in enumerate(bad) for part in (line, b'{"trigger":"web.tick","data":{"n":%d}}' % number))
    (executor.open / "lines").write_bytes(content + b"\n")
    async with sensing(executor, settings={"spool": "2MiB"}) as host:
        host.serve_sensors({"disk": f"cat OPEN/lines; head -c 30000000 /dev/zero; echo; {event('100')}; exec sleep 100"})
        host.assign(host.assignment("disk"))
        await eventually(lambda: host.counted("disk") == [*range(len(bad)), 100], what="the good lines")
        await eventually(lambda: host.status("disk")["errors"] == len(bad) + 1, what="the count of the bad ones")
        assert "it has more than 1048576 bytes" in str(host.status("disk")["last_error"])
        assert memory_of(host) < 150 << 20


@pytest.mark.soak
async def test_a_line_that_never_ends_is_hung_and_heartbeats_are_a_sign_of_life(executor: Hosted) -> None:
    async with sensing(executor) as host:
        beat = 'echo "{\\"heartbeat\\":true}"'
        host.serve_sensors(
            {
                "endless": "while :; do printf x; sleep 0.05; done",
                "beating": f"while :; do {beat}; sleep 0.1; done",
                "silent": "exec sleep 100",
            }
        )
        host.assign(*(host.assignment(name, silence=0.8) for name in ("endless", "beating", "silent")))
        for name in ("endless", "silent"):
            await eventually(lambda name=name: int(str(host.status(name)["restarts"])) >= 1, what=f"a restart of {name}")  # type: ignore[misc]
        assert "printed no line for 0.8 s" in str(host.status("silent")["last_error"])
        assert (host.status("beating")["restarts"], host.status("beating")["errors"]) == (0, 0)


@pytest.mark.soak
async def test_one_that_ends_at_once_is_started_again_later_and_later(executor: Hosted) -> None:
    async with sensing(executor) as host:
        host.serve_sensors({"disk": f"{event('1')}; exit 3"})
        host.assign(host.assignment("disk"))
        await eventually(lambda: len(host.events("disk")) >= 3, what="two restarts")
        await eventually(lambda: host.status("disk")["state"] == "backing_off")
        assert host.status("disk")["last_error"] == "it ended with exit code 3"
        assert len({one["id"] for one in host.events("disk")}) == len(host.events("disk"))


@pytest.mark.soak
async def test_what_forks_away_dies_with_its_sensor(executor: Hosted) -> None:
    async with sensing(executor) as host:
        host.serve_sensors({"disk": "setsid sh -c 'echo $$ >> OPEN/pids; while :; do sleep 0.1; done' & exec sleep 100"})
        host.assign(host.assignment("disk"))
        await eventually(lambda: lines(executor.open / "pids") != [])
        host.assign()
        await eventually(lambda: not alive(int(lines(executor.open / "pids")[0])), what="its end")
        await eventually(lambda: host.stub.said("status")[-1]["sensors"] == [], what="that it is told so")


@pytest.mark.soak
async def test_a_flood_without_a_controller_stops_at_the_bound_and_nothing_is_lost(executor: Hosted) -> None:
    count = 5_000
    async with sensing(executor, settings={"spool": "2MiB"}) as host:
        script = f"import json\nfor n in range({count}): print(json.dumps(dict(trigger='web.tick', data=dict(n=n, text='x' * 1000))))"
        (executor.open / "flood.py").write_text(script)
        host.serve_sensors({"disk": "/usr/bin/python3 -u OPEN/flood.py 2>&1 || true; exec sleep 100"})
        host.stub.answering.clear()
        host.assign(host.assignment("disk"))
        await eventually(lambda: host.spooled() == 2 << 20, what="a full spool")
        assert memory_of(host) < 150 << 20
        host.stub.answering.set()
        await eventually(lambda: len(host.events("disk")) == count, timeout=60, what="all events")
        assert host.counted("disk") == list(range(count))
        await eventually(lambda: host.spooled() < 2 << 20, what="room in the spool")


@pytest.mark.parametrize("point", ["s1", "s2", "s3", "s4", "s5", "s6"])
@pytest.mark.soak
async def test_a_crash_of_the_agent_at_each_step_loses_and_doubles_nothing(executor: Hosted, point: str) -> None:
    """A sensor that ends now and then, with more than a segment's worth of events, and an agent that is killed at this very moment."""
    switch = executor.place / "switch"
    big = "x" * 20_000
    line = f'echo "{{\\"trigger\\":\\"web.tick\\",\\"data\\":{{\\"n\\":$n,\\"text\\":\\"{big}\\"}}}}"'
    script = (
        "first=$(cat OPEN/next 2>/dev/null || echo 0); "
        f"for n in $(seq $first $((first+59))); do {line}; done; echo $((first+60)) > OPEN/next"
    )
    async with sensing(executor) as host:
        host.kill()
        host.variables = {NAMES: point, SWITCH: str(switch)}
        host.start()
        await host.connected()
        host.serve_sensors({"disk": f"[ -e OPEN/stop ] && exec sleep 100; {script}; sleep 0.5; exit 1"})
        host.assign(host.assignment("disk"))
        await eventually(lambda: len(host.events("disk")) == 60, what="the events of the first run, which goes on for a while")
        switch.write_text(point)
        if point == "s2":
            host.kill()
            host.start()
        await eventually(lambda: host.program is not None and host.program.poll() is not None, timeout=40, what=f"the crash at {point}")
        assert not switch.exists()
        host.start()
        await host.connected()
        before = len(host.events("disk"))
        await eventually(lambda: len(host.events("disk")) >= before + 60, timeout=40, what="more events")
        (executor.open / "stop").touch()
        await eventually(lambda: len(host.events("disk")) == int((executor.open / "next").read_text()), what="all events")
        assert host.counted("disk") == list(range(len(host.events("disk"))))
        host.assign()
        await eventually(lambda: not list(host.spools.iterdir()), what="nothing of it left")


@pytest.mark.soak
@pytest.mark.parametrize("who", ["agent", "executor", "agent and executor"])
async def test_they_are_killed_again_and_again_and_the_count_is_right(executor: Hosted, who: str) -> None:
    """The sensor writes its own witness before each line; what it had written when it was killed may lack its last line only."""
    script = (
        "n=$(wc -l < OPEN/witness 2>/dev/null || echo 0); while [ $n -lt 400 ]; do n=$((n+1)); echo $n >> OPEN/witness; sleep 0.01; "
        + event("$n")
    )
    async with sensing(executor) as host:
        host.serve_sensors({"disk": f"{script}; done; exec sleep 100"})
        host.assign(host.assignment("disk"))
        for wanted in (50, 120, 200):
            await eventually(lambda wanted=wanted: len(lines(executor.open / "witness")) >= wanted, what="progress")  # type: ignore[misc]
            if "agent" in who:
                host.kill()
            if "executor" in who:
                executor.kill()
                executor.start()
            if "agent" in who:
                host.start()
                await host.connected()
        await eventually(lambda: len(lines(executor.open / "witness")) == 400, timeout=40)
        await eventually(lambda: len(host.events("disk")) > 0 and host.counted("disk")[-1] == 400, what="the last event")
        got = host.counted("disk")
        assert len(set(got)) == len(got)
        assert got == sorted(got)
        assert set(range(1, 401)) - set(got) <= set(map(int, lines(executor.open / "witness")))
        assert 400 - len(got) <= 3 * ("executor" in who), "at most the line that each kill of the executor cut"


@pytest.mark.soak
async def test_a_poll_gets_back_what_it_returned_and_a_failed_one_counts_for_nothing(executor: Hosted) -> None:
    script = """
    document=$(cat); echo "$document" >> OPEN/documents; n=$(echo "$document" | sed 's/.*"at"://; s/[^0-9].*//; s/^$/0/')
    echo "{\\"trigger\\":\\"web.tick\\",\\"data\\":{\\"n\\":$n}}"
    [ $(wc -l < OPEN/documents) -eq 3 ] && exit 9
    echo "{\\"state\\":{\\"at\\":$((n+1))}}"
    """
    async with sensing(executor) as host:
        host.serve_sensors({"poll": script})
        host.assign(host.assignment("poll", mode="poll", every=0.3, timeout=5))
        await eventually(lambda: len(lines(executor.open / "documents")) >= 4 and len(host.events("poll")) >= 3, what="four polls")
        documents = lines(executor.open / "documents")
        assert documents[0] == '{"config":{},"state":null}'
        assert documents[2] == documents[3] == '{"config":{},"state":{"at":2}}'
        await eventually(lambda: "exit code 9" in str(host.status("poll")["last_error"]))
        counted = host.counted("poll")
        assert counted == list(range(len(counted)))
        host.kill()
        host.start()
        await host.connected()
        await eventually(lambda: len(host.events("poll")) > len(counted), what="another after a restart")
        counted = host.counted("poll")
        assert counted == list(range(len(counted)))


@pytest.mark.soak
async def test_secrets_reach_the_sensor_and_nothing_else(executor: Hosted) -> None:
    secret = "hunter2-hunter2-hunter2"
    async with sensing(executor) as host:
        host.put_secret("web_token", secret)
        script = (
            'token=$(sed \'s/.*"token":"//; s/".*//\'); echo "it is $token" >&2; echo "bad $token"; '
            f"[ ${{#token}} -eq {len(secret)} ] && {event('1')}"
        )
        host.serve_sensors({"disk": f"{script}; exec sleep 100"})
        host.assign(host.assignment("disk", secrets={"token": "web_token"}))
        await eventually(lambda: host.counted("disk") == [1] and host.status("disk")["errors"] == 1)
        run = str(host.status("disk")["run"])
        assert await host.read_log(run, "stderr") == b"it is ***\n"
        said = [one.body for one in host.stub.asked]
        files = [path.read_bytes() for path in executor.place.rglob("*") if path.is_file() and path.name != "web_token"]
        assert not [one for one in (*said, *files) if secret.encode() in one]


@pytest.mark.soak
async def test_what_the_host_does_not_allow_is_refused_and_says_why(executor: Hosted) -> None:
    async with sensing(executor, settings={"sensors": 1, "allow": {"sensors": ["web.a", "web.c"]}}) as host:
        host.serve_sensors(dict.fromkeys("abc", "exec sleep 100"), a={"user": "nobody"})
        host.assign(*(host.assignment(name) for name in "abc"))
        await eventually(lambda: host.status("a")["state"] == "refused", what="the refusal of a")
        assert "does not let web.a run as nobody" in str(host.status("a")["last_error"])
        await eventually(lambda: host.status("b")["state"] == "refused" and host.status("c")["state"] == "refused")
        assert "does not run web.b" in str(host.status("b")["last_error"])
        assert "at most 1 sensors" in str(host.status("c")["last_error"])


def memory_of(host: Sensing) -> int:
    """Resident bytes of the agent."""
    return int(Path(f"/proc/{host.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.soak
async def test_endless_garbage_is_read_slowly_and_hinders_nobody(executor: Hosted) -> None:
    async with sensing(executor, settings={"spool": "2MiB"}) as host:
        host.serve_sensors({"noise": "exec yes", "disk": "i=0; while :; do i=$((i+1)); " + event("$i") + "; sleep 0.05; done"})
        host.assign(host.assignment("noise"), host.assignment("disk"))
        await eventually(lambda: host.status("noise")["state"] == "blocked", what="that it waits")
        before = len(host.events("disk"))
        await eventually(lambda: len(host.events("disk")) >= before + 40, timeout=10, what="the events of the other one")
        assert int(str(host.status("noise")["errors"])) > 1000
