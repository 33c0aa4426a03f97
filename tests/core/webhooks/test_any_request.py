"""Whatever a request holds: it is believed or refused with a reason, never anything else; and no change to what was signed is believed."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune_core.catalog.catalog import Catalog
from attune_core.catalog.folder_tree import FolderTree
from attune_core.catalog.load import load
from attune_core.errors import AttuneError, Blame
from attune_core.models.webhook import Verification, WebhookDocument
from attune_core.shipped import shipped
from attune_core.values import JsonObject, JsonRefused, JsonValue, canonical_json, parse_json
from attune_core.webhooks.bodies import read_body
from attune_core.webhooks.delivery import read_delivery
from attune_core.webhooks.errors import DeliveryStale, SignatureRefused
from attune_core.webhooks.scheme import Sending
from attune_core.webhooks.table import SCHEMES
from tests.profiles import quick

SECRET, NOW = b"c2VjcmV0IG9mIHR3ZW50eS1mb3VyIGJ5dGVz", 1_700_000_000.0
HMAC: JsonObject = {
    "header": "X-Signature",
    "timestamp": "X-Time",
    "signs": "{timestamp}{body}",
    "algorithm": "sha512",
    "encoding": "base64",
}
DOCUMENTS: Mapping[Verification, WebhookDocument] = {
    verify: WebhookDocument.model_validate(
        {"verify": verify, "trigger": "a.b", "secret": "${{ controller.secrets.s }}"} | ({"hmac": HMAC} if verify == "hmac" else {})
    )
    for verify in SCHEMES
    if verify != "none"
}
#: What headers hold: each byte is a character.
header_texts = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=80)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def _signed(verify: Verification, body: bytes) -> dict[str, str]:
    sending = Sending(body=body, secret=SECRET, now=NOW, delivery="d-1")
    return {name.lower(): value for name, value in SCHEMES[verify].sign(sending, DOCUMENTS[verify]).items()}


def _believed(verify: Verification, headers: Mapping[str, str], body: bytes) -> bool:
    fields = {name: [value] for name, value in headers.items()}
    try:
        return SCHEMES[verify].proof(fields, DOCUMENTS[verify], NOW).holds(SECRET, body)
    except (SignatureRefused, DeliveryStale):
        return False


@pytest.mark.parametrize("verify", DOCUMENTS)
@quick(steps=1, examples=50)
@given(body=st.binary(max_size=40), other=st.binary(max_size=40))
def test_a_signature_is_of_one_body(verify: Verification, body: bytes, other: bytes) -> None:
    headers = _signed(verify, body)
    assert _believed(verify, headers, body)
    if verify not in {"gitlab", "token"}:
        assert _believed(verify, headers, other) is (other == body)


@pytest.mark.parametrize("verify", DOCUMENTS)
@quick(steps=1, examples=50)
@given(which=st.integers(0, 2), keep=st.integers(0, 120), text=header_texts)
def test_a_changed_header_is_believed_only_if_what_proves_it_still_stands_there(
    verify: Verification, which: int, keep: int, text: str
) -> None:
    headers = _signed(verify, b"{}")
    name = sorted(headers)[which % len(headers)]
    changed = {**headers, name: headers[name][:keep] + text}
    if name not in {"x-github-delivery", "idempotency-key"} and _believed(verify, changed, b"{}"):
        essence = max(re.split(r"[ ,=]", headers[name]), key=len)
        assert essence.lower() in changed[name].lower()


@quick(steps=1, examples=50)
@given(raw=st.binary(max_size=200) | st.text("ab=&%+0f[]", max_size=40).map(str.encode), field=st.sampled_from([None, "a"]))
def test_any_body_of_a_form_is_read_or_refused(raw: bytes, field: str | None) -> None:
    document = DOCUMENTS["slack"].model_copy(update={"body": "form", "field": field})
    try:
        found = read_body(raw, document)
    except JsonRefused:
        return
    if field is None:
        assert isinstance(found, dict)
        assert all(isinstance(value, str) for value in found.values())
        assert parse_json(canonical_json(found).encode()) == found


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    loaded = load(FolderTree(Path(shipped("examples") / "hooks")))
    assert loaded.catalog is not None
    return loaded.catalog


@quick(steps=1, examples=50)
@given(body=json_values, name=st.sampled_from(["object_kind", "id", "x"]), headers=st.dictionaries(st.just("x-github-event"), header_texts))
def test_any_body_and_header_lead_to_a_declared_trigger_or_are_refused(
    catalog: Catalog, body: JsonValue, name: str, headers: dict[str, str]
) -> None:
    fields = {name: [value] for name, value in headers.items()}
    for webhook in catalog.webhooks.values():
        for said in (body, {name: body}):
            try:
                found = read_delivery(webhook, fields, said)
            except AttuneError as refused:
                assert refused.blame is Blame.AUTHOR
                continue
            assert found.trigger in webhook.triggers.values()
            assert found.data == said
