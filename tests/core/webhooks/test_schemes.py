"""Each scheme against what its service publishes, and against everything that is not it: the cases are tests/cases/hooks/*.yaml."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypedDict, cast

import pytest
import yaml

from attune_core.models.webhook import WebhookDocument
from attune_core.values import JsonObject
from attune_core.webhooks.errors import DeliveryStale, SecretMalformed, SignatureRefused
from attune_core.webhooks.mac import Mac, mac_of
from attune_core.webhooks.scheme import Fields, Sending
from attune_core.webhooks.table import SCHEMES

CASES = Path(__file__).resolve().parents[2] / "cases" / "hooks"
FILES = sorted(CASES.glob("*.yaml"))
BASE: JsonObject = {"trigger": "web.alert", "secret": "${{ controller.secrets.one }}"}

_Headers = Mapping[str, str | list[str] | None]


class _Case(TypedDict, total=False):
    name: str
    document: JsonObject
    secret: str
    now: int
    body: str
    headers: _Headers
    expect: str


class _File(TypedDict):
    document: JsonObject
    secret: str
    now: int
    body: str
    headers: _Headers
    cases: list[_Case]


def _read(path: Path) -> _File:
    return cast("_File", yaml.safe_load(path.read_text(encoding="utf-8")))


def _fields(headers: _Headers) -> Fields:
    """Return what a listener would give: bytes of headers read as Latin-1."""
    given = {name: [value] if isinstance(value, str) else value for name, value in headers.items() if value is not None}
    return {name: [value.encode().decode("latin-1") for value in values] for name, values in given.items()}


def _judged(file: _File, case: _Case) -> str:
    document = WebhookDocument.model_validate({**BASE, **file["document"], **case.get("document", {})})
    fields = _fields({**file["headers"], **case.get("headers", {})})
    secret, body = case.get("secret", file["secret"]).encode(), case.get("body", file["body"]).encode()
    try:
        proof = SCHEMES[document.verify].proof(fields, document, float(case.get("now", file["now"])))
        return "believed" if proof.holds(secret, body) else "refused"
    except SignatureRefused:
        return "refused"
    except DeliveryStale:
        return "stale"
    except SecretMalformed:
        return "malformed"


def _cases() -> Iterator[tuple[Path, _Case]]:
    for path in FILES:
        for case in _read(path)["cases"]:
            yield path, case


@pytest.mark.parametrize(("path", "case"), [pytest.param(path, case, id=f"{path.stem}: {case['name']}") for path, case in _cases()])
def test_a_request_is_believed_only_as_its_scheme_says(path: Path, case: _Case) -> None:
    assert _judged(_read(path), case) == case["expect"]


def test_every_scheme_has_cases() -> None:
    assert {WebhookDocument.model_validate({**BASE, **_read(path)["document"]}).verify for path in FILES} == set(SCHEMES) - {"none"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_a_scheme_signs_it_believes_itself_and_under_no_other_secret(path: Path) -> None:
    file = _read(path)
    document = WebhookDocument.model_validate({**BASE, **file["document"]})
    scheme, body, secret, now = SCHEMES[document.verify], file["body"].encode(), file["secret"].encode(), float(file["now"])
    signed = scheme.sign(Sending(body=body, secret=secret, now=now, delivery="d-1"), document)
    proof = scheme.proof({name.lower(): [value] for name, value in signed.items()}, document, now)
    assert proof.holds(secret, body)
    assert not proof.holds(b"whsec_AAAA", body)


def test_what_must_not_come_twice_is_what_was_signed_without_an_id() -> None:
    found = {}
    for path in FILES:
        file = _read(path)
        document = WebhookDocument.model_validate({**BASE, **file["document"]})
        proof = SCHEMES[document.verify].proof(_fields(file["headers"]), document, float(file["now"]))
        found[path.stem] = (bool(proof.signed(b"x")), proof.signed(b"x") == proof.signed(b"y"))
    signed, nothing = (True, False), (False, True)
    assert found == {
        "github": signed,
        "gitlab": nothing,
        "slack": signed,
        "stripe": signed,
        "standard-webhooks": nothing,
        "hmac-with-a-time": signed,
        "hmac-of-the-body": signed,
        "token": nothing,
    }


def test_every_claimed_signature_is_compared_though_the_first_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []

    def compare(right: bytes, claimed: bytes) -> bool:
        compared.append(claimed)
        return right == claimed

    monkeypatch.setattr("attune_core.webhooks.mac.hmac.compare_digest", compare)
    right, wrong = mac_of(b"secret", b"body"), bytes(32)
    assert Mac(claimed=[right, wrong, wrong]).holds(b"secret", b"body")
    assert compared == [right, wrong, wrong]


def test_without_verification_everybody_is_believed() -> None:
    document = WebhookDocument.model_validate({"verify": "none", "unverified": True, "trigger": "web.alert"})
    proof = SCHEMES["none"].proof({}, document, 0.0)
    assert proof.holds(b"", b"anything")
    assert proof.signed(b"anything") == ""
