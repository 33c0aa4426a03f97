"""Every form in which a secret's value can leave an action by accident is given to the executor to mask."""

import base64
import json
from collections.abc import Callable

import pytest

from attune_agent.executor.masking import MASK, masked
from attune_agent.masks import mask_forms, mask_texts
from attune_core.input_documents.writing import FORMATS


def test_a_value_its_base64_and_its_json_form_are_masked() -> None:
    value = 'pa"ss\\wörd-1234'
    forms = mask_forms([value])
    assert value.encode() in forms
    assert any(base64.b64encode(value.encode()).startswith(form) for form in forms)
    assert json.dumps(value)[1:-1].encode() in forms
    assert json.dumps(value, ensure_ascii=False)[1:-1].encode() in forms


def test_url_safe_base64_is_a_form_of_its_own() -> None:
    value = "??>>??>>??>>"
    assert base64.urlsafe_b64encode(value.encode()).rstrip(b"=") in mask_forms([value])


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("after", [b"", b"@", b"@host", b'"}'])
@pytest.mark.parametrize("before", [b"", b"u", b"u:", b"user:", b'{"a": "'])
def test_base64_of_a_text_that_holds_the_value_tells_nothing_of_it(before: bytes, after: bytes, encode: Callable[[bytes], bytes]) -> None:
    value = b"kq7?>~xV2-hunter-2"
    shown = masked(encode(before + value + after), mask_forms([value.decode()]))
    kept = shown.replace(MASK, b"").rstrip(b"=")
    # At most the characters around it that also hold bits of its neighbours are left.
    assert len(kept) <= -(-8 * len(before) // 6) + -(-8 * len(after) // 6) + 1, shown
    assert MASK in shown


@pytest.mark.parametrize("written", ["a\\/b&c<d>e-f", "a/b\\u0026c\\u003cd\\u003ee-f"])
def test_what_other_languages_escape_in_json_is_a_form_too(written: str) -> None:
    assert masked(written.encode(), mask_forms(["a/b&c<d>e-f"])) == MASK


@pytest.mark.parametrize("value", ["it's 'quoted'", "ü\x85\u2028 and \U000f0000", 'a\\"b\nc\td/e<f>&g', "plain value"])
def test_an_action_may_print_its_whole_input_in_any_format(value: str) -> None:
    for form, write in FORMATS.items():
        document = write({"token": value}, frozenset()).encode()
        assert masked(document, mask_forms([value])) in (b'{"token":"***"}', b'"token": "***"\n', b"TOKEN='***'\n"), form


@pytest.mark.parametrize("written", ['"p\\u0026ss<w>\\/rd"', '"\\u0070&ss\\u003Cw>/rd"'])
def test_however_a_result_escapes_it_the_text_itself_is_masked(written: str) -> None:
    assert mask_texts(json.loads(written), mask_forms(["p&ss<w>/rd"])) == "***"


def test_texts_and_keys_are_masked_at_any_depth() -> None:
    forms = mask_forms(["hunter2-hunter2"])
    found = mask_texts({"a": ["x hunter2-hunter2 y", 5, None, True], "hunter2-hunter2": {"b": 1.5}}, forms)
    assert found == {"a": ["x *** y", 5, None, True], "***": {"b": 1.5}}


@pytest.mark.parametrize("value", ["", "short", "1234567"])
def test_short_values_would_mask_ordinary_text_and_are_left(value: str) -> None:
    assert mask_forms([value]) == ()


def test_eight_bytes_count_not_eight_characters() -> None:
    assert mask_forms(["ääää"])


def test_longer_forms_come_first_so_that_none_hides_inside_another() -> None:
    forms = mask_forms(["abcdefgh", "abcdefghijkl"])
    assert list(forms) == sorted(forms, key=lambda form: -len(form))
