"""docs/contract/action.md, "What it gives": exit codes, Results and logs, good and bad."""

import base64
import json

import pytest

from attune_core.states import Outcome, Reason
from attune_core.values import JsonValue
from tests.contracts.contract_pack import ContractPack
from tests.running import Running

pytestmark = pytest.mark.flow
sentence = pytest.mark.sentence

PACK = ContractPack()
UNIT: JsonValue = {"type": "object", "required": ["active"], "properties": {"active": {"type": "boolean"}}}


END = PACK.shell("end", 'exit "$CODE"', parameters={"code": {"type": "string"}}, env={"CODE": "${{ parameters.code }}"})
SIGNALLED = PACK.shell("signalled", "kill -SEGV $$\nsleep 10")


@sentence("A11")
def test_exit_code_0_alone_is_success(running: Running) -> None:
    assert running.run(END, {"code": "0"}).outcome is Outcome.SUCCEEDED
    for code in (1, 3, 255):
        found = running.run(END, {"code": str(code)})
        assert (found.outcome, found.reason, found.exit_code) == (Outcome.FAILED, Reason.EXIT_CODE, code)


@sentence("A11")
def test_an_action_that_a_signal_ends_says_which(running: Running) -> None:
    found = running.run(SIGNALLED)
    assert (found.outcome, found.reason, found.exit_code) == (Outcome.FAILED, Reason.SIGNAL, None)
    assert found.detail == "ended by signal 11"


RESULT = PACK.shell(
    "result", 'echo log; echo "$TEXT" > "$ATTUNE_RESULT"', parameters={"text": {"type": "string"}}, env={"TEXT": "${{ parameters.text }}"}
)
WHOLE_MIB = PACK.python(
    "whole_mib",
    """\
import json, os
texts = ["x" * 250_000] * 4 + [""]
texts[4] = "x" * ((1 << 20) - len(json.dumps(texts)))
assert len(json.dumps(texts)) == 1 << 20
json.dump(texts, open(os.environ["ATTUNE_RESULT"], "w"))
""",
)


@sentence("A12")
@pytest.mark.parametrize("value", [{"active": True}, [1, 2.5, None], "text", 7, False, None])
def test_the_result_is_the_json_document_in_the_file(running: Running, value: JsonValue) -> None:
    found = running.run(RESULT, {"text": json.dumps(value)})
    assert (found.outcome, found.result) == (Outcome.SUCCEEDED, value)
    assert running.printed(found.id) == b"log\n"


@sentence("A12")
def test_an_action_without_a_result_writes_nothing(running: Running) -> None:
    found = running.run(END, {"code": "0"})
    assert (found.outcome, found.result) == (Outcome.SUCCEEDED, None)


@sentence("A15")
def test_a_result_of_exactly_1_mib_is_taken(running: Running) -> None:
    found = running.run(WHOLE_MIB)
    assert found.outcome is Outcome.SUCCEEDED, found
    assert len(json.dumps(found.result)) == 1 << 20


PRINTED = PACK.shell("printed", "echo '{\"active\":'; echo not a result >&2; echo 'true}'", result={"from": "stdout", "schema": UNIT})
PRINTED_ANY = PACK.shell("printed_any", "echo '[1]'", result={"from": "stdout"})


@sentence("A13")
def test_the_result_can_be_what_is_printed(running: Running) -> None:
    found = running.run(PRINTED)
    assert (found.outcome, found.result) == (Outcome.SUCCEEDED, {"active": True})
    assert running.printed(found.id) == b'{"active":\ntrue}\n', "it is a log all the same"
    assert running.run(PRINTED_ANY).result == [1]


INVALID = {
    "no_json": "active",
    "two_documents": '{"active": true} {"active": true}',
    "cut_off": '{"active": tr',
    "key_twice": '{"active": true, "active": false}',
    "not_a_number": '{"active": true, "load": NaN}',
    "beyond_int64": '{"active": true, "size": 9223372036854775808}',
    "other_type": '{"active": "yes"}',
    "not_an_object": "true",
    "empty": "",
}
#: `result_invalid` by what the action writes; every one of them declares a schema.
INVALID_RESULTS = {
    **{
        f"invalid_{name}": PACK.shell(f"invalid_{name}", f"cat > \"$ATTUNE_RESULT\" <<'END'\n{text}\nEND\n", result={"schema": UNIT})
        for name, text in INVALID.items()
    },
    "left_out": PACK.shell("left_out", "exit 0", result={"schema": UNIT}),
    "printed_nothing": PACK.shell("printed_nothing", "exit 0", result={"from": "stdout"}),
    "printed_more": PACK.shell("printed_more", "echo log; echo '{\"active\": true}'", result={"from": "stdout", "schema": UNIT}),
    "too_deep": PACK.shell("too_deep", 'printf "%0100d" 0 | tr 0 "[" > "$ATTUNE_RESULT"'),
    "long_string": PACK.shell("long_string", '{ printf \'"\'; head -c 300000 /dev/zero | tr "\\0" x; printf \'"\'; } > "$ATTUNE_RESULT"'),
    "not_utf8": PACK.shell("not_utf8", 'printf \'"\\377"\' > "$ATTUNE_RESULT"'),
}


@sentence("A14")
@pytest.mark.parametrize("name", INVALID_RESULTS)
def test_an_invalid_result_fails_an_exit_code_0(running: Running, name: str) -> None:
    found = running.run(INVALID_RESULTS[name])
    assert (found.outcome, found.reason, found.exit_code) == (Outcome.FAILED, Reason.RESULT_INVALID, 0)
    assert found.result is None
    assert found.detail


