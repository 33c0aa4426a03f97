"""The values that the variables of generated expressions take: few, so that they meet, and at the edges.

Read by `generated`.
"""

from attune_core.values import INT64_MAX, INT64_MIN, JsonValue
from tests.core.expressions.grammar import FOR_ONE_FUNCTION, VARIABLES

_DOUBLES = (0.0, -0.0, 1.0, -1.5, 0.1, 3.0, 1e6, 123456.7, 1e-5, 1e15, 2.5e100, 1e308, -7.25, 9.3e18, 2.0**53)
_INTS = (*range(-3, 9), 12, INT64_MIN, INT64_MIN + 1, INT64_MAX, 2**31, 2**53 + 1, 1_000_000, 1_767_323_045)
_TEXTS = ("abc", "", "a", "web_1", "añ😀", "12", " -3 ", "1.5", "true", "k", "A.B", "\n", "'q'", '"', "\\", "a,b,,c")
_ALIKE: tuple[JsonValue, ...] = (1, None, True, False, 0, -3, 2, 0.0, 1.0, 2.5, -1.0, *_TEXTS[:6])
_LISTS: tuple[JsonValue, ...] = ([], [1], [1, 2, 3], ["a"], [1, 1.0, "1", None], [[1], [2.0]], [{"a": 1}, {"a": None}], [True, False])
#: With one key at most: CEL goes through the keys of a map in any order.
_MAPS: tuple[JsonValue, ...] = ({}, {"a": 1}, {"k": {"a": 2}}, {"a": None}, {"k": [1, 2]}, {"k": "abc"}, {"zz": 2.0})
_VALUES: dict[str, tuple[JsonValue, ...]] = {
    "int": _INTS,
    "double": _DOUBLES,
    "string": _TEXTS,
    "bool": (True, False),
    "null": (None,),
    "list(int)": ([1, 2, 3], [], [0], [7, 7], [INT64_MAX, 1], [-3, 0, 3, 12]),
    "list(string)": (["a", "b"], [], [""], ["añ😀", "abc", "a"], ["k", "zz"]),
    "map(dyn)": ({"k": 1}, {}, {"a": "x", "k": None}, {"k": {"a": 1}}, {"zz": [1, 2.0], "a": 0.5}, {"k": [0, 1], "a": {}, "zz": True}),
    "map(int)": ({"k": 1}, {}, {"a": 0, "k": -3}, {"zz": INT64_MAX}),
    "dyn": (*_ALIKE, *_LISTS, *_MAPS),
    "when": (
        *("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123456+01:00", "1969-07-20T20:17:40Z", "2026-02-30T00:00:00Z", "2026-01-02"),
        *("2000-02-29T00:00:00-11:30", "2026-12-31T23:59:59.999999Z", "1900-01-01T00:00:00.5Z", "2026-07-01T00:00:00.123456789Z"),
        *("2026-01-02T24:00:00Z", "2026-01-02t03:04:05z", "9999-12-31T23:59:59-01:00", "2016-12-31T23:59:60Z", "", "0000-01-01T00:00:00Z"),
        *("2026-01-02T03:04:05", "2026-01-02 03:04:05Z", "2026-10-25T02:30:00+02:00"),
    ),
    "span": (
        "90s",
        "1h",
        "1.5h",
        "-2m",
        "1d",
        "",
        "0",
        "1h-1m",
        "PT1H30M",
        "+3s",
        "1ms2us3ns",
        ".5s",
        "5",
        "1e3s",
        "999999999h",
        " 1s",
        "1m30",
    ),
    "number": (
        "12",
        "-3",
        "+4",
        "1.5",
        "1e3",
        "0x10",
        " 7 ",
        "",
        "9223372036854775808",
        "true",
        "FALSE",
        "t",
        "nan",
        "inf",
        "1_000",
        ".5",
        "5.",
        "٣",
    ),
    "zone": ("UTC", "Europe/Berlin", "+02:00", "-05:30", "America/New_York", "Nowhere/Land", "", "+25:00", "02:00", "Z", "Asia/Kolkata"),
    "pattern": ("a", "^a", "c$", "(", "[a-", ".*", "(?i)ABC", "\\d+", "a{2}", "(a)\\1", "a(?=b)", "\\p{L}", "^$", ".{3}"),
    "form": ("%s", "%d", "%f|%%", "%.3e", "%x", "%", "%q", "%s %s", "%5d", "%.f", "plain", "%.1000f", "%X", "%o%b", "%s %d %s"),
}


def values_of(name: str) -> tuple[JsonValue, ...]:
    """Return the values that a variable may have."""
    return _VALUES[name] if name in FOR_ONE_FUNCTION else _VALUES[VARIABLES[name]]
