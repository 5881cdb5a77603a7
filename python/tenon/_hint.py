# SPDX-License-Identifier: Apache-2.0
"""Finds callbacks that could have been formulas."""

import dis
from collections.abc import Callable
from types import CodeType, ModuleType
from typing import Any

from tenon import _core
from tenon._numpy import FUNCTIONS, UFUNCS

_ATTRIBUTES = {*UFUNCS, *(function.__name__ for function in FUNCTIONS), *dir(_core.Expr)}
_ATTRIBUTES |= {"abs", "bool_", "float16", "float32", "float64", "int32", "int64", "int8", "newaxis", "pi", "uint8"}
_BUILTINS = {"abs", "enumerate", "float", "int", "len", "range", "tuple", "zip"}
_EFFECTS = ("STORE_ATTR", "STORE_GLOBAL", "STORE_SUBSCR", "STORE_DEREF", "DELETE_", "IMPORT_", "YIELD_", "RAISE_")


def could_be_formulas(function: Callable[..., Any], inputs: int, fields: dict[str, Any]) -> bool:
    """Whether a function of arrays can be traced: tried only if its code can have no effect but its result."""
    code = getattr(function, "__code__", None)
    if code is None or code.co_freevars or not _is_pure(code, function.__globals__):
        return False
    return any(_traces(function, inputs, fields, rank) for rank in range(1, 5))


def _is_pure(code: CodeType, names: dict[str, Any]) -> bool:
    for instruction in dis.get_instructions(code):
        if instruction.opname.startswith(_EFFECTS):
            return False
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            value = names.get(instruction.argval)
            known = isinstance(value, ModuleType) and value.__name__ in ("numpy", "tenon")
            if not known and (value is not None or instruction.argval not in _BUILTINS):
                return False
        if instruction.opname in ("LOAD_ATTR", "LOAD_METHOD") and instruction.argval not in _ATTRIBUTES:
            return False
    return all(_is_pure(const, names) for const in code.co_consts if isinstance(const, CodeType))


def _traces(function: Callable[..., Any], inputs: int, fields: dict[str, Any], rank: int) -> bool:
    type_ = "f32[" + ", ".join(f"d{axis}" for axis in range(rank)) + "]"

    def formulas(symbols: list[_core.Expr]) -> list[_core.Expr]:
        result = function(*symbols, **fields)
        results = result if isinstance(result, (tuple, list)) else [result]
        return [_core._as_expr(x, "its result") for x in results]

    try:
        _core._trace("hint", "", False, [(f"x{i}", type_) for i in range(inputs)], formulas)
    except Exception:  # Whatever it is that formulas cannot do.
        return False
    return True
