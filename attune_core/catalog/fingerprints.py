"""Fingerprints: what decides whether a running sensor is still the one that a revision declares, as one hash.

Called by `load` once nothing is wrong. A sensor is started again only when its program may behave differently: its own keys, its
environment, or a file of its pack that is no document. Rules, triggers, where it runs and a raised version do not touch it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from attune_core.catalog.catalog import Sensor
from attune_core.catalog.layout import PackFiles
from attune_core.catalog.reading import Reading
from attune_core.catalog.tree import Tree
from attune_core.values import JsonValue, canonical_json

#: Keys that decide where and whether it runs, or what others take from it, and not how the program is started.
_OTHERS = frozenset({"description", "emits", "agents", "run_on", "failover", "always"})


def with_fingerprints(sensors: Mapping[str, Sensor], reading: Reading, tree: Tree) -> dict[str, Sensor]:
    """Return the sensors with theirs."""
    packs = {sensor.pack for sensor in sensors.values()}
    files = {pack: _digest(tree, reading, pack, reading.layout.packs[pack]) for pack in sorted(packs)}
    return {ref: replace(sensor, fingerprint=_fingerprint(sensor, reading, files[sensor.pack])) for ref, sensor in sensors.items()}


def _fingerprint(sensor: Sensor, reading: Reading, files: str) -> str:
    name = sensor.document.environment
    environment: JsonValue = reading.packs[sensor.pack].model.environments[name].model_dump(mode="json", by_alias=True) if name else None
    document = sensor.document.model_dump(mode="json", by_alias=True, exclude=set(_OTHERS))
    return hashlib.sha256(canonical_json([sensor.ref, document, environment, files]).encode()).hexdigest()


def _digest(tree: Tree, reading: Reading, pack: str, files: PackFiles) -> str:
    """Return one digest over every file of a pack that is no document: its path, whether it is a program, its bytes."""
    documents = {files.document, *(path for named in files.documents.values() for path in named.values())}
    paths = [path for inside in sorted(files.content) if (path := f"packs/{pack}/{inside}") not in documents]
    total = hashlib.sha256()
    for path, content in tree.contents(paths):
        total.update(canonical_json([path, reading.files[path].mode, hashlib.sha256(content).hexdigest()]).encode())
    return total.hexdigest()
