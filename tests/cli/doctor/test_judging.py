"""What each fact means to the doctor: cases as data, a line each."""

import pytest

from attune_cli.doctor import facts
from attune_cli.doctor.findings import Judgement, Level
from attune_cli.doctor.judging import certificates, clock, disk, executor, formats, kernel, modes, network, toolchains

OK, WARNING, ERROR, SKIPPED = Level
NOW, DAY = 1_800_000_000.0, 86_400.0


def shake(**changed: object) -> facts.Handshake:
    found: dict[str, object] = {
        "program": "profile",
        "endpoint": "https://c.example:7443",
        "host": "c.example",
        "begins": NOW - DAY,
        "ends": NOW + 60 * DAY,
        "names": ("c.example",),
        "date": NOW,
        "now": NOW,
    }
    return facts.Handshake(**(found | changed))  # type: ignore[arg-type]  # cases as data


def port(**changed: object) -> facts.Port:
    found: dict[str, object] = {"program": "controller", "setting": "public.listen", "address": ":7443", "held": True}
    return facts.Port(**(found | changed))  # type: ignore[arg-type]


def room(free: int, total: int = 100 << 30, *, inodes: int = 0, left: int = 0, network: str = "", allowed: bool = False) -> facts.Disk:
    return facts.Disk(
        program="agent",
        path="/var/lib/attune",
        total=total,
        free=free,
        inodes=inodes,
        inodes_free=left,
        network=network,
        network_allowed=allowed,
    )


def stored(number: int | None) -> facts.Format:
    return facts.Format(program="agent", path="format", what="format", found="?", number=number, newest=2)


def certificate(begins: float, ends: float) -> facts.Certificate:
    return facts.Certificate(
        program="agent", path="cert.pem", what="this agent's certificate", begins=begins, ends=ends, now=NOW, renewal="join"
    )


def answered(version: str = "", code: str = "") -> facts.Answered:
    return facts.Answered(program="profile", about="https://c", version=version, ours="1.4.0", code=code, message="no", remedy="login")


def synced(code: str = "", live: str = "0123456789abcdef") -> facts.Answered:
    git = facts.Git(repository="/srv/rules.git", branch="main", live=live, step="fetch", code=code, message="gone")
    return facts.Answered(program="profile", about="https://c", version="1.4.0", ours="1.4.0", git=git)


def entry(mode: int, wanted: int, *, owner: int = 990, open_to: int = 0) -> facts.Entries:
    one = facts.Entry(path="/x y", mode=mode, owner=owner, wanted_mode=wanted, wanted_owner=990, open_to=open_to)
    return facts.Entries(program="agent", about="/x", entries=(one,))


def sock(**changed: object) -> facts.Socket:
    found: dict[str, object] = {"program": "executor", "path": "executor.sock", "peer": 0, "protocol": 1, "mode": "uids", "slots": 4}
    return facts.Socket(**({"wanted_slots": 4, "limits": ("memory", "processes")} | found | changed))  # type: ignore[arg-type]


def tool(**changed: str) -> facts.Tool:
    return facts.Tool(program="agent", ecosystem="node", name="node", **changed)


def limits(files: int | None, core: int | None = 0) -> facts.Limits:
    return facts.Limits(program="controller", pid=7, files=files, core=core)


def uids(first: int, last: int) -> facts.UidRange:
    return facts.UidRange(program="executor", first=60_000, last=60_020, others=(("/etc/subuid", "eve", first, last),))


def user(name: str, uid: int = 990, program: str = "agent") -> facts.User:
    return facts.User(program=program, path="/var/lib/attune", uid=uid, name=name)


def member(name: str, *, runs: bool = True, connected: bool = True) -> facts.Membership:
    return facts.Membership(program="agent", path="agent", name=name, runs=runs, connected=connected)


def host_name(address: str, *, own: bool = False) -> facts.Resolved:
    return facts.Resolved(program="agent", name="c.example", addresses=(address,) if address else (), own=own)


def kernel_clock(*, synchronised: bool) -> facts.KernelClock:
    return facts.KernelClock(program="host", synchronised=synchronised, most_error=0.01)


def cgroups(*names: str) -> facts.Groups:
    return facts.Groups(program="executor", version=2, controllers=frozenset(names))


