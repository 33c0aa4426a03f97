"""What an environment's key is made of, part by part, and where two keys differ; pure.

Called by `host_environments` for `attune agent environments why`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from attune_core.values import JsonObject, JsonValue

#: As much of a file's digest as people compare.
_SHOWN = 12
#: How the groups of a key's parts are called for people.
_GROUPS = {"files": "file", "settings": "setting", "versions": "version", "machine": "machine"}


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One part of the key that is not the same; None: there is no such part."""

    part: str
    now: str | None
    then: str | None


def parts_of(made_from: JsonObject) -> Mapping[str, str]:
    """Return the parts by a name for people, such as `version python`."""
    return dict(_flat(made_from))


def differences(now: JsonObject, then: JsonObject) -> Sequence[Difference]:
    """Return what differs between what an environment would be made from now and what one was made from."""
    new, old = parts_of(now), parts_of(then)
    names = [*new, *(name for name in old if name not in new)]
    return [Difference(part=name, now=new.get(name), then=old.get(name)) for name in names if new.get(name) != old.get(name)]


def _flat(made_from: JsonObject) -> Iterator[tuple[str, str]]:
    for group, value in made_from.items():
        if not isinstance(value, dict):
            yield group, _shown(group, value)
        else:
            for name, part in value.items():
                yield f"{_GROUPS.get(group, group)} {name}", _shown(group, part)


def _shown(group: str, value: JsonValue) -> str:
    text = value if isinstance(value, str) else repr(value)
    return f"sha256:{text[:_SHOWN]}" if group == "files" else text
