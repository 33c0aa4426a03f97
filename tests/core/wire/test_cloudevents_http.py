"""Binary mode: whatever headers hold, they are an event or a refusal; and every text of an attribute comes through."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune_core.errors import AttuneError
from attune_core.values import JsonValue
from attune_core.wire.cloudevents import CloudEvent, read_attributes
from attune_core.wire.cloudevents_http import document_of

NAMES = [
    b"ce-id",
    b"ce-source",
    b"ce-type",
    b"ce-specversion",
    b"ce-time",
    b"ce-subject",
    b"ce-traceparent",
    b"ce-data",
    b"ce-datacontenttype",
]
PLAIN = [(b"ce-specversion", b"1.0"), (b"ce-id", b"1"), (b"ce-source", b"/m"), (b"ce-type", b"web.alert")]


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.binary(max_size=40)), max_size=9), st.text(max_size=30))
def test_any_headers_are_an_event_or_a_refusal(headers: list[tuple[bytes, bytes]], media_type: str) -> None:
    try:
        event = read_attributes(document_of([*PLAIN[: len(headers) % 5], *headers], media_type, None))
    except AttuneError as refused:
        assert refused.code in ("ATT400", "ATT416")
    else:
        assert isinstance(event, CloudEvent)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["specversion", "id", "source", "type", "subject", "time", "data", "data_base64", "datacontenttype", "traceparent"]
                ),
                inner,
                max_size=9,
            )
        ),
    )
)
def test_any_document_that_is_no_event_is_refused(document: JsonValue) -> None:
    with pytest.raises(AttuneError):
        read_attributes(document)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=99))
def test_every_text_comes_through_encoded_and_in_the_quotes_of_old(text: str) -> None:
    encoded = quote(text).encode()
    quoted = b'"' + text.replace("%", "%25").replace("\\", "\\\\").replace('"', '\\"').encode() + b'"'
    for value in (encoded, quoted):
        assert document_of([(b"ce-subject", value)], None, None)["subject"] == text


def test_what_the_content_type_says_counts_and_no_header_stands_for_it() -> None:
    document = document_of([*PLAIN, (b"ce-datacontenttype", b"text/plain"), (b"ce-data", b"7")], "application/json", {"a": 1})
    assert (document["datacontenttype"], document["data"]) == ("application/json", {"a": 1})
