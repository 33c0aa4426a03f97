"""The literal table of checks: the code that stays the same, what is looked at, who gathers it and who judges it.

Walked by `attune doctor`; docs/howto/doctor.md lists the same codes. A check is a line here and a small pure function in `judging`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from attune_cli.doctor.facts import Fact
from attune_cli.doctor.findings import Finding, Judgement, Unseen, skipped
from attune_cli.doctor.gathering import answers, certificates, clock, disks, entries, executor, formats, handshakes, kernel, names, ports
from attune_cli.doctor.gathering import toolchains as host_tools
from attune_cli.doctor.here import Here
from attune_cli.doctor.judging import certificates as of_certificates
from attune_cli.doctor.judging import clock as of_clock
from attune_cli.doctor.judging import disk as of_disk
from attune_cli.doctor.judging import executor as of_executor
from attune_cli.doctor.judging import formats as of_formats
from attune_cli.doctor.judging import kernel as of_kernel
from attune_cli.doctor.judging import modes as of_modes
from attune_cli.doctor.judging import network as of_network
from attune_cli.doctor.judging import toolchains as of_toolchains

_Fact = TypeVar("_Fact", bound=Fact)


@dataclass(frozen=True, kw_only=True)
class Check:
    """One line of the table."""

    code: str
    look: Callable[[Here], Iterator[Finding]]


def _check(
    code: str, gather: Callable[[Here], Iterable[_Fact | Unseen]], judge: Callable[[_Fact], Judgement | Iterable[Judgement]]
) -> Check:
    def look(here: Here) -> Iterator[Finding]:
        try:
            yield from findings(here)
        except (OSError, ValueError) as error:  # what no gatherer foresaw is no reason to say nothing of everything else
            yield Finding(code=code, program="host", judgement=skipped("this check", f"could not look: {error}"))

    def findings(here: Here) -> Iterator[Finding]:
        for fact in gather(here):
            if isinstance(fact, Unseen):
                yield Finding(code=code, program=fact.program, judgement=skipped(fact.about, fact.why, fact.remedy))
                continue
            judged = judge(fact)
            for judgement in (judged,) if isinstance(judged, Judgement) else judged:
                yield Finding(code=code, program=fact.program, judgement=judgement)

    return Check(code=code, look=look)


CHECKS: tuple[Check, ...] = (
    _check("settings.document", lambda here: here.documents, of_modes.document),
    _check("agent.joined", executor.memberships, of_executor.membership),
    _check("clock.kernel", clock.kernel_clock, of_clock.synchronised),
    _check("clock.controller", handshakes.calls, of_clock.beside_controller),
    _check("dns.name", names.names, of_network.name),
    _check("tcp.reached", handshakes.handshakes, of_network.reached),
    _check("tls.spoken", handshakes.handshakes, of_certificates.spoken),
    _check("tls.chain", handshakes.handshakes, of_certificates.chain),
    _check("tls.name", handshakes.handshakes, of_certificates.names),
    _check("tls.dates", handshakes.handshakes, of_certificates.dates),
    _check("tls.accepted", handshakes.agents_handshake, of_certificates.accepted),
    _check("tls.stored", certificates.certificates, of_certificates.stored),
    _check("token.taken", answers.answers, of_network.token),
    _check("git.synced", answers.answers, of_network.git),
    _check("port.held", ports.ports, of_network.port),
    _check("disk.space", disks.disks, of_disk.space),
    _check("disk.inodes", disks.disks, of_disk.inodes),
    _check("disk.local", disks.disks, of_disk.local),
    _check("disk.reserve", disks.reserves, of_disk.reserve),
    _check("disk.inputs", disks.inputs, of_disk.inputs),
    _check("version.stored", formats.formats, of_formats.on_disk),
    _check("version.running", formats.programs, of_formats.running),
    _check("version.controller", answers.answers, of_formats.other_side),
    _check("user.owner", entries.users, of_modes.user),
    _check("user.uids", executor.uid_ranges, of_modes.uids),
    _check("mode.entry", entries.entries, of_modes.entries),
    _check("mode.passage", entries.passages, of_modes.passage),
    _check("executor.answers", executor.sockets, of_executor.answers),
    _check("executor.protocol", executor.sockets, of_executor.protocol),
    _check("executor.privileges", executor.sockets, of_executor.privileges),
    _check("executor.slots", executor.sockets, of_executor.slots),
    _check("executor.bounds", executor.sockets, of_executor.bounds),
    _check("toolchain.program", host_tools.tools, of_toolchains.tool),
    _check("kernel.files", kernel.limits, of_kernel.files),
    _check("kernel.core", kernel.limits, of_kernel.core),
    _check("kernel.dumps", kernel.dumps, of_kernel.dumps),
    _check("kernel.pids", kernel.pids, of_kernel.pids),
    _check("kernel.cgroups", kernel.groups, of_kernel.groups),
)


def examine(here: Here) -> list[Finding]:
    """Return every finding, in the table's order; an endpoint that cannot be reached is skipped by all checks but one."""
    return [finding for check in CHECKS for finding in check.look(here)]
