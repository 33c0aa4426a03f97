"""What ends the reading of a repository before there can be Problems: it is not there, or its storage cannot be read."""

from attune_core.errors import AttuneError, Blame


class RepositoryMissing(AttuneError):
    """There is no such folder, or nothing in it or above it is a pack repository."""

    code, blame = "ATT190", Blame.AUTHOR
    remedy = "give the folder that holds attune.yaml, or start a repository with `attune init`"


class RevisionMissing(AttuneError):
    """The git repository has no such commit."""

    code, blame = "ATT191", Blame.AUTHOR
    remedy = "give a branch, a tag or a commit that exists: `git log --oneline` lists them"


class RepositoryUnreadable(AttuneError):
    """The repository's files or objects could not be read to the end."""

    code, blame = "ATT192", Blame.HOST
    remedy = "check permissions and disk, and the repository itself with `git fsck`"


class ArchiveRefused(AttuneError):
    """A pack's archive is not the plain kind that Attune makes: sorted regular files with relative paths."""

    code, blame = "ATT193", Blame.DEFECT
    remedy = "let the agent fetch the pack again; if it stays so, the controller's pack store is damaged"
