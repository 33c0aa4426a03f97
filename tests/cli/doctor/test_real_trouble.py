"""Real trouble on this machine, and that the doctor finds it: certificates, clocks, disks, modes, sockets, ports, protocols."""

import json
import os
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

import pytest
import trustme

from attune_agent.layout import Layout
from attune_cli.doctor.findings import Finding, Level
from attune_cli.doctor.gathering.executor import greet
from attune_cli.doctor.here import Here, ProfileHere, Told, look_around
from attune_cli.doctor.judging import executor
from attune_cli.doctor.table import CHECKS
from attune_cli.errors import NothingToExamine
from attune_cli.profiles import Profile
from tests.cli.commands import attune
from tests.cli.listener import certificate_for, listener, pem_of
from tests.faults.needs import faketime
from tests.free_ports import deaf_port
from tests.pages import PAGES
from tests.running import open_for_attempts
from tests.small_disk import fill, small_disk
from tests.unprivileged import as_nobody, require_system_python

AUTHORITY = trustme.CA()


def found(here: Here, *codes: str) -> dict[str, Finding]:
    """Return the worst finding of each of these checks."""
    order = [Level.OK, Level.SKIPPED, Level.WARNING, Level.ERROR]
    findings = [one for check in CHECKS if check.code in codes for one in check.look(here)]
    return {one.code: one for one in sorted(findings, key=lambda one: order.index(one.judgement.level))}


def levels(here: Here, *codes: str) -> dict[str, str]:
    return {code: one.judgement.level.value for code, one in found(here, *codes).items()}


def calling(port: int, *, scheme: str = "https", trusted: str | None = None) -> Here:
    profile = Profile(url=f"{scheme}://127.0.0.1:{port}", authority=pem_of(AUTHORITY) if trusted is None else trusted, token="t")
    return Here(profile=ProfileHere(name="default", profile=profile))


def test_an_answer_that_nobody_can_read_ends_in_findings() -> None:
    with listener(certificate_for(AUTHORITY, "127.0.0.1"), status=401, body=b"[" * 16_000, date="yesterday") as port:
        assert levels(calling(port), "tls.spoken", "clock.controller") == {"tls.spoken": "ok", "clock.controller": "skipped"}


@pytest.mark.parametrize("trusted", ["", "no certificate"])
def test_an_authority_that_is_none_is_not_taken_for_a_listener_without_tls(trusted: str) -> None:
    with listener(certificate_for(AUTHORITY, "127.0.0.1")) as port:
        seen = found(calling(port, trusted=trusted), "tls.spoken", "tls.chain")
    assert (seen["tls.spoken"].judgement.level, seen["tls.chain"].judgement.level) == (Level.OK, Level.ERROR)
    assert seen["tls.chain"].judgement.remedy == "attune login URL"


TLS = ("tcp.reached", "tls.spoken", "tls.chain", "tls.name", "tls.dates", "clock.controller")
CERTIFICATES = {
    "fine": (certificate_for(AUTHORITY, "127.0.0.1"), {}),
    "expired": (certificate_for(AUTHORITY, "127.0.0.1", begins_in=-9, ends_in=-1), {"tls.dates": "error"}),
    "of tomorrow": (certificate_for(AUTHORITY, "127.0.0.1", begins_in=1), {"tls.dates": "error"}),
    "of another name": (certificate_for(AUTHORITY, "attune.example.org"), {"tls.name": "error"}),
    "of another authority": (
        certificate_for(trustme.CA(), "127.0.0.1"),
        {"tls.chain": "error", "tls.name": "skipped", "tls.dates": "skipped", "clock.controller": "skipped"},
    ),
}


@pytest.mark.parametrize("what", CERTIFICATES)
def test_a_certificate_is_judged_by_each_of_its_parts(what: str) -> None:
    certificate, wrong = CERTIFICATES[what]
    with listener(certificate) as port:
        assert levels(calling(port), *TLS) == dict.fromkeys(TLS, "ok") | wrong


