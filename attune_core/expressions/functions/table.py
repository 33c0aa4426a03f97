"""All functions and methods of the language, in one table.

Read by the checker (types, suggestions) and the compiler (closures).
"""

from collections.abc import Mapping

from attune_core.expressions.functions.conversions import BOOL_OF, DOUBLE_OF, DYN_OF, INT_OF, STRING_OF
from attune_core.expressions.functions.function import Function
from attune_core.expressions.functions.regex import MATCHES
from attune_core.expressions.functions.texts import CONTAINS, ENDS_WITH, SIZE, STARTS_WITH

FUNCTIONS: Mapping[str, Function] = {
    "bool": BOOL_OF,
    "contains": CONTAINS,
    "double": DOUBLE_OF,
    "dyn": DYN_OF,
    "endsWith": ENDS_WITH,
    "int": INT_OF,
    "matches": MATCHES,
    "size": SIZE,
    "startsWith": STARTS_WITH,
    "string": STRING_OF,
}

#: What other CEL implementations have, with what to write instead.
NOT_YET: Mapping[str, str] = {
    **dict.fromkeys(("all", "exists", "exists_one", "filter", "map"), "test one value with 'in', or a fixed position with [0]"),
    **dict.fromkeys(("timestamp", "duration", "getFullYear", "getHours"), "compare the RFC 3339 texts, which sort by time in UTC"),
    **dict.fromkeys(("uint", "bytes", "type"), "use int() or string()"),
}
