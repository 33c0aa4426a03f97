"""A secret passes no operator, function or macro: whatever an expression does with one is refused, in the scope of every place."""

import pytest

from attune_core.catalog.scopes import event_scope, parameter_types, parameters_scope
from attune_core.expressions.check import Scope, check
from attune_core.expressions.template import check_template
from attune_core.expressions.types import BOOL, DYN, STRING
from attune_core.models.parameter import Parameter

PARAMETERS = {
    "token": Parameter(value_schema={"type": "string"}, secret=True),
    "unit": Parameter(value_schema={"type": "string"}),
    "spare": Parameter(value_schema={"type": "string"}, secret=True, optional=True),
}
SCOPES = {"event": event_scope(DYN), "parameters": parameters_scope(PARAMETERS, parameter_types(PARAMETERS))}
OF_SECRETS = [
    'secrets.x == "a"',
    "secrets.x == secrets.x",
    "secrets.x != null",
    "secrets == {}",
    "has(secrets.x)",
    '"x" in secrets',
    'secrets.x in ["a"]',
    "size(secrets.x) > 1",
    'string(secrets.x) == "a"',
    'bytes(secrets.x) == b"a"',
    "dyn(secrets) == 1",
    'secrets.x.startsWith("a")',
    '"a".matches(secrets.x)',
    '"%s".format([secrets.x]) == "a"',
    '["a"].join(secrets.x) == ""',
    'timestamp(secrets.x) > timestamp("2020-01-01T00:00:00Z")',
    '{"a": secrets.x}.a == "x"',
    "{secrets.x: 1} == {}",
    '[secrets.x, "a"].exists(x, x == "a")',
    'secrets.exists(k, k == "a")',
    "secrets.all(k, size(k) > 1)",
    "[1, 2].map(x, secrets.y) == []",
    "secrets.?x.hasValue()",
    'optional.of(secrets.x).orValue("a") == "b"',
    '(true ? secrets.x : "a") == "a"',
    'true || secrets.x == "x"',
    'secrets.x + "a" == "b"',
    "!secrets.x",
    "[1][secrets.x] == 1",
]
OF_PARAMETERS = [
    'parameters.token == "a"',
    'parameters["token"] == "a"',
    'parameters[parameters.unit] == "a"',
    "has(parameters.spare)",
    'parameters.?spare.orValue("a") == "b"',
    '"token" in parameters',
    "size(parameters) > 2",
    "parameters == {}",
    'parameters.exists(k, k == "token")',
    '[parameters][0].token == "a"',
    '{"a": parameters}.a.token == "x"',
    "[parameters].exists(p, has(p.token))",
]


@pytest.mark.parametrize(
    ("scope", "expression"),
    [
        *((scope, one) for scope in SCOPES.values() for one in OF_SECRETS),
        *((SCOPES["parameters"], one) for one in OF_PARAMETERS),
    ],
)
def test_nothing_is_done_with_a_secret(scope: Scope, expression: str) -> None:
    checked = check(expression, scope, BOOL)
    assert checked.program is None
    assert "ATT209" in {found.code for found in checked.findings}


@pytest.mark.parametrize(
    "text", ["${{ secrets.x }}", "a ${{ secrets.x }}", "${{ parameters.token }}", "a${{ parameters.token }}", "${{ parameters }}"]
)
def test_a_secret_stands_neither_alone_nor_inside_a_text_where_a_key_or_a_variable_is(text: str) -> None:
    for expected in (DYN, STRING):
        assert "ATT209" in {found.code for found in check_template(text, SCOPES["parameters"], expected).findings}


def test_what_is_no_secret_is_free_beside_one() -> None:
    assert check('parameters.unit == "a"', SCOPES["parameters"], BOOL).findings == ()
