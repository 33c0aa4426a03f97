"""The sandbox for builds that run code of packages: such code can change nothing but the tree that is built, and mostly has no network.

Called by the ecosystems whose packages bring such code. The build user owns the installers' caches and every environment, so without it
a package of one pack could change what actions of another one run.
"""

import re
from collections.abc import Sequence

from attune_agent.ecosystems.compiler_search import Compiler, Question, find_compiler
from attune_agent.ecosystems.protocol import HostTools
from attune_agent.preparation_errors import InstallerUnusable, InterpreterMissing

_INSIDE = ("--unshare-all", "--die-with-parent", "--cap-drop", "ALL", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc")
_VERSION = re.compile(r"bubblewrap ([0-9]+(?:\.[0-9]+)+)", re.ASCII)
_HINT = "install the package bubblewrap, and allow the build user namespaces (user.max_user_namespaces above 0)"

#: $1 bubblewrap, $2 its option for the network or nothing, then the argv. HOME and TMPDIR are the command's own; where a link leads to them
#: through /dev/shm, it leads there again.
_ENTER = f"""\
bubblewrap=$1 network=$2
shift 2
home=$(readlink -f -- "$HOME")
tmp=$(readlink -f -- "$TMPDIR")
exec "$bubblewrap" {" ".join(_INSIDE)} $network --bind "$PWD" "$PWD" --bind "$home" "$home" --bind "$tmp" "$tmp" --chdir "$PWD" -- "$@"
"""


def sandboxed(bubblewrap: str, argv: Sequence[str], *, network: bool = False) -> tuple[str, ...]:
    """Return the argv that runs another one in the tree and in the sandbox."""
    return ("sh", "-euc", _ENTER, "sandbox", bubblewrap, "--share-net" if network else "", *argv)


async def usable_bubblewrap(host: HostTools) -> Compiler:
    """Find one that can make its namespaces here; `InstallerUnusable`: nothing of the kind runs without."""
    arguments = (*_INSIDE, "--", "bwrap", "--version")
    question = Question(name="bwrap", arguments=arguments, version=_VERSION, env=host.base_environment())
    try:
        return await find_compiler(question, (), host)
    except InterpreterMissing as error:
        message = f"packages of this environment run code while it is built, which needs the sandbox of bubblewrap: {error.message}"
        raise InstallerUnusable(message, hint=_HINT) from error
