"""Strategies for well-typed expressions of the supported subset, with the variables they read.

Used by the differential test. Left out on purpose, because the two differ and that is documented: int against double beyond 2^53
(exact here), int() of a bool (CEL has no such function, its C++ implementation does), maps with keys that are not strings, the sign of NaN,
and static types that only one side accepts (unions of types).
"""

from functools import cache

from hypothesis import strategies as st

from attune_core.values import INT64_MAX, INT64_MIN, JsonValue

Texts = st.SearchStrategy[str]

VARIABLES = {
    "i": "int",
    "j": "int",
    "d": "double",
    "e": "double",
    "s": "string",
    "t": "string",
    "b": "bool",
    "l": "list",
    "m": "map",
    "x": "dyn",
}

_DOUBLES = st.sampled_from([0.0, -0.0, 1.0, -1.5, 0.1, 3.0, 1e6, 123456.7, 1e-5, 1e15, 2.5e100, 1e308, -7.25])
_INTS = st.one_of(st.integers(-5, 12), st.sampled_from([INT64_MIN, INT64_MIN + 1, INT64_MAX, 2**31, 1_000_000]))
_TEXTS = st.sampled_from(["", "a", "abc", "web_1", "añ😀", "12", " -3 ", "1.5", "true", "k", "A.B", "\n", "'q'", '"', "\\"])
_ALIKE: st.SearchStrategy[JsonValue] = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), _TEXTS, st.sampled_from([0.0, 1.0, 2.5, -1.0])
)
_LISTS = st.lists(_INTS, max_size=4)
_DYN: st.SearchStrategy[JsonValue] = st.one_of(
    _ALIKE,
    st.lists(_ALIKE, max_size=3).map(list[JsonValue]),
    st.dictionaries(st.sampled_from(["k", "a", "zz"]), _ALIKE, max_size=3).map(dict[str, JsonValue]),
)


def activations() -> st.SearchStrategy[dict[str, JsonValue]]:
    """Return values for all variables."""
    return st.fixed_dictionaries(
        {
            "i": _INTS,
            "j": _INTS,
            "d": _DOUBLES,
            "e": _DOUBLES,
            "s": _TEXTS,
            "t": _TEXTS,
            "b": st.booleans(),
            "l": _LISTS.map(list[JsonValue]),
            "m": st.dictionaries(st.sampled_from(["k", "a", "zz"]), _DYN, max_size=3).map(dict[str, JsonValue]),
            "x": _DYN,
        }
    )


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _binary(left: Texts, operators: list[str], right: Texts) -> Texts:
    return st.tuples(left, st.sampled_from(operators), right).map(lambda found: f"({found[0]} {found[1]} {found[2]})")


def _call(names: list[str], *arguments: Texts) -> Texts:
    return st.tuples(st.sampled_from(names), st.tuples(*arguments)).map(lambda found: f"{found[0]}({', '.join(found[1])})")


def _choice(test: Texts, side: Texts) -> Texts:
    return st.tuples(test, side, side).map(lambda found: f"({found[0]} ? {found[1]} : {found[2]})")


def _leaf(kind: str) -> Texts:
    names = st.sampled_from([name for name, of in VARIABLES.items() if of == kind])
    literals: dict[str, Texts] = {
        "int": st.integers(0, 12).map(str),
        "double": st.sampled_from(["0.5", "2.0", "1e3", "0.0"]),
        "string": _TEXTS.map(_quoted),
        "bool": st.sampled_from(["true", "false"]),
        "list": st.sampled_from(["[1, 2]", "[i, j]", "[0]"]),
        "map": st.sampled_from(['{"k": dyn(i)}', '{"a": dyn(s), "k": dyn(null)}']),
        "dyn": st.sampled_from(["dyn(null)", "dyn(1)", "dyn([1, 2.0])", "m.k", "x.a", 'x["k"]']),
    }
    return names | literals[kind]


@cache
def expressions(kind: str, depth: int) -> Texts:
    """Return expressions of a kind, nested up to `depth`."""
    if depth == 0:
        return _leaf(kind)

    def below(other: str) -> Texts:
        return expressions(other, depth - 1)

    makers: dict[str, list[Texts]] = {
        "int": [
            _binary(below("int"), ["+", "-", "*", "/", "%"], below("int")),
            below("int").map(lambda one: f"(-{one})"),
            st.one_of(_call(["size"], below("string")), _call(["size"], below("list")), _call(["size"], below("dyn"))),
            _call(["int"], st.one_of(below("double"), below("string"))),
            st.tuples(below("list"), below("int")).map(lambda found: f"{found[0]}[{found[1]}]"),
        ],
        "double": [
            _binary(below("double"), ["+", "-", "*", "/"], below("double")),
            below("double").map(lambda one: f"(-{one})"),
            _call(["double"], st.one_of(below("int"), below("string"))),
        ],
        "string": [
            _binary(below("string"), ["+"], below("string")),
            _call(["string"], st.one_of(below("int"), below("double"), below("bool"), below("string"))),
        ],
        "bool": _conditions(depth),
        "list": [
            _binary(below("list"), ["+"], below("list")),
            st.tuples(below("int"), below("int")).map(lambda found: f"[{found[0]}, {found[1]}]"),
        ],
        "map": [st.tuples(below("dyn"), below("dyn")).map(lambda found: f'{{"k": {found[0]}, "zz": {found[1]}}}')],
        "dyn": [
            st.sampled_from(["int", "double", "string", "bool", "list", "map"]).flatmap(below).map(lambda one: f"dyn({one})"),
            _call(["double", "string", "bool"], below("dyn")).map(lambda one: f"dyn({one})"),
            st.tuples(below("map"), st.sampled_from([".k", ".a", '["zz"]'])).map("".join),
            st.tuples(below("dyn"), below("dyn")).map(lambda found: f"{found[0]}[{found[1]}]"),
            #: CEL's checker takes the sum of two dyn for an int.
            _binary(below("dyn"), ["+", "-", "*", "/", "%"], below("dyn")).map(lambda one: f"dyn{one}"),
        ],
    }
    return st.one_of(_leaf(kind), _choice(expressions("bool", depth - 1), below(kind)), *makers[kind])


def _conditions(depth: int) -> list[Texts]:
    def below(other: str) -> Texts:
        return expressions(other, depth - 1)

    same = [_binary(below(kind), ["==", "!="], below(kind)) for kind in ("int", "string", "bool", "list", "map", "dyn")]
    return [
        *same,
        _binary(below("bool"), ["&&", "||"], below("bool")),
        _binary(below("dyn"), ["&&", "||"], below("bool")),
        below("bool").map(lambda one: f"(!{one})"),
        *(_binary(below(kind), ["<", "<=", ">", ">="], below(kind)) for kind in ("int", "double", "string", "bool", "dyn")),
        _binary(below("int"), ["in"], below("list")),
        _binary(below("dyn"), ["in"], below("list")),
        _binary(below("string"), ["in"], below("map")),
        _binary(below("dyn"), ["in"], below("dyn")),
        st.tuples(below("dyn"), st.sampled_from(["startsWith", "contains", "matches"]), below("dyn")).map(
            lambda found: f"dyn({found[0]}).{found[1]}(dyn({found[2]}))"
        ),
        st.tuples(below("string"), st.sampled_from(["startsWith", "endsWith", "contains", "matches"]), below("string")).map(
            lambda found: f"{found[0]}.{found[1]}({found[2]})"
        ),
        st.tuples(st.sampled_from(["map", "dyn"]).flatmap(below), st.sampled_from(["k", "a"])).map(
            lambda found: f"has({found[0]}.{found[1]})"
        ),
    ]
