"""Stubs say what a schema says, and type checkers and interpreters take them."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from attune_core.catalog.scopes import parameter_types
from attune_core.expressions.schema_types import type_of_schema
from attune_core.expressions.types import Field, Object, Type
from attune_core.models.parameter import Parameter
from attune_core.stubs.python_stub import python_stub
from attune_core.stubs.typescript_stub import typescript_stub
from attune_core.values import JsonObject

PARAMETERS: JsonObject = {
    "unit": {"type": "string"},
    "class": {"enum": ["web", 'a"b', 3, None]},
    "token": {"type": "string", "secret": True, "optional": True},
    "tries": {"type": "integer", "default": 3},
    "limits": {
        "type": "object",
        "required": ["cpu"],
        "properties": {
            "cpu": {"type": "number"},
            "mem-max": {"type": ["integer", "null"]},
            "hosts": {"type": "array", "items": {"type": "string"}},
        },
    },
    "labels": {"type": "object", "additionalProperties": {"type": "boolean"}},
    "steps": {"type": "array", "items": {"type": "object", "required": ["run"], "properties": {"run": {"type": "string"}}}},
    "limits_cpu": {"type": "object", "properties": {"x": {}}},
}
RESULT: JsonObject = {"type": "object", "required": ["active"], "properties": {"active": {"type": "boolean"}}}


def roots() -> dict[str, Type]:
    parameters = {name: Parameter.model_validate(one) for name, one in PARAMETERS.items()}
    types = parameter_types(parameters)
    fields = {name: Field(types[name], required=one.required or one.has_default) for name, one in parameters.items()}
    return {"Input": Object(fields), "Result": type_of_schema(RESULT)}


def test_python_gets_a_typed_dict_for_each_object() -> None:
    assert (
        python_stub("Types of web.restart.", roots())
        == '''\
"""Types of web.restart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from typing import NotRequired


InputLimits = TypedDict(
    "InputLimits",
    {
        "cpu": "float",
        "mem-max": "NotRequired[int | None]",
        "hosts": "NotRequired[list[str]]",
    },
)


class InputSteps(TypedDict):
    run: str


class InputLimitsCpu(TypedDict):
    x: NotRequired[object]


Input = TypedDict(
    "Input",
    {
        "unit": "str",
        "class": "Literal[\\"web\\", \\"a\\\\\\"b\\"] | Literal[3] | None",
        "token": "NotRequired[str]",
        "tries": "int",
        "limits": "InputLimits",
        "labels": "dict[str, bool]",
        "steps": "list[InputSteps]",
        "limits_cpu": "InputLimitsCpu",
    },
)


class Result(TypedDict):
    active: bool
'''
    )


def test_typescript_gets_an_interface_for_each_object() -> None:
    assert (
        typescript_stub("Types of web.restart.", roots())
        == """\
// Types of web.restart.

export interface InputLimits {
  cpu: number;
  "mem-max"?: number | null;
  hosts?: Array<string>;
}

export interface InputSteps {
  run: string;
}

export interface InputLimitsCpu {
  x?: unknown;
}

export interface Input {
  unit: string;
  class: "web" | "a\\"b" | 3 | null;
  token?: string;
  tries: number;
  limits: InputLimits;
  labels: Record<string, boolean>;
  steps: Array<InputSteps>;
  limits_cpu: InputLimitsCpu;
}

export interface Result {
  active: boolean;
}
"""
    )


def test_a_type_checker_holds_a_program_to_its_stub(tmp_path: Path) -> None:
    (tmp_path / "restart_types.py").write_text(python_stub("Types.", roots()))
    program = tmp_path / "restart.py"
    program.write_text("from restart_types import Input\n\ndef run(given: Input) -> int:\n    return given['unit'].upper()\n")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--config-file=", "restart.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines()[0] == (
        'restart.py:4: error: Incompatible return value type (got "str", expected "int")  [return-value]'
    ), done
    assert len(done.stdout.splitlines()) == 2


@pytest.mark.parametrize("version", [(3, 9), (3, 11)])
def test_old_interpreters_read_it(version: tuple[int, int]) -> None:
    ast.parse(python_stub("Types.", roots()), feature_version=version)


def test_it_runs_without_attune_or_anything_else(tmp_path: Path) -> None:
    (tmp_path / "restart_types.py").write_text(python_stub("Types.", roots()))
    python = shutil.which("python3", path="/usr/bin:/bin") or sys.executable
    subprocess.run([python, "-I", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import restart_types"], check=True)


def test_what_is_no_object_and_what_is_unknown_have_types_as_well() -> None:
    kinds = {"Input": Object({}), "Result": type_of_schema({"type": ["array", "string"], "items": {"type": "integer"}})}
    assert 'Result: TypeAlias = "list[int] | str"' in python_stub("Types.", kinds)
    assert "class Input(TypedDict):\n    pass" in python_stub("Types.", kinds)
    assert "export type Result = Array<number> | string;" in typescript_stub("Types.", kinds)
