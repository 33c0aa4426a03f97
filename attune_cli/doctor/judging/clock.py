"""Whether this machine's clock can be trusted; judged for `table`."""

from attune_cli.doctor.facts import Handshake, KernelClock
from attune_cli.doctor.findings import UNREACHED, Judgement, error, ok, skipped, warning

#: Signed times of webhooks may be away so far (reliability.md §1.5), seconds; certificates allow twice as much.
MOST_SKEW = 300.0
#: What a Date header, in whole seconds, and the way there cannot explain.
NOTABLE = 5.0
_REMEDY = "timedatectl set-ntp true"


def synchronised(fact: KernelClock) -> Judgement:
    """Judge what the kernel says of its clock."""
    if fact.synchronised:
        return ok("the clock", f"the kernel counts it as synchronised, to {fact.most_error:.3f} s")
    return warning("the clock", "nothing keeps it right: the kernel counts it as not synchronised", _REMEDY)


def beside_controller(fact: Handshake) -> Judgement:
    """Judge the clock against the controller's Date header."""
    if fact.trouble:
        return skipped(fact.endpoint, UNREACHED)
    about = f"the clock, beside {fact.endpoint}"
    if fact.date is None:
        return skipped(about, "the controller told no time, see the findings of TLS")
    ahead = fact.now - fact.date
    if abs(ahead) <= NOTABLE + fact.seconds:
        return ok(about, "both clocks agree")
    words = f"this clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the controller's"
    if abs(ahead) > MOST_SKEW:
        return error(about, f"{words}: certificates and signed times are refused", f"{_REMEDY} (on the host whose clock is wrong)")
    return warning(about, words, f"{_REMEDY} (on the host whose clock is wrong)")
