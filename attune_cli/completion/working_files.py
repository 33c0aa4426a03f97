"""Names in the pack repository that the shell stands in, from the names of its files alone: nothing of it is read.

Called by `words` while a person waits; what does not validate is offered too, because it may be what is being looked at.
"""

from collections.abc import Iterator
from pathlib import Path

from attune_cli.completion.offer import Offer

#: Names that a repository has no use for, but a completion must not wait for.
_MOST = 5000


def packs() -> Iterator[Offer]:
    """Yield the packs."""
    root = _root()
    if root is not None:
        yield from (Offer(place.parent.name, "pack") for place in sorted(root.glob("packs/*/pack.y*ml"))[:_MOST])


def documents(kind: str) -> Iterator[Offer]:
    """Yield `pack.name` of each document of a kind, such as `action`; rules at the root belong to a pack called `rules`."""
    root = _root()
    if root is None:
        return
    for place in sorted(root.glob(f"packs/*/{kind}s/*.y*ml"))[:_MOST]:
        yield Offer(f"{place.parent.parent.name}.{place.stem}", kind)
    if kind == "rule":
        yield from (Offer(f"rules.{place.stem}", kind) for place in sorted(root.glob("rules/*.y*ml"))[:_MOST])


def webhooks() -> Iterator[Offer]:
    """Yield the webhooks."""
    root = _root()
    if root is not None:
        yield from (Offer(place.stem, "webhook") for place in sorted(root.glob("webhooks/*.y*ml"))[:_MOST])


def _root() -> Path | None:
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / "attune.yaml").is_file()), None)