CASES: list[tuple[Judgement, Level, str]] = [
    (clock.synchronised(kernel_clock(synchronised=True)), OK, "synchronised"),
    (clock.synchronised(kernel_clock(synchronised=False)), WARNING, "timedatectl"),
    (clock.beside_controller(shake()), OK, "agree"),
    (clock.beside_controller(shake(date=NOW - 30)), WARNING, "30 s ahead of"),
    (clock.beside_controller(shake(date=NOW + 3600)), ERROR, "3600 s behind"),
    (clock.beside_controller(shake(date=None)), SKIPPED, "no time"),
    (clock.beside_controller(shake(trouble="Connection refused")), SKIPPED, "reached"),
    (network.name(host_name("10.0.0.1")), OK, "10.0.0.1"),
    (network.name(host_name("")), ERROR, "getent hosts c.example"),
    (network.name(host_name("", own=True)), WARNING, "getent"),
    (network.reached(shake(seconds=0.02)), OK, "20 ms"),
    (network.reached(shake(trouble="Connection refused")), ERROR, "firewall"),
    (network.reached(shake(trouble="Connection refused", program="controller")), ERROR, "systemctl status"),
    (network.port(port(held=False)), OK, "free"),
    (network.port(port(held=False, runs=7)), ERROR, "restart"),
    (network.port(port(runs=7, holders=((7, "attune"),))), OK, "itself"),
    (network.port(port(runs=7)), OK, "itself"),
    (network.port(port()), SKIPPED, "sudo"),
    (network.port(port(holders=((8, "nginx"),))), ERROR, "pid 8 (nginx)"),
    (network.port(port(runs=7, holders=((8, "nginx"),))), ERROR, "sport = :7443"),
    (network.token(answered("1.4.0")), OK, "token"),
    (network.token(answered(code="ATT506")), ERROR, "ATT506"),
    (network.git(synced()), OK, "0123456789ab is live"),
    (network.git(synced(live="")), OK, "nothing was read yet"),
    (network.git(synced("ATT301")), ERROR, "fetch: gone (ATT301); revision 0123456789ab stays live"),
    (network.git(synced("ATT301", live="")), ERROR, "attune explain ATT301"),
    (network.git(answered(code="ATT506")), SKIPPED, "git"),
    (certificates.spoken(shake()), OK, "TLS"),
    (certificates.spoken(shake(tls=False)), OK, "plain"),
    (certificates.spoken(shake(other_speech=True)), ERROR, "http://"),
    (certificates.spoken(shake(tls=False, other_speech=True)), ERROR, "https://"),
    (certificates.spoken(shake(trouble="x")), SKIPPED, "reached"),
    (certificates.chain(shake()), OK, "trusted"),
    (certificates.chain(shake(chain="self-signed")), ERROR, "attune login"),
    (certificates.chain(shake(chain="self-signed", program="agent")), ERROR, "attune agent join"),
    (certificates.chain(shake(chain="self-signed", program="controller")), ERROR, "public.tls.cert"),
    (certificates.chain(shake(tls=False)), SKIPPED, "no certificate"),
    (certificates.names(shake()), OK, "c.example"),
    (certificates.names(shake(names=("*.example",))), OK, "c.example"),
    (certificates.names(shake(names=("*.c.example", "example"))), ERROR, "not for c.example"),
    (certificates.names(shake(host="2001:DB8::1", names=("2001:db8:0:0:0:0:0:1",))), OK, "2001:DB8::1"),
    (certificates.names(shake(host="10.0.0.1", names=("*.0.0.1", "0.0.1"))), ERROR, "public.names"),
    (certificates.names(shake(chain="self-signed", names=())), SKIPPED, "trusted"),
    (certificates.dates(shake()), OK, "valid until"),
    (certificates.dates(shake(ends=NOW - 1)), ERROR, "expired"),
    (certificates.dates(shake(begins=NOW + 60)), ERROR, "clock"),
    (certificates.dates(shake(ends=NOW + DAY)), WARNING, "1.0 days"),
    (certificates.dates(shake(begins=None, ends=None, chain="self-signed")), SKIPPED, "trusted"),
    (certificates.accepted(shake()), OK, "takes"),
    (certificates.accepted(shake(refused="replaced (ATT653)")), ERROR, "attune agent invite"),
    (certificates.accepted(shake(chain="self-signed")), SKIPPED, "trusted"),
    (certificates.stored(certificate(NOW - DAY, NOW + 20 * DAY)), OK, "valid"),
    (certificates.stored(certificate(NOW - DAY, NOW + DAY)), WARNING, "join"),
    (certificates.stored(certificate(NOW - DAY, NOW)), ERROR, "join"),
    (certificates.stored(facts.Certificate(program="agent", path="c", what="it", renewal="join", trouble="no PEM")), ERROR, "no PEM"),
    (certificates.stored(certificate(NOW + DAY, NOW + 2 * DAY)), ERROR, "a clock is wrong"),
    (disk.space(room(50 << 30)), OK, "50.0 GiB of 100.0 GiB"),
    (disk.space(room(500 << 20)), WARNING, "du -xh"),
    (disk.space(room(20 << 20)), ERROR, "full"),
    (disk.space(room(0, total=1 << 20)), ERROR, "full"),
    (disk.space(room(900 << 10, total=1 << 20)), OK, "free"),
    (disk.inodes(room(1)), OK, "no bound"),
    (disk.inodes(room(1, inodes=100_000, left=50_000)), OK, "50000"),
    (disk.inodes(room(1, inodes=100_000, left=1000)), WARNING, "--inodes"),
    (disk.inodes(room(1, inodes=100_000, left=10)), ERROR, "no more files"),
    (disk.local(room(1)), OK, "this host"),
    (disk.local(room(1, network="nfs4")), ERROR, "nfs4"),
    (disk.local(room(1, network="nfs4", allowed=True)), WARNING, "nfs4"),
    (disk.reserve(facts.Reserve(program="controller", path="reserve", there=True)), OK, "reserve"),
    (disk.reserve(facts.Reserve(program="controller", path="reserve", there=False)), WARNING, "room"),
    (disk.inputs(facts.Inputs(program="executor", path="/run/attune", on_memory=True)), OK, "tmpfs"),
    (disk.inputs(facts.Inputs(program="executor", path="/run/attune", on_memory=False)), WARNING, "mount -t tmpfs"),
    (formats.on_disk(stored(2)), OK, "2"),
    (formats.on_disk(stored(1)), OK, "a copy is kept"),
    (formats.on_disk(stored(3)), ERROR, "no way back"),
    (formats.on_disk(stored(None)), ERROR, "no format"),
    (formats.running(facts.Installed(program="agent", running="1.4.0", installed="1.4.0", restart="r")), OK, "1.4.0"),
    (formats.running(facts.Installed(program="agent", running="1.3.0", installed="1.4.0", restart="restart it")), WARNING, "restart it"),
    (formats.other_side(answered("1.4.9")), OK, "1.4.9"),
    (formats.other_side(answered("1.3.0")), WARNING, "same version"),
    (formats.other_side(answered("1.2.0")), ERROR, "same version"),
    (formats.other_side(answered()), SKIPPED, "version"),
    (modes.user(user("attune")), OK, "attune"),
    (modes.user(user("")), ERROR, "no such user"),
    (modes.user(user("root", 0)), WARNING, "root"),
    (modes.user(user("root", 0, "executor")), OK, "root"),
    (modes.uids(uids(100_000, 165_535)), OK, "nobody else"),
    (modes.uids(uids(60_020, 60_020)), ERROR, "eve"),
    (modes.uids(uids(60_021, 70_000)), OK, "nobody"),
    (modes.passage(facts.Passage(program="agent", path="/p/packs", closed=())), OK, "pass"),
    (modes.passage(facts.Passage(program="agent", path="/p/packs", closed=("/p",))), ERROR, "chmod o+x /p"),
    (modes.document(facts.Document(program="agent", path="agent.yaml")), OK, "may"),
    (modes.document(facts.Document(program="agent", path="agent.yaml", there=False)), OK, "defaults"),
    (modes.document(facts.Document(program="agent", path="agent.yaml", trouble="no such key", remedy="chown root x")), ERROR, "chown root"),
    (executor.answers(sock()), OK, "uid 0"),
    (executor.answers(sock(there=False)), ERROR, "systemctl start"),
    (executor.answers(sock(trouble="dead")), ERROR, "nobody listens"),
    (executor.answers(sock(trouble="silent")), ERROR, "does not answer"),
    (executor.answers(sock(trouble="odd")), ERROR, "ss -lxp"),
    (executor.answers(sock(trouble="denied")), SKIPPED, "sudo"),
    (executor.answers(sock(trouble="dropped")), SKIPPED, "sudo"),
    (executor.protocol(sock()), OK, "1"),
    (executor.protocol(sock(refused="this executor speaks version 0, not 1")), ERROR, "attune-executor stop"),
    (executor.protocol(sock(protocol=2)), ERROR, "version 2"),
    (executor.protocol(sock(trouble="dead")), SKIPPED, "answer"),
    (executor.privileges(sock()), OK, "of its own"),
    (executor.privileges(sock(mode="unprivileged")), WARNING, "root"),
    (executor.privileges(sock(mode="")), SKIPPED, "answer"),
    (executor.slots(sock()), OK, "4"),
    (executor.slots(sock(wanted_slots=8)), WARNING, "executor-flags"),
    (executor.slots(sock(mode="")), SKIPPED, "answer"),
    (executor.bounds(sock()), OK, "memory"),
    (executor.bounds(sock(limits=())), WARNING, "Delegate=yes"),
    (executor.bounds(sock(mode="")), SKIPPED, "answer"),
    (executor.membership(member("web1")), OK, "connected"),
    (executor.membership(member("")), ERROR, "attune agent join"),
    (executor.membership(member("web1", runs=False, connected=False)), ERROR, "does not run"),
    (executor.membership(member("web1", connected=False)), ERROR, "not connected"),
    (toolchains.tool(tool()), SKIPPED, "not in the host's `path`"),
    (toolchains.tool(tool(path="/usr/bin/node", version="20.1.0")), OK, "20.1.0"),
    (toolchains.tool(tool(path="/root/bin/node", version="20.1.0", closed="/root")), WARNING, "/root is closed"),
    (toolchains.tool(tool(path="/usr/bin/node", trouble="exit code 1")), WARNING, "--version"),
    (kernel.files(limits(65_536)), OK, "65536"),
    (kernel.files(limits(None)), OK, "as many"),
    (kernel.files(limits(1024)), WARNING, "LimitNOFILE"),
    (kernel.core(limits(1)), OK, "no core"),
    (kernel.core(limits(1, None)), ERROR, "core dump"),
    (kernel.dumps(facts.Dumps(program="controller", pattern="core")), OK, "core"),
    (kernel.dumps(facts.Dumps(program="controller", pattern="|/usr/bin/apport %p")), WARNING, "/usr/bin/apport"),
    (kernel.pids(facts.Pids(program="executor", most=4_194_304, wanted=6144)), OK, "6144"),
    (kernel.pids(facts.Pids(program="executor", most=4096, wanted=6144)), WARNING, "sysctl kernel.pid_max="),
    (kernel.groups(cgroups("memory", "pids", "cpu")), OK, "memory"),
    (kernel.groups(cgroups("cpu")), WARNING, "memory and pids"),
]


@pytest.mark.parametrize("number", range(len(CASES)))
def test_a_fact_means_what_the_table_says(number: int) -> None:
    judged, level, words = CASES[number]
    assert judged.level is level, judged
    assert words in f"{judged.about} {judged.message} {judged.remedy}", judged
    assert judged.remedy or level in {OK, SKIPPED}, "what is wrong has a remedy"


ENTRIES: list[tuple[facts.Entries, str]] = [
    (entry(0o600, 0o600), ""),
    (entry(0o400, 0o600), ""),
    (entry(0o644, 0o600), "chmod 0600 '/x y'"),
    (entry(0o640, 0o600), "its group"),
    (entry(0o700, 0o755, open_to=0o005), "chmod 0755"),
    (entry(0o600, 0o600, owner=0), "chown 990"),
]


@pytest.mark.parametrize(("fact", "words"), ENTRIES)
def test_an_entry_is_open_to_those_alone_who_need_it(fact: facts.Entries, words: str) -> None:
    (judged,) = modes.entries(fact)
    assert judged.level is (ERROR if words else OK)
    assert words in f"{judged.message} {judged.remedy}"
