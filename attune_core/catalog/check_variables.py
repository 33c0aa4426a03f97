"""Checking that the variables of an Input in the format dotenv are different from one another and from those that mean something.

Called by `check_actions`. What a schema leaves open (keys that it does not name) is judged again when an execution is planned.
"""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from attune_core.catalog.reading import Read, Reading
from attune_core.expressions.types import List, Map, Object, OneOf, Type
from attune_core.input_documents.variable_names import COUNT, is_reserved, joined, variable
from attune_core.models.action import ActionDocument

#: Stands in a name for the index of a list.
_ANY = "#"
_INDEX = re.compile(r"(?<=_)(?:0|[1-9][0-9]*)(?=_|$)")


def check_variables(reading: Reading, action: Read[ActionDocument], types: Mapping[str, Type]) -> None:
    """Say which parameters cannot be told apart as variables, or would set one that is not for Inputs."""
    if action.model.input.format != "dotenv":
        return
    names = _Names()
    groups = {name: names.of(variable(name), name, one) for name, one in types.items()}
    names.tell_apart("", groups)
    for clashing, message in names.clashes:
        reading.findings.at("ATT136", message, action.document, ("parameters", clashing), of="key", hint="rename one of them")
    for name, variables in groups.items():
        for one in sorted(variables):
            why = "`env` sets it as well" if one in action.model.env else "it means something to shells or to the contract"
            if is_reserved(one) or one in action.model.env:
                message = f"`{name}` becomes the variable `{one}`, and {why}"
                reading.findings.at("ATT139", message, action.document, ("parameters", name), of="key", hint="choose another name")


class _Names:
    """The variables of values by their types; `clashes` are the parameter and the sentence for each two places that share one."""

    def __init__(self) -> None:
        self.clashes: list[tuple[str, str]] = []

    def of(self, name: str, place: str, one: Type) -> frozenset[str]:
        """Return the variables that a value of the type at a place (`parameter.key`) becomes, as far as the type tells."""
        match one:
            case Object():
                fields = {key: self.of(joined(name, key), f"{place}.{key}", field.type) for key, field in one.fields.items()}
                self.tell_apart(f"{place}.", {key: found for key, found in fields.items() if not one.fields[key].sometimes})
                return frozenset[str]().union(*fields.values())
            case List():
                items = (self.of(f"{name}_{_ANY}", f"{place}.{_ANY}", item) for item in (one.item, *one.first))
                return frozenset({joined(name, COUNT)}).union(*items)
            case OneOf():  # only one of them at a time: they may share what they like
                return frozenset[str]().union(*(self.of(name, place, member) for member in one.members))
            case Map():
                return frozenset()
            case _:
                return frozenset({name})

    def tell_apart(self, inside: str, groups: Mapping[str, AbstractSet[str]]) -> None:
        """Note where two keys beside each other share a variable: the name of one is then the beginning of the other's."""
        by_name: dict[str, list[str]] = {}
        for key in groups:
            by_name.setdefault(variable(key), []).append(key)
        for name, keys in by_name.items():
            parts = name.split("_")
            beginnings = ("_".join(parts[:count]) for count in range(1, len(parts)))
            shorter = [other for beginning in beginnings for other in by_name.get(beginning, ())]
            for index, key in enumerate(keys):
                for other in (*shorter, *keys[:index]):
                    if shared := _shared(groups[other], groups[key]):
                        message = f"`{inside}{other}` and `{inside}{key}` both become the variable `{shared}`"
                        self.clashes.append((f"{inside}{key}".partition(".")[0], message))


def _shared(one: AbstractSet[str], other: AbstractSet[str]) -> str:
    """Return a variable that stands in both, "" if there is none."""
    found = one & other or _indexed(one) & _general(other) or _general(one) & _indexed(other)
    return min(found).replace(_ANY, "0") if found else ""


def _indexed(names: AbstractSet[str]) -> AbstractSet[str]:
    return {name for name in names if _ANY in name}


def _general(names: AbstractSet[str]) -> AbstractSet[str]:
    return {_INDEX.sub(_ANY, name) for name in names}
