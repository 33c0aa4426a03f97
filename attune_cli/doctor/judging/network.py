"""Whether names resolve, addresses answer and ports are free; judged for `table`."""

from attune_cli.doctor.facts import Answered, Handshake, Port, Resolved
from attune_cli.doctor.findings import Judgement, error, ok, skipped, warning


def name(fact: Resolved) -> Judgement:
    """Judge a name of the settings."""
    if fact.addresses:
        return ok(fact.name, f"is {', '.join(fact.addresses[:4])}")
    message = f"has no address here: {fact.trouble or 'the answer is empty'}"
    remedy = f"getent hosts {fact.name}; correct DNS, /etc/hosts, or the name in the settings"
    return (warning if fact.own else error)(fact.name, message, remedy)


def reached(fact: Handshake) -> Judgement:
    """Judge whether somebody listens."""
    if not fact.trouble:
        return ok(fact.endpoint, f"answers in {fact.seconds * 1000:.0f} ms")
    if fact.program == "controller":
        return error(fact.endpoint, f"cannot be reached from its own host: {fact.trouble}", "systemctl status attune-controller")
    return error(
        fact.endpoint, f"cannot be reached: {fact.trouble}", "start the controller, or open the way to it (firewall, proxy, address)"
    )


def port(fact: Port) -> Judgement:
    """Judge who has an address of the settings."""
    about = f"{fact.setting} {fact.address}"
    if not fact.held:
        if fact.runs is None:
            return ok(about, "is free")
        return error(about, f"the program runs (pid {fact.runs}) and does not listen here", "restart it: the settings were changed")
    if fact.runs is not None and (not fact.holders or any(pid == fact.runs for pid, _ in fact.holders)):
        return ok(about, f"is held by the program itself (pid {fact.runs})")
    remedy = f"ss -ltnp 'sport = :{fact.address.rpartition(':')[2]}'; end that program, or choose another port in the settings"
    if not fact.holders:
        return skipped(about, "is held, and only root sees by whom", "sudo attune doctor")
    holder = ", ".join(f"pid {pid} ({words})" for pid, words in fact.holders)
    return error(about, f"is held by {holder}", remedy)


def git(fact: Answered) -> Judgement:
    """Judge whether the controller reads its repository and takes what is there."""
    if fact.git is None:
        return skipped(fact.about, "it did not say how it stands with git")
    git, live = fact.git, fact.git.live[:12]
    about = f"{git.repository} {git.branch}"
    if not git.code:
        return ok(about, f"revision {live} is live" if live else "nothing was read yet")
    stays = f"; revision {live} stays live" if live else ""
    return error(about, f"{git.step}: {git.message} ({git.code}){stays}", f"attune explain {git.code}")


def token(fact: Answered) -> Judgement:
    """Judge whether the profile's token serves."""
    if not fact.code:
        return ok(fact.about, "the controller takes the profile's token")
    return error(fact.about, f"{fact.message} ({fact.code})", fact.remedy)
