"""What an unquoted value is: JSON's literals, text, or a refusal where versions of YAML and people differ."""

import pytest

from attune_core.catalog.scalars import ScalarRefused, read_plain
from attune_core.values import JsonValue


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("", None),
        ("0", 0),
        ("-7", -7),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("1.5", 1.5),
        ("1.0", 1.0),
        ("0.25", 0.25),
        ("1e5", 1e5),
        ("-2.5E-3", -2.5e-3),
        # Text, in YAML 1.2 and to people; what takes only true or false says so where it is used.
        *((word, word) for word in ("yes", "no", "on", "off", "y", "n", "Yes", "NO", "None", "nil", "inf", "NaN")),
        *(
            (word, word)
            for word in (
                "2026-11-23",
                "2026-11-23T10:00:00Z",
                "1.4.0",
                "0.9.0",
                "127.0.0.1",
                "0.0.1.2",
                "12h",
                "5m",
                "8MiB",
                "1-2",
                "-",
                "--",
                ".",
            )
        ),
        *(
            (word, word)
            for word in ("web.restart", "tomato", "nullable", "./run.sh", "-x", "+x", "0d1a26e67d8f5eaf", "${{ event.data }}", "12:x")
        ),
    ],
)
def test_a_plain_value_is_what_json_or_a_reader_takes_it_for(text: str, value: JsonValue) -> None:
    found = read_plain(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "True",
        "TRUE",
        "False",
        "Null",
        "NULL",
        "~",
        "0777",
        "00",
        "0o17",
        "0x1F",
        "0b11",
        "1_000",
        "12:30:45",
        "1:30",
        "1.10",
        "3.50",
        "+1",
        ".5",
        "5.",
        "-.5",
        ".inf",
        "-.Inf",
        ".nan",
        "01.5",
        "-0",
        "9223372036854775808",
        "-9223372036854775809",
        "1e999",
        "9" * 5000,
    ],
)
def test_what_could_be_read_in_two_ways_is_refused_with_the_way_out(text: str) -> None:
    with pytest.raises(ScalarRefused) as caught:
        read_plain(text)
    assert "quote it" in caught.value.hint
    assert len(str(caught.value)) < 200
