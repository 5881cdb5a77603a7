# SPDX-License-Identifier: Apache-2.0
"""NumPy's functions on symbols: what Expr.__array_ufunc__ and Expr.__array_function__ come to."""

import inspect
import operator
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from tenon import _core
from tenon._core import Expr
from tenon.errors import InvalidArgumentError

_CALLBACK = "or make the layer a callback: @tenon.layer(callback=True)"


def _truth(x: Any) -> Expr:
    return _core._as_expr(x, "a truth value") != 0


# By the ufunc's name, so that SciPy's count, too.
UFUNCS: dict[str, Callable[..., Any]] = {
    "absolute": _core.abs,
    "add": operator.add,
    "arccos": _core.acos,
    "arccosh": _core.acosh,
    "arcsin": _core.asin,
    "arcsinh": _core.asinh,
    "arctan": _core.atan,
    "arctanh": _core.atanh,
    "bitwise_and": operator.and_,
    "bitwise_or": operator.or_,
    "bitwise_xor": operator.xor,
    "ceil": _core.ceil,
    "cos": _core.cos,
    "cosh": _core.cosh,
    "divide": operator.truediv,
    "equal": operator.eq,
    "erf": _core.erf,
    "exp": _core.exp,
    "expit": _core.sigmoid,
    "expm1": _core.expm1,
    "fabs": _core.abs,
    "floor": _core.floor,
    "floor_divide": operator.floordiv,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "invert": operator.invert,
    "isfinite": lambda x: ~(_core.isnan(x) | _core.isinf(x)),
    "isinf": _core.isinf,
    "isnan": _core.isnan,
    "left_shift": operator.lshift,
    "less": operator.lt,
    "less_equal": operator.le,
    "log": _core.log,
    "log1p": _core.log1p,
    "logical_and": lambda a, b: _truth(a) & _truth(b),
    "logical_not": lambda x: ~_truth(x),
    "logical_or": lambda a, b: _truth(a) | _truth(b),
    "logical_xor": lambda a, b: _truth(a) ^ _truth(b),
    "matmul": operator.matmul,
    "maximum": _core.maximum,
    "minimum": _core.minimum,
    "multiply": operator.mul,
    "negative": operator.neg,
    "not_equal": operator.ne,
    "positive": operator.pos,
    "power": operator.pow,
    "reciprocal": _core.reciprocal,
    "remainder": operator.mod,
    "right_shift": operator.rshift,
    "rint": _core.round,
    "sign": _core.sign,
    "sin": _core.sin,
    "sinh": _core.sinh,
    "sqrt": _core.sqrt,
    "square": _core.square,
    "subtract": operator.sub,
    "tan": _core.tan,
    "tanh": _core.tanh,
    "trunc": lambda x: _core.where(x < 0, _core.ceil(x), _core.floor(x)),
}


def _reduction(function: Callable[..., Expr]) -> Callable[..., Expr]:
    return lambda a, axis=None, keepdims=False: function(a, axis, keepdims)


# ufunc.reduce().
_REDUCTIONS: dict[str, Callable[..., Expr]] = {
    "add": lambda a, axis=0, keepdims=False: _core.sum(a, axis, keepdims),
    "maximum": lambda a, axis=0, keepdims=False: _core.max(a, axis, keepdims),
    "minimum": lambda a, axis=0, keepdims=False: _core.min(a, axis, keepdims),
    "multiply": lambda a, axis=0, keepdims=False: _core.prod(a, axis, keepdims),
}


def _concatenate(parts: Sequence[Any], axis: int = 0) -> Expr:
    return _core.concat(parts, axis)


def _expand_dims(a: Any, axis: int | Sequence[int]) -> Expr:
    return _core.unsqueeze(a, axis)


def _swapaxes(a: Expr, axis1: int, axis2: int) -> Expr:
    order = list(range(a.ndim))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return _core.transpose(a, order)


def _moveaxis(a: Expr, source: int, destination: int) -> Expr:
    order = [axis for axis in range(a.ndim) if axis != source % a.ndim]
    order.insert(destination % a.ndim, source % a.ndim)
    return _core.transpose(a, order)


def _full_like(a: Expr, fill_value: Any) -> Expr:
    return _core.broadcast_to(_core.cast(fill_value, a), a.shape)


_PAD_MODES = {"constant": "value", "edge": "clamp", "reflect": "reflect", "wrap": "wrap"}


