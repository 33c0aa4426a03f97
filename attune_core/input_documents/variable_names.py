"""The variables that an Input in the format dotenv becomes: how a place in it is named, and which names are not for Inputs.

Used by `dotenv_text` at run time and by the catalog's `check_variables` before, so both say the same.
"""

import re

#: What stands for the length of a list: `TAGS_COUNT` beside `TAGS_0`, `TAGS_1`, ...
COUNT = "COUNT"
_ODD = re.compile(r"[^A-Z0-9]")
#: What the contract with an action sets, what a shell or the loader obeys, and what bash gives a value of its own when it is set.
_RESERVED = frozenset(
    {"PATH", "HOME", "TMPDIR", "LANG", "LANGUAGE", "TRACEPARENT", "IFS", "ENV", "CDPATH", "PWD", "OLDPWD", "SHLVL", "PS1", "PS2", "PS3"}
    | {"PS4", "PPID", "UID", "EUID", "GROUPS", "SECONDS", "RANDOM", "SRANDOM", "LINENO", "EPOCHSECONDS", "EPOCHREALTIME", "DIRSTACK"}
    | {"HISTCMD", "OPTIND", "OPTARG", "SHELLOPTS", "FUNCNAME", "FUNCNEST", "PIPESTATUS", "PROMPT_COMMAND", "GLOBIGNORE", "EXECIGNORE"}
    | {"POSIXLY_CORRECT", "TMOUT"}
)
_RESERVED_BEGINNINGS = ("ATTUNE_", "LD_", "LC_", "BASH")


def variable(key: str) -> str:
    """Return a key as (part of) a variable's name: upper case, and `_` for what is no ASCII letter or digit."""
    return _ODD.sub("_", key.upper() if key.isascii() else "".join(one.upper() if one.isascii() else "_" for one in key))


def joined(name: str, key: str) -> str:
    """Return the name of what stands under a key, or at an index."""
    return f"{name}_{variable(key)}"


def is_reserved(name: str) -> bool:
    """Tell whether setting the variable would change how a shell works, or would not set it."""
    return name in _RESERVED or name.startswith(_RESERVED_BEGINNINGS)
