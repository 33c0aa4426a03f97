"""An Input as dotenv: what really sourcing shells see is what was given, to the byte, and nothing in it is ever run."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attune_core.input_documents.errors import InputUnwritable
from attune_core.input_documents.variable_names import is_reserved
from attune_core.input_documents.writing import LIMIT, input_document
from attune_core.values import JsonObject, JsonValue

SHELLS = [shell for shell in ("sh", "dash", "bash") if shutil.which(shell)]
#: Prints names and values of all variables that begin so, ended by a mark each: the values may hold anything but NUL.
SHOW = 'set -f; for name in {names}; do eval "value=\\${{$name}}"; printf "%s=%s\\0" "$name" "$value"; done'
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
HOSTILE = [
    *(
        "it's",
        "''",
        "'\\''",
        "\\",
        "\\'",
        "a\nb",
        "\n",
        "trailing\n\n",
        "$(touch pwned)",
        "`touch pwned`",
        "${HOME}",
        "$HOME",
        "!!",
        "~",
        "*",
    ),
    *(
        "a;touch pwned",
        "' ; touch pwned ; '",
        "\r\n",
        "\t",
        "\x01\x7f\x80\x85",
        "日本😀",
        "\u2028",
        "#no comment",
        "-n",
        "=",
        "a=b",
        "\\\n",
    ),
]


def sourced(shell: str, document: bytes, names: list[str], *options: str, place: Path | None = None) -> dict[str, bytes]:
    """Return what a shell has in these variables after it has sourced the document from its standard input."""
    script = f"{'; '.join(options)}{'; ' if options else ''}. /dev/stdin || exit 3; {SHOW.format(names=' '.join(names))}"
    done = subprocess.run(
        [shell, "-u", "-c", script], input=document, capture_output=True, check=True, cwd=place, env={"PATH": "/usr/bin:/bin"}
    )
    assert done.stderr == b""
    shown = (entry.partition(b"=") for entry in done.stdout.split(b"\0")[:-1])
    return {name.decode(): value for name, _, value in shown}


@pytest.mark.parametrize("shell", SHELLS)
@settings(max_examples=25, deadline=None)
@given(values=st.lists(texts, min_size=1, max_size=8))
def test_a_text_arrives_as_it_is(shell: str, values: list[str]) -> None:
    given_input: JsonObject = {f"v{number}": value for number, value in enumerate(values)}
    found = sourced(shell, input_document("dotenv", given_input), [name.upper() for name in given_input])
    assert found == {name.upper(): str(value).encode() for name, value in given_input.items()}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("options", [(), ("set -a",), ("set -a", "set -e", "exec 2>/dev/null", "set -x")])
def test_hostile_texts_are_texts(shell: str, options: tuple[str, ...], tmp_path: Path) -> None:
    given_input: JsonObject = {"all": [*HOSTILE]}
    names = [f"ALL_{index}" for index in range(len(HOSTILE))]
    found = sourced(shell, input_document("dotenv", given_input), names, *options, place=tmp_path)
    assert [found[name] for name in names] == [text.encode() for text in HOSTILE]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given_input", "lines"),
    [
        ({}, ""),
        ({"unit": "nginx", "max_load": 1.5}, "UNIT='nginx'\nMAX_LOAD='1.5'\n"),
        ({"a": True, "b": False, "c": None, "d": ""}, "A='true'\nB='false'\nC=''\nD=''\n"),
        ({"a": 7, "b": -7.0, "c": 2.0**53, "d": 1e300, "e": 1e-7}, "A='7'\nB='-7'\nC='9007199254740992.0'\nD='1e+300'\nE='1e-07'\n"),
        ({"db": {"host": "h", "port-number": 5, "é": 1, "": 2}}, "DB_HOST='h'\nDB_PORT_NUMBER='5'\nDB__='1'\nDB_='2'\n"),
        ({"tags": ["a", "b"], "none": []}, "TAGS_COUNT='2'\nTAGS_0='a'\nTAGS_1='b'\nNONE_COUNT='0'\n"),
        ({"m": [{"x": 1}, [2]], "o": {}}, "M_COUNT='2'\nM_0_X='1'\nM_1_COUNT='1'\nM_1_0='2'\n"),
    ],
)
def test_values_become_variables_by_these_rules(given_input: JsonObject, lines: str) -> None:
    assert input_document("dotenv", given_input) == lines.encode()


@pytest.mark.parametrize(
    ("given_input", "names"),
    [
        ({"tags": ["a"], "tags_0": "b"}, "TAGS_0"),
        ({"tags": [], "tags_count": 1}, "TAGS_COUNT"),
        ({"db": {"host": 1}, "db_host": 2}, "DB_HOST"),
        ({"o": {"a-b": 1, "a_b": 2}}, "O_A_B"),
        ({"o": {"A": 1, "a": 2}}, "O_A"),
        ({"ld": {"preload": "/tmp/x.so"}}, "LD_PRELOAD"),
        ({"bash": {"env": "/tmp/x"}}, "BASH_ENV"),
        ({"attune": {"execution_id": "x"}}, "ATTUNE_EXECUTION_ID"),
        ({"path": "/tmp"}, "PATH"),
        ({"o": {"text": "a\0b"}}, "U+0000"),
        ({"o": {"k" * 300: 1}}, "302 characters"),
        ({"set_already": 1}, "SET_ALREADY"),
    ],
)
def test_what_no_variable_can_say_is_refused(given_input: JsonObject, names: str) -> None:
    with pytest.raises(InputUnwritable, match=names.replace("+", r"\+")):
        input_document("dotenv", given_input, taken={"SET_ALREADY"})


@pytest.mark.parametrize("value", ["it's", "'", "x" * 100])
def test_a_document_beyond_the_bound_is_refused_in_every_format(value: str) -> None:
    given_input: dict[str, JsonValue] = {"all": [value] * (LIMIT // len(value))}
    for form in ("json", "yaml", "dotenv"):
        with pytest.raises(InputUnwritable, match="bytes as"):
            input_document(form, given_input)


def test_a_variable_that_bash_has_itself_is_refused_or_takes_its_value() -> None:
    own = subprocess.run(
        ["bash", "-c", "compgen -v"], capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin"}
    ).stdout.split()
    free = [name for name in own if not is_reserved(name) and name != "_"]
    assert len(own) - len(free) > 30
    document = input_document("dotenv", {name.lower(): "it * $x" for name in free})
    assert set(sourced("bash", document, free).values()) == {b"it * $x"}
