"""GitHub's scheme against GitHub's own published example, and against everything that is not it."""

import hashlib
import hmac

import pytest

from attune_controller.hooks.errors import SignatureRefused
from attune_controller.hooks.github import Github

#: docs.github.com, "Validating webhook deliveries", "Testing the webhook payload validation".
SECRET, BODY = b"It's a Secret to Everybody", b"Hello, World!"
SIGNATURE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def _check(signatures: list[str], body: bytes = BODY, secret: bytes = SECRET) -> None:
    scheme = Github()
    scheme.check(scheme.claim(signatures), secret, body)


def test_githubs_own_example_is_right() -> None:
    _check([SIGNATURE])


def test_capitals_make_no_difference() -> None:
    _check(["sha256=" + SIGNATURE.removeprefix("sha256=").upper()])


@pytest.mark.parametrize(
    "signatures",
    [
        [],
        [""],
        ["sha256="],
        [SIGNATURE[:-1]],
        [SIGNATURE + "0"],
        [SIGNATURE.removeprefix("sha256=")],
        ["sha1=" + hmac.new(SECRET, BODY, hashlib.sha1).hexdigest()],
        ["sha1=" + SIGNATURE.removeprefix("sha256=")],
        ["SHA256=" + SIGNATURE.removeprefix("sha256=")],
        ["sha256=" + "g" * 64],
        ["sha256=" + "٣" * 64],
        [" " + SIGNATURE],
        [SIGNATURE + "\n"],
        [SIGNATURE + "," + SIGNATURE],
        [f'["{SIGNATURE}"]'],
        [SIGNATURE, SIGNATURE],
        ["sha256=" + "0" * 64, SIGNATURE],
        ["sha256=" + "0" * 64],
    ],
)
def test_anything_but_one_right_signature_is_refused(signatures: list[str]) -> None:
    with pytest.raises(SignatureRefused):
        _check(signatures)


def test_another_body_or_secret_is_refused() -> None:
    with pytest.raises(SignatureRefused):
        _check([SIGNATURE], body=BODY + b" ")
    with pytest.raises(SignatureRefused):
        _check([SIGNATURE], secret=SECRET + b"\n")
