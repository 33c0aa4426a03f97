"""Checking that what is called like a credential is declared secret: a plain parameter's value is stored, shown and logged.

Called by `check_actions` for every parameter that is not secret; `check_sensors` asks about the names in a configuration.
"""

import re

from attune_core.catalog.reading import Read, Reading
from attune_core.expressions.schema_types import type_of_schema
from attune_core.expressions.types import String, members
from attune_core.models.action import ActionDocument
from attune_core.models.parameter import Parameter
from attune_core.problems import Severity

#: A name is a credential's if it ends so: `db_password`, `github_token`, and not `token_count`, `secret_name` or `author`.
_CREDENTIAL = re.compile(
    r"(?:.*_)?(?:password|passwd|passphrase|secret|token|credentials?|auth|apikey|(?:api|access|private|secret)_key)(?:_[0-9]+)?"
)
#: What follows one of these says what the credential is for: `password_for_backup`.
_PURPOSE = re.compile(r"_(?:for|of|from)_")


def is_credential(name: str) -> bool:
    """Tell whether a name is a credential's."""
    return _CREDENTIAL.fullmatch(_PURPOSE.split(name)[0]) is not None


def check_credential(reading: Reading, action: Read[ActionDocument], name: str, parameter: Parameter) -> None:
    """Warn about a credential's name on a parameter that takes any text in the open."""
    if not is_credential(name):
        return
    types = members(type_of_schema(dict(parameter.value_schema)))
    if any(isinstance(one, String) and one.choices is None for one in types):
        message = f"`{name}` is called like a credential and is not declared secret, so its value is stored and shown"
        hint = "add `secret: true`, and give it `${{ secrets.NAME }}`; or call it something else"
        reading.findings.at("ATT184", message, action.document, ("parameters", name), of="key", hint=hint, severity=Severity.WARNING)
