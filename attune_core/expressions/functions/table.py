"""All functions and methods of the language, in one table.

Read by the checker (types, suggestions) and the compiler (closures).
"""

from collections.abc import Mapping

from attune_core.expressions.functions import edits, optionals, parts, times
from attune_core.expressions.functions.conversions import BOOL_OF, BYTES_OF, DOUBLE_OF, DYN_OF, INT_OF, STRING_OF
from attune_core.expressions.functions.formatting import FORMAT
from attune_core.expressions.functions.function import Function
from attune_core.expressions.functions.regex import MATCHES
from attune_core.expressions.functions.texts import CONTAINS, ENDS_WITH, SIZE, STARTS_WITH

FUNCTIONS: Mapping[str, Function] = {
    "bool": BOOL_OF,
    "bytes": BYTES_OF,
    "charAt": parts.CHAR_AT,
    "contains": CONTAINS,
    "double": DOUBLE_OF,
    "duration": times.DURATION_OF,
    "dyn": DYN_OF,
    "endsWith": ENDS_WITH,
    "format": FORMAT,
    "hasValue": optionals.HAS_VALUE,
    "indexOf": parts.INDEX_OF,
    "int": INT_OF,
    "join": parts.JOIN,
    "lastIndexOf": parts.LAST_INDEX_OF,
    "lowerAscii": edits.LOWER_ASCII,
    "matches": MATCHES,
    "optional.none": optionals.NONE,
    "optional.of": optionals.OF,
    "optional.ofNonZeroValue": optionals.OF_NON_ZERO,
    "or": optionals.OR,
    "orValue": optionals.OR_VALUE,
    "replace": edits.REPLACE,
    "reverse": edits.REVERSE,
    "size": SIZE,
    "split": parts.SPLIT,
    "startsWith": STARTS_WITH,
    "string": STRING_OF,
    "substring": edits.SUBSTRING,
    "timestamp": times.TIMESTAMP_OF,
    "trim": edits.TRIM,
    "upperAscii": edits.UPPER_ASCII,
    "value": optionals.VALUE,
    **times.QUESTIONS,
}

#: The macros that bind a variable, with how they are written.
MACRO_USAGES: Mapping[str, str] = {
    "all": "write list.all(item, condition on item)",
    "exists": "write list.exists(item, condition on item)",
    "exists_one": "write list.exists_one(item, condition on item)",
    "filter": "write list.filter(item, condition on item)",
    "map": "write list.map(item, expression of item), or list.map(item, condition, expression)",
    "optMap": "write optional.optMap(value, expression of value)",
    "optFlatMap": "write optional.optFlatMap(value, optional expression of value)",
}

#: What other CEL implementations or other languages have, with what to write instead.
NOT_YET: Mapping[str, str] = {
    "uint": "write int(): there are no unsigned integers",
    "type": "the types of fields are declared in the schema; has() tells whether one is there",
    "existsOne": "write exists_one()",
    **dict.fromkeys(("transformList", "transformMap", "transformMapEntry"), "write map() and filter(), whose variable is the item"),
    "bind": "write the expression where it is used",
    "now": "there is no clock in an expression; event.time is when it happened",
    **dict.fromkeys(("first", "last"), "write list[0], or list[?0] if the list may be empty"),
    **dict.fromkeys(("sort", "distinct", "flatten", "slice", "range", "sum", "min", "max"), "leave that to the action"),
    **dict.fromkeys(("find", "findAll", "extract"), "write matches(), or split() and an index"),
    **dict.fromkeys(("len", "length", "count"), "write size()"),
    **dict.fromkeys(("lower", "toLower", "toLowerCase", "lowercase"), "write lowerAscii()"),
    **dict.fromkeys(("upper", "toUpper", "toUpperCase", "uppercase"), "write upperAscii()"),
    **dict.fromkeys(("match", "regex", "search"), 'write text.matches("pattern")'),
    **dict.fromkeys(("any", "some"), "write list.exists(item, condition on item)"),
    "every": "write list.all(item, condition on item)",
    "includes": "write contains() for a text, `item in list` for a list",
    "strip": "write trim()",
    "str": "write string()",
    "float": "write double()",
}