@sentence("A14")
def test_an_invalid_result_does_not_hide_the_exit_code(running: Running) -> None:
    found = running.run(BAD_AND_FAILED)
    assert (found.reason, found.exit_code, found.result) == (Reason.EXIT_CODE, 3, None)


BAD_AND_FAILED = PACK.shell("bad_and_failed", 'echo no json > "$ATTUNE_RESULT"; exit 3', result={"schema": UNIT})

NO_FILES = {
    "fifo": 'mkfifo "$ATTUNE_RESULT"',
    "link_to_a_result": 'echo 1 > "$TMPDIR/result"; ln -s "$TMPDIR/result" "$ATTUNE_RESULT"',
    "link_out": 'ln -s /etc/hostname "$ATTUNE_RESULT"',
    "folder": 'mkdir "$ATTUNE_RESULT"',
}
NOT_REGULAR = [PACK.shell(name, script) for name, script in NO_FILES.items()]
TOO_LARGE = [
    PACK.shell("one_byte_more", 'head -c 1048577 /dev/zero | tr "\\0" 1 > "$ATTUNE_RESULT"'),
    PACK.shell("sparse", 'truncate -s 1T "$ATTUNE_RESULT"'),
    PACK.shell("large_print", 'head -c 1048577 /dev/zero | tr "\\0" 1', result={"from": "stdout"}),
]


@sentence("A15")
@pytest.mark.parametrize("action", NOT_REGULAR)
def test_a_result_is_a_regular_file(running: Running, action: str) -> None:
    found = running.run(action)
    assert (found.outcome, found.reason, found.result) == (Outcome.FAILED, Reason.RESULT_INVALID, None)
    assert found.detail == "what stands at ATTUNE_RESULT is not a regular file"


@sentence("A15")
@pytest.mark.parametrize("action", TOO_LARGE)
def test_a_result_has_at_most_1_mib(running: Running, action: str) -> None:
    found = running.run(action)
    assert (found.outcome, found.reason, found.result) == (Outcome.FAILED, Reason.RESULT_TOO_LARGE, None)


#: Every byte there is, a title for the terminal, what a CI would take for a command, and no line's end.
BYTES = bytes(range(256)) + b'\x1b]0;title\x07\x1b[31m::set-output name=active::true\r\n{"active": false}\nerror: failed\nno end'
RAW = PACK.python(
    "raw", f"import os\nfor stream in (1, 2):\n    os.write(stream, bytes.fromhex('{BYTES.hex()}'))\n", result={"from": "file"}
)


@sentence("A16")
def test_output_is_kept_byte_by_byte_and_decides_nothing(running: Running) -> None:
    found = running.run(RAW)
    assert (found.outcome, found.result) == (Outcome.SUCCEEDED, None)
    assert running.printed(found.id, "stdout") == BYTES
    assert running.printed(found.id, "stderr") == BYTES


SEGMENT, SEGMENTS, LINES = 64 << 10, 3, 300_000
LONG = PACK.shell("long", f"seq {LINES}", logs={"segment": "64KiB", "segments": SEGMENTS})


@sentence("A17")
def test_a_log_keeps_its_beginning_and_its_end_and_counts_the_gap(running: Running) -> None:
    whole = b"".join(b"%d\n" % number for number in range(1, LINES + 1))
    found = running.run(LONG)
    assert found.outcome is Outcome.SUCCEEDED
    beginning = running.log(found.id)
    head = base64.b64decode(beginning.content)
    assert whole.startswith(head)
    assert (1 << 20) - (64 << 10) <= len(head) <= 1 << 20
    after = running.log(found.id, offset=len(head))
    tail = base64.b64decode(after.content)
    assert whole.endswith(tail)
    assert (SEGMENTS - 1) * SEGMENT - 100 <= len(tail) <= SEGMENTS * SEGMENT
    assert after.gap == len(whole) - len(head) - len(tail)
    assert (after.offset, after.total, after.ended) == (len(whole) - len(tail), len(whole), True)


MASKED = PACK.python(
    "masked",
    """\
import base64, json, os, sys
given = json.load(sys.stdin)
long, short = given["long"], given["short"]
raw = long.encode()
forms = [long, base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode(), json.dumps(long), short]
for stream in (sys.stdout, sys.stderr):
    for form in forms:
        half = len(form) // 2
        print("<", form[:half], sep="", end="", file=stream, flush=True)
        print(form[half:], ">", sep="", file=stream, flush=True)
json.dump({"long": long, "short": short}, open(os.environ["ATTUNE_RESULT"], "w"))
""",
    parameters={"long": {"type": "string", "secret": True}, "short": {"type": "string", "secret": True}},
)


@sentence("A18")
def test_secrets_of_8_bytes_are_masked_in_every_form(running: Running) -> None:
    running.system.put_agent_secret(running.agent, "long_secret", 'pa~"wörd')
    running.system.put_agent_secret(running.agent, "short_secret", "sevenby")
    found = running.run(MASKED, secrets={"long": "long_secret", "short": "short_secret"})
    assert found.outcome is Outcome.SUCCEEDED, found
    for stream in ("stdout", "stderr"):
        assert running.printed(found.id, stream) == b'<***>\n<***>\n<***>\n<"***">\n<sevenby>\n', stream
    assert found.result == {"long": "***", "short": "sevenby"}
