"""Shipped files: schemas, the template of a pack repository, examples, built-in packs; from the wheel or from a source checkout."""

from pathlib import Path

from attune_core.errors import AttuneError

_PACKAGE = Path(__file__).resolve().parent


class ShippedFilesMissing(AttuneError):
    """A folder that belongs to this installation is not there."""

    code = "ATT901"
    remedy = "install attune again; its files are not complete"


def shipped(name: str) -> Path:
    """Return a folder of this installation: `schemas`, `built-in`, `examples`, `packs-template`, `action-templates`, `sensor-templates`."""
    for place in (_PACKAGE / "shipped" / name, _PACKAGE.parent / name):
        if place.is_dir():
            return place
    raise ShippedFilesMissing(f"{name} is not part of this installation")
