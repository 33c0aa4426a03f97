"""JSON values of every kind and shape, for property tests."""

from typing import cast

from hypothesis import strategies as st

from attune_core.values import INT64_MAX, INT64_MIN, JsonValue

_NAMES = st.sampled_from(["a", "b", "data", "type", "properties", "items", "$ref", "allOf", "enum", "x-y"])


def json_values() -> st.SearchStrategy[JsonValue]:
    """Return any JSON value that passes the strict door, small."""
    scalars: st.SearchStrategy[JsonValue] = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(INT64_MIN, INT64_MAX),
        st.integers(-3, 3),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=8),
        _NAMES,
    )
    return st.recursive(scalars, _containers, max_leaves=12)


def _containers(inner: st.SearchStrategy[JsonValue]) -> st.SearchStrategy[JsonValue]:
    lists = st.lists(inner, max_size=4).map(lambda found: cast("JsonValue", found))
    objects = st.dictionaries(_NAMES | st.text(max_size=4), inner, max_size=4).map(lambda found: cast("JsonValue", found))
    return lists | objects
