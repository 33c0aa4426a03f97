"""The one line that joins a host: what it carries, and that nothing else passes as one."""

import base64

import pytest

from attune_core.wire.join_token import PREFIX, JoinTokenText, JoinTokenUnreadable, read_join_token

TOKEN = JoinTokenText(url="https://attune.example:7443", name="web-1", authority="ab" * 32, secret="s" * 43)


def test_a_token_is_one_line_and_comes_back_the_same() -> None:
    line = TOKEN.text()
    assert line.startswith("attune-join.")
    assert len(line.split()) == 1
    assert read_join_token(f"  {line}\n") == TOKEN


def _line(body: bytes) -> str:
    return PREFIX + base64.urlsafe_b64encode(body).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "line",
    [
        "",
        PREFIX,
        "attune_0123",
        TOKEN.text()[:-5],
        TOKEN.text() + "!",
        TOKEN.text().replace("attune-join", "attune-part"),
        TOKEN.text()[:30] + "\n" + TOKEN.text()[30:],
        PREFIX + "A" * 5000,
        _line(b"[]"),
        _line(b"\xff\xfe"),
        _line(TOKEN.model_dump_json().replace('"v":1', '"v":2').encode()),
        _line(TOKEN.model_dump_json().replace("web-1", "../etc").encode()),
        _line(TOKEN.model_dump_json().replace("https://", "file:///").encode()),
        _line(TOKEN.model_dump_json().replace("attune.example", "user@attune.example").encode()),
        _line(TOKEN.model_dump_json().replace("ab" * 32, "ab" * 31).encode()),
    ],
)
def test_what_is_no_whole_token_is_refused_without_repeating_it(line: str) -> None:
    with pytest.raises(JoinTokenUnreadable) as refused:
        read_join_token(line)
    assert "s" * 43 not in str(refused.value)
    assert refused.value.__cause__ is None