def test_plain_http_where_tls_is_meant_is_told_from_a_wrong_certificate_and_the_other_way_round() -> None:
    with listener() as port:
        assert levels(calling(port), "tls.spoken", "tls.chain") == {"tls.spoken": "error", "tls.chain": "skipped"}
    with listener(certificate_for(AUTHORITY, "127.0.0.1")) as port:
        assert levels(calling(port, scheme="http", trusted=""), "tls.spoken", "tcp.reached")["tls.spoken"] == "error"


def test_a_controller_whose_clock_is_an_hour_off_is_found_and_so_is_ours(tmp_path: Path) -> None:
    with listener(certificate_for(AUTHORITY, "127.0.0.1"), skew=3600) as port:
        judged = found(calling(port), "clock.controller")["clock.controller"].judgement
        assert (judged.level, "behind the controller's" in judged.message) == (Level.ERROR, True)
    with listener(certificate_for(AUTHORITY, "127.0.0.1"), status=401) as port:
        place = tmp_path / ".config" / "attune" / "profiles"
        place.mkdir(parents=True)
        here = calling(port).profile
        assert here
        (place / "default.json").write_text(json.dumps(asdict(here.profile)))
        (place / "default.json").chmod(0o600)
        faked = {"LD_PRELOAD": str(faketime()), "FAKETIME": "-40d", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        done = attune("doctor", "--profile", "default", cwd=tmp_path, env=faked)
    assert done.returncode == 1, done.stderr
    assert re.search(r"this clock is 345(5999|6000) s behind the controller's", done.stdout)
    assert "a clock is wrong" in done.stdout
    assert "Traceback" not in done.stderr


def test_nobody_at_the_port_is_one_error_and_the_rest_is_skipped() -> None:
    with deaf_port() as port:
        assert levels(calling(port), *TLS) == dict.fromkeys(TLS, "skipped") | {"tcp.reached": "error"}


def agent_of(state: Path) -> Here:
    """Return an agent's host whose directories were just made."""
    state.mkdir(mode=0o711)
    state.chmod(0o711)
    Layout(state=state).prepare()
    return look_around(Told(agent=True, state=state, run=state / "run", config=None))


@pytest.mark.root
def test_a_full_disk_is_an_error(tmp_path: Path) -> None:
    with small_disk(tmp_path / "state", "1m,nr_inodes=40"):
        Layout(state=tmp_path / "state").prepare()
        here = look_around(Told(agent=True, state=tmp_path / "state"))
        assert levels(here, "disk.space")["disk.space"] != "error"
        filler = fill(tmp_path / "state")
        assert levels(here, "disk.space")["disk.space"] == "error"
        filler.unlink()
        with suppress(OSError):
            for number in range(40):
                (tmp_path / "state" / str(number)).touch()
        assert levels(here, "disk.inodes")["disk.inodes"] == "error"


def test_what_is_open_to_others_or_closed_to_actions_is_named_with_the_command_that_mends_it(tmp_path: Path) -> None:
    here = agent_of(tmp_path / "state")
    assert "error" not in levels(here, "mode.entry").values()
    secret = tmp_path / "state" / "agent" / "secrets" / "token"
    secret.write_text("x")
    secret.chmod(0o644)
    assert found(here, "mode.entry")["mode.entry"].judgement.remedy == f"chmod 0600 {secret}"
    secret.chmod(0o600)
    (tmp_path / "state" / "packs").chmod(0o700)
    assert "actions cannot get through" in found(here, "mode.entry")["mode.entry"].judgement.message
    tmp_path.chmod(0o700)
    remedy = found(here, "mode.passage")["mode.passage"].judgement.remedy.split()
    assert (remedy[:2], str(tmp_path) in remedy) == (["chmod", "o+x"], True)


def test_settings_that_others_may_change_are_an_error_and_the_rest_is_looked_at(tmp_path: Path) -> None:
    config = tmp_path / "agent.yaml"
    config.write_text("slots: 4\n")
    config.chmod(0o666)
    here = look_around(Told(agent=True, state=tmp_path, config=config))
    assert found(here, "settings.document")["settings.document"].judgement.remedy == f"chmod 644 {config}"
    config.chmod(0o644)
    config.write_text("slotts: 4\n")
    here = look_around(Told(agent=True, state=tmp_path, config=config))
    assert f"{config}:1:1" in found(here, "settings.document")["settings.document"].judgement.message


@contextmanager
def executor_that_says(run: Path, answer: bytes | None) -> Iterator[Path]:
    """Serve one connection at an executor's socket; None: drop it."""
    run.mkdir()
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(str(run / "executor.sock"))
        end.listen(1)

        def serve() -> None:
            peer, _ = end.accept()
            with peer:
                if answer is not None:
                    peer.recv(65_536)
                    peer.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield run / "executor.sock"
        thread.join()


EXECUTORS = {
    "of an older protocol": (
        b'{"id":1,"refused":"protocol","detail":"this executor speaks version 0, not 1"}\n',
        executor.protocol,
        "version 0",
    ),
    "that does not know us": (None, executor.answers, "does not speak with this user"),
    "that is none": (b"220 mail ready\n", executor.answers, "no executor"),
    "whose greeting is shorter": (b'{"id":1,"protocol":1}\n', executor.answers, "no executor"),
}


@pytest.mark.parametrize("what", EXECUTORS)
def test_an_executor(what: str, tmp_path: Path) -> None:
    answer, judge, words = EXECUTORS[what]
    with executor_that_says(tmp_path / "run", answer) as path:
        assert words in judge(greet(path, wanted_slots=4)).message


def test_a_socket_that_nobody_listens_at_any_more_is_told_from_none(tmp_path: Path) -> None:
    with executor_that_says(tmp_path / "run", b"{}\n") as path:
        greet(path, wanted_slots=4)
    assert "left its socket" in executor.answers(greet(path, wanted_slots=4)).message
    path.unlink()
    assert "does not run" in executor.answers(greet(path, wanted_slots=4)).message


def test_a_port_that_another_program_has_is_named_with_it(tmp_path: Path) -> None:
    settings = tmp_path / "controller.yaml"
    with listener() as port:
        settings.write_text(
            json.dumps(
                {
                    "state": str(tmp_path / "state"),
                    "repository": {"url": "https://git.invalid/x"},
                    "public": {"listen": f"127.0.0.1:{port}"},
                }
            )
        )
        here = look_around(Told(controller=True, settings=settings))
        judged = found(here, "port.held")["port.held"].judgement
    assert judged.level is Level.ERROR
    assert f"pid {os.getpid()}" in judged.message
    assert levels(here, "port.held", "dns.name") == {"port.held": "ok", "dns.name": "error"}


def test_a_store_of_a_later_version_is_an_error_and_the_newest_number_is_found_in_the_log_of_the_database(tmp_path: Path) -> None:
    from attune_agent.state.schema import VERSION, open_database

    here = agent_of(tmp_path / "state")
    database = open_database(here.agent.layout.database) if here.agent else None
    assert database
    assert f"schema {VERSION}" in {one.judgement.message for check in CHECKS for one in check.look(here) if one.code == "version.stored"}
    database.execute("PRAGMA user_version = 99")
    assert "schema 99 is of a later version" in found(here, "version.stored")["version.stored"].judgement.message
    database.close()
    assert "schema 99" in found(here, "version.stored")["version.stored"].judgement.message


@pytest.mark.root
def test_without_root_it_says_what_it_could_not_see(tmp_path: Path) -> None:
    require_system_python()
    open_for_attempts(tmp_path)
    (tmp_path / "state").mkdir(mode=0o700)
    home = tmp_path / "home"
    home.mkdir()
    done = as_nobody(["-m", "attune_cli", "doctor", "--state", str(tmp_path / "state"), "--json"], home, timeout=60)
    found = {one["code"]: one for one in json.loads(done.stdout)["findings"] if one["level"] == "skipped" and one["remedy"]}
    assert (done.returncode, done.stderr) == (0, "")
    assert {"tls.chain", "tls.stored", "disk.reserve", "version.stored", "mode.entry"} <= set(found)
    assert found["mode.entry"]["remedy"] == "sudo attune doctor"


def test_without_anything_here_the_remedy_says_what_to_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    with pytest.raises(NothingToExamine):
        look_around(Told(state=tmp_path))


def test_the_page_lists_the_checks() -> None:
    text = (PAGES / "doctor.md").read_text(encoding="utf-8")
    assert [check.code for check in CHECKS] == [line.split("`")[1] for line in text.splitlines() if line.startswith("| `")]
