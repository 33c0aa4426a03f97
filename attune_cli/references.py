"""References that a person types, such as web.disk, before they become a part of a path of the API."""

from attune_cli.errors import BadArgument
from attune_core.names import is_name


def reference(text: str, form: str) -> tuple[str, str]:
    """Return pack and name; `BadArgument` says the form, such as PACK.SENSOR."""
    pack, dot, name = text.partition(".")
    if not (dot and is_name(pack) and is_name(name)):
        raise BadArgument(f"{text!r} is not of the form {form}, with names of lower-case letters, digits and _")
    return pack, name
