"""RevisionRange: `BASE..HEAD` as people type it, and the base it names.

Called by the commands that compare a change with what was there before; `...` takes the commit that both come from as the base, and
without HEAD the files are taken as they are.
"""

from dataclasses import dataclass
from pathlib import Path

from attune_cli.errors import BadArgument
from attune_core.catalog.git_tree import GitTree, merge_base_at, tree_at


@dataclass(frozen=True, kw_only=True)
class RevisionRange:
    """`head` is None for the files as they are; with `from_merge_base` what happened on the base's side alone is no part of the change."""

    base: str
    head: str | None
    from_merge_base: bool = False

    def base_tree(self, root: Path) -> GitTree:
        """Return the tree to compare with; `RevisionMissing` says which revision is not there."""
        return merge_base_at(root, self.base, self.head or "HEAD") if self.from_merge_base else tree_at(root, self.base)


def parse_range(text: str) -> RevisionRange:
    """Read `BASE..HEAD`, `BASE...HEAD`, or either without HEAD; `BadArgument` says what is expected."""
    dots = "..." if "..." in text else ".."
    base, found, head = text.partition(dots)
    if not found or not base or ".." in head:
        raise BadArgument(f"{text!r} is no range of revisions", hint="write BASE..HEAD, BASE...HEAD, or BASE.. for the files as they are")
    return RevisionRange(base=base, head=head or None, from_merge_base=dots == "...")