def _pad(array: Expr, pad_width: Any, mode: str = "constant", constant_values: Any = 0) -> Expr:
    if mode not in _PAD_MODES:
        modes = ", ".join(_PAD_MODES)
        raise InvalidArgumentError(f"np.pad: the mode '{mode}' is given but one of {modes} is required")
    widths = np.broadcast_to(pad_width, (array.ndim, 2)).tolist()
    return _core.pad(array, [tuple(pair) for pair in widths], _PAD_MODES[mode], constant_values)


def _take(a: Expr, indices: Any, axis: int) -> Expr:
    return _core.take(a, indices, axis)


def _round(a: Expr, decimals: int = 0) -> Expr:
    return _core.round(a * 10.0**decimals) / 10.0**decimals if decimals else _core.round(a)


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.all: _reduction(_core.all),
    np.amax: _reduction(_core.max),
    np.amin: _reduction(_core.min),
    np.any: _reduction(_core.any),
    np.argmax: _reduction(_core.argmax),
    np.argmin: _reduction(_core.argmin),
    np.around: _round,
    np.broadcast_to: lambda array, shape: _core.broadcast_to(array, shape),
    np.clip: lambda a, a_min, a_max: _core.clip(a, a_min, a_max),
    np.concatenate: _concatenate,
    np.dot: lambda a, b: a * b if 0 in (np.ndim(a), np.ndim(b)) else _core.matmul(a, b),
    np.expand_dims: _expand_dims,
    np.flip: lambda m, axis=None: _core.flip(m, axis),
    np.full_like: _full_like,
    np.max: _reduction(_core.max),
    np.mean: _reduction(_core.mean),
    np.min: _reduction(_core.min),
    np.moveaxis: _moveaxis,
    np.ndim: lambda a: a.ndim,
    np.ones_like: lambda a: _full_like(a, 1),
    np.pad: _pad,
    np.prod: _reduction(_core.prod),
    np.reshape: lambda a, shape: _core.reshape(a, shape if isinstance(shape, (tuple, list)) else (shape,)),
    np.round: _round,
    np.shape: lambda a: a.shape,
    np.size: lambda a: a.size,
    np.squeeze: lambda a, axis=None: _core.squeeze(a, axis),
    np.stack: lambda arrays, axis=0: _core.stack(arrays, axis),
    np.std: _reduction(_core.std),
    np.sum: _reduction(_core.sum),
    np.swapaxes: _swapaxes,
    np.take: _take,
    np.transpose: lambda a, axes=None: _core.transpose(a, axes),
    np.var: _reduction(_core.var),
    np.where: lambda condition, x, y: _core.where(condition, x, y),
    np.zeros_like: lambda a: _full_like(a, 0),
}


def call_ufunc(ufunc: np.ufunc, method: str, inputs: tuple, options: dict[str, Any]) -> Any:
    """ufunc(*inputs, **options), or its reduce, with symbols among the inputs."""
    name = ufunc.__name__
    if method == "reduce" and name in _REDUCTIONS:
        return _called(f"np.{name}.reduce", _REDUCTIONS[name], inputs, options)
    if method != "__call__" or name not in UFUNCS:
        _refuse(f"np.{name}" + ("" if method == "__call__" else f".{method}"))
    if options:
        raise InvalidArgumentError(
            f"np.{name}: {', '.join(options)} is given with symbols; write it without, {_CALLBACK}"
        )
    return UFUNCS[name](*(_core._as_expr(x, f"np.{name}") for x in inputs))


def call_function(function: Callable[..., Any], arguments: tuple, options: dict[str, Any]) -> Any:
    """function(*arguments, **options) with symbols among the arguments."""
    name = f"np.{function.__name__}"
    if function not in FUNCTIONS:
        _refuse(name)
    return _called(name, FUNCTIONS[function], arguments, options)


def _called(name: str, function: Callable[..., Any], arguments: Sequence[Any], options: dict[str, Any]) -> Any:
    try:
        inspect.signature(function).bind(*arguments, **options)
    except TypeError as error:
        raise InvalidArgumentError(f"{name}: {error}; write it without, {_CALLBACK}") from None
    return function(*arguments, **options)


def _refuse(name: str) -> NoReturn:
    raise InvalidArgumentError(
        f"{name}: symbols are given, but this function is for values; write it with tenon's functions, tenon.compute() "
        f"for instance, {_CALLBACK}"
    )
