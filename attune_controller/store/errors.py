"""What the store refuses or cannot do, with the remedy for each.

Raised by store/sqlite and store/memory alike; intake and the API turn them into answers, `main` into exit codes.
"""

from attune_core.errors import AttuneError, Blame


class StoreFailed(AttuneError):
    """The disk under the controller's store refused a read, a write or a sync; nothing more is accepted by this process."""

    code, blame = "ATT600", Blame.HOST
    remedy = "check the disk and the kernel's log, then start the controller again: what was acknowledged is still there"


class StoreLocked(AttuneError):
    """Another controller has this store open."""

    code, blame = "ATT601", Blame.HOST
    remedy = "stop the other controller first; version 1 runs one active controller on a store"


class StoreTooNew(AttuneError):
    """The store was written by a newer version of Attune."""

    code, blame = "ATT602", Blame.HOST
    remedy = "run the version that wrote it, or a newer one; stores are migrated forwards only"


class UnknownFormat(AttuneError):
    """The folder does not hold a controller's store of a format that this version knows."""

    code, blame = "ATT603", Blame.HOST
    remedy = "give the controller's own state folder, or an empty one; nothing in it was changed"


class StoreFull(AttuneError):
    """There is no space left on the disk of the controller's store; nothing of the request was stored."""

    code, blame = "ATT604", Blame.HOST
    remedy = "make space on that disk; the controller goes on by itself, no restart is needed"


class StoreClosed(AttuneError):
    """The store is closed, because the controller is stopping."""

    code, blame = "ATT605", Blame.PASSING
    remedy = "send it again once the controller is back"


class StoreBusy(AttuneError):
    """More requests wait for the store than it takes at a time."""

    code, blame = "ATT606", Blame.PASSING
    remedy = "send it again later"


class StoreDamaged(AttuneError):
    """The store's file is damaged: a checksum or the structure inside it is wrong."""

    code, blame = "ATT607", Blame.HOST
    remedy = "keep the files as they are; `attune store check` says what is damaged, `attune controller restore` takes the newest backup"


class SqliteTooOld(AttuneError):
    """The SQLite library in this environment can corrupt a store (its write-ahead log's reset was repaired in 3.51.3)."""

    code, blame = "ATT608", Blame.HOST
    remedy = "install apsw from PyPI, which brings its own SQLite, at the version pinned in requirements/"


class ReplayedBody(AttuneError):
    """The same signed body was delivered before under another id."""

    code, blame = "ATT609", Blame.AUTHOR
    remedy = "the first delivery counts; where the sender repeats bodies on purpose, set `replay: id` in the webhook's document"


class EventUnknown(AttuneError):
    """There is no event at this position."""

    code, blame = "ATT610", Blame.AUTHOR
    remedy = "list what there is: attune event list"


class ExecutionUnknown(AttuneError):
    """There is no execution with this id or number."""

    code, blame = "ATT611", Blame.AUTHOR
    remedy = "list what there is: attune execution list"


class NotCancellable(AttuneError):
    """The execution is settled, so there is nothing left to cancel."""

    code, blame = "ATT612", Blame.AUTHOR
    remedy = "see how it ended: attune execution show ID"


class NotRequeueable(AttuneError):
    """The execution cannot get another place in its queue: it has started, is settled, or has none."""

    code, blame = "ATT646", Blame.AUTHOR
    remedy = "see how it stands: attune execution show ID"


class NotADeadLetter(AttuneError):
    """The event is not, or no longer, a dead letter that an operator can retry or drop."""

    code, blame = "ATT677", Blame.AUTHOR
    remedy = "list what there is: attune event dead-letter list"


class ExecutionExists(AttuneError):
    """An execution with this id is stored already, for another event."""

    code, blame = "ATT613", Blame.DEFECT
    remedy = "this is a defect of Attune; please report it with the message"


class OutcomeMissing(AttuneError):
    """A report says that an execution is settled, and not how."""

    code, blame = "ATT614", Blame.DEFECT
    remedy = "this is a defect of Attune; please report it with the message"


class JoinTokenRefused(AttuneError):
    """The join token is unknown, spent, expired or made for another name."""

    code, blame = "ATT615", Blame.AUTHOR
    remedy = "make a new join token on the controller for this very name; each serves once and for at most 15 minutes"


class TokenExists(AttuneError):
    """A token of this name, or this very token, is stored already."""

    code, blame = "ATT616", Blame.AUTHOR
    remedy = "choose another name, or remove the old token first"


class AgentUnknown(AttuneError):
    """No agent of this name is enrolled."""

    code, blame = "ATT617", Blame.AUTHOR
    remedy = "join it: attune agent join"


class StoreReplaced(AttuneError):
    """A file of the store is another one than the controller opened, or is gone: what is written now would not be found again."""

    code, blame = "ATT654", Blame.HOST
    remedy = "stop whatever moves files in the controller's state directory; put the right store there and start the controller again"


class LocksMissing(AttuneError):
    """The file system of the store does not keep locks: a second controller would not be noticed."""

    code, blame = "ATT656", Blame.HOST
    remedy = "move the state directory to a file system of this host that has flock(2), such as ext4 or xfs"
