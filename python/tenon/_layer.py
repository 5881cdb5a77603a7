# SPDX-License-Identifier: Apache-2.0
"""@tenon.layer: layers written as Python functions."""

import functools
import inspect
import sys
import warnings
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple, overload
from weakref import WeakValueDictionary

import numpy as np

from tenon import _core
from tenon._core import Expr, Graph, LayerExpr, LayerSpec, TensorType
from tenon._hint import could_be_formulas
from tenon.errors import Error, InvalidArgumentError, LayerHint, NotFoundError, line_text, locate, user_line

_FIELD_KINDS = (bool, int, float, str)


class Extent:
    """A dimension that is not known yet, in the type rule of a callback: what is computed with it is not, either."""

    def __init__(self, name: str | None) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name or "?"

    def __eq__(self, other: object) -> bool:
        return self.name is not None and isinstance(other, Extent) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)

    def _unknown(self, *_: object) -> "Extent":
        return Extent(None)

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __floordiv__ = __rfloordiv__ = __mod__ = _unknown
    __neg__ = _unknown


class _InputType(NamedTuple):
    """What a callback's type rule gets for each input."""

    dtype: _core.DType
    shape: tuple[int | Extent, ...]


class _Body(NamedTuple):
    """What the registry keeps of a layer: not the Layer, whose engines keep this."""

    layer: str
    function: Callable[..., Any]
    types: Callable[..., Any] | None
    outputs: int
    writes: bool
    """Whether a callback takes the arrays for its results as `out`."""

    def formulas(self, symbols: list[Expr], fields: dict[str, Any]) -> list[Expr]:
        try:
            results = self._results(self.function(*symbols, **fields))
            return [_core._as_expr(x, f"{self.layer}: its result") for x in results]
        except Error as error:
            code = self.function.__code__
            locate(error, user_line(error.__traceback__) or line_text(code.co_filename, code.co_firstlineno))
            raise

    def run(self, arrays: list[np.ndarray], results: list[np.ndarray], fields: dict[str, Any]) -> list:
        """What the callback returns; nothing where it has written to `results`."""
        if not self.writes:
            return self._results(self.function(*arrays, **fields))
        out = results[0] if self.outputs == 1 else tuple(results)
        returned = self.function(*arrays, out=out, **fields)
        if returned is not None and returned is not out:
            raise InvalidArgumentError(
                f"{self.layer}: it takes `out` but returns a {type(returned).__name__}; write the results to `out`, or "
                "leave that parameter away and return them"
            )
        return []

    def infer(self, types: list[TensorType], fields: dict[str, Any]) -> list[TensorType]:
        if any(type_.shape is None for type_ in types):
            return [TensorType()] * self.outputs
        result = self.types(*(_with_extents(type_) for type_ in types), **fields)
        several = isinstance(result, list) or (isinstance(result, tuple) and not _is_type(result))
        return [_tensor_type(x) for x in (result if several else [result])]

    def _results(self, result: Any) -> list:
        results = list(result) if isinstance(result, (tuple, list)) else [result]
        if len(results) == self.outputs and not any(x is None for x in results):
            return results
        given = "nothing" if result is None else f"{len(results)} tensors"
        advice = f"@tenon.layer(outputs={len(results)})" if result is not None else "a return"
        raise InvalidArgumentError(f"{self.layer}: it returns {given} but {self.outputs} are required; write {advice}")


class Layer:
    """A layer that is a Python function; @tenon.layer makes one.

    Called without tensors it gives a LayerSpec with these fields, for Graph.replace(); with symbols it becomes a part
    of their formulas; with arrays it computes.
    """

    name: str
    """The layer's name: the function's, unless another one was given."""
    domain: str
    """Its namespace."""
    version: int
    """Its version."""
    doc: str
    """The function's docstring."""
    origin: str
    """The module and the function that define it."""
    inputs: list[str]
    """The names of its inputs."""
    variadic: bool
    """Whether the last input stands for any number of them."""
    outputs: int
    """How many outputs it has."""
    fields: dict[str, Any]
    """Its fields with their defaults."""
    fast: bool
    """Whether its formulas are simplified as if floats were real numbers."""
    callback: bool
    """Whether it is a callback: called when a plan runs, instead of traced when a graph is compiled."""
    elementwise: bool
    """Whether a callback says that it works on each element alone."""

    # The newest layer of each (domain, name, version): what the registry has.
    _newest: ClassVar[WeakValueDictionary[tuple[str, str, int], "Layer"]] = WeakValueDictionary()

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        name: str | None = None,
        version: int = 1,
        domain: str = "custom",
        outputs: int = 1,
        fast: bool = False,
        callback: bool = False,
        elementwise: bool = False,
        types: Callable[..., Any] | None = None,
    ) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.name = name or function.__name__
        self.version = version
        self.domain = domain
        self.outputs = outputs
        self.fast = fast
        self.callback = callback
        self.elementwise = elementwise
        self.doc = inspect.getdoc(function) or ""
        self.origin = _origin(function)
        self.inputs, self.variadic, self.fields, writes = _parameters(function, self.name)
        if writes and not callback:
            raise InvalidArgumentError(f"layer '{self.name}': formulas have no `out`; return what they compute")
        self._body = _Body(self.name, function, types, outputs, writes)
        self._engine = functools.lru_cache(maxsize=64)(self._compiled)
        if types is not None and not callback:
            raise InvalidArgumentError(
                f"layer '{self.name}': a type rule is given, but formulas have their own; leave it out"
            )
        if elementwise and not callback:
            raise InvalidArgumentError(
                f"layer '{self.name}': elementwise is what a callback says of itself; formulas show it, so leave it out"
            )
        if fast and callback:
            raise InvalidArgumentError(
                f"layer '{self.name}': fast says how formulas are simplified, but a callback has none; leave it out"
            )
        if callback:
            if could_be_formulas(function, len(self.inputs), self.fields):
                warnings.warn(
                    f"layer '{self.name}': this callback can be traced as it stands; without callback=True it is "
                    "compiled, fused with its neighbours and kept in plans",
                    LayerHint,
                    stacklevel=2,
                )
            _core._define_callback(self, self._body.run, None if types is None else self._body.infer, writes)
        else:
            _core._define_layer(self, self._body.formulas)
        Layer._newest[self._key] = self

    @property
    def _key(self) -> tuple[str, str, int]:
        return (self.domain, self.name, self.version)

    def __repr__(self) -> str:
        return f"<tenon.Layer {self.name}{inspect.signature(self.function)}>"

    def __call__(self, *inputs: Any, **fields: Any) -> Any:
        """The layer with these fields, as a LayerSpec, a part of a formula, or computed: see the class."""
        self._check_fields(fields)
        if any(isinstance(x, Expr) for x in inputs):
            if self.callback:
                raise InvalidArgumentError(
                    f"layer '{self.name}': a callback is called within formulas, which run without Python; "
                    "write it as formulas, too: without callback=True"
                )
            return self.function(*inputs, **fields)
        if Layer._newest.get(self._key) is not self:
            raise InvalidArgumentError(
                f"layer '{self.name}': this object is out of date, for the layer was defined again since; "
                "use the new one, or give one of them another name: @tenon.layer(name=...)"
            )
        if not inputs:
            return LayerSpec(self.name, fields, self.domain)
        arrays = [_array(x) for x in inputs]
        types = tuple((_core.DType.of(x.dtype), x.shape) for x in arrays)
        values = tuple((name, _frozen(value)) for name, value in sorted(fields.items()))
        return self._engine(types, values).run(*arrays)

    def trace(self, *types: object, **fields: Any) -> LayerExpr | Graph:
        """The layer's formulas for inputs of these types, "f32[n, c]" say. str() of them is their text.

        Of a layer that calls operators which are not defined by formulas: the graph that it stands for.
        """
        self._check_fields(fields)
        if self.callback:
            raise InvalidArgumentError(f"layer '{self.name}': a callback has no formulas to show")
        names = self.inputs
        if self.variadic:
            more = range(max(1, len(types) - len(names) + 1))
            names = [*names[:-1], *(f"{names[-1]}{i}" for i in more)]
        if len(types) != len(names):
            wanted = ", ".join(self.inputs)
            raise InvalidArgumentError(
                f"layer '{self.name}': {len(types)} types are given, but its inputs are {wanted}; "
                f'write {self.name}.trace("f32[n, c]"{", ..." if len(self.inputs) > 1 else ""})'
            )
        inputs = [(name, str(type_)) for name, type_ in zip(names, types, strict=True)]
        values = self.fields | fields

        def formulas(symbols: list[Expr]) -> list[Expr]:
            return self._body.formulas(symbols, values)

        return _core._trace(self.name, self.doc, self.fast, inputs, formulas)

    def _check_fields(self, fields: dict[str, Any]) -> None:
        for name in fields:
            if name not in self.fields:
                known = ", ".join(self.fields) or "none"
                raise NotFoundError(f"layer '{self.name}': it has no field '{name}'; its fields are {known}")

    def _compiled(self, types: tuple, fields: tuple) -> _core.Engine:
        graph = _core.Graph(name=self.name)
        inputs = [graph.add_input(f"x{i}", dtype, shape) for i, (dtype, shape) in enumerate(types)]
        outputs = [f"y{i}" for i in range(self.outputs)]
        attributes = {name: list(value) if isinstance(value, tuple) else value for name, value in fields}
        graph.add_node(self.name, inputs, name=self.name, outputs=outputs, attributes=attributes, domain=self.domain)
        return _core.compile(graph, outputs=outputs)


def _origin(function: Callable[..., Any]) -> str:
    """The text "module.function (file)", which stays the same when a notebook defines the function again."""
    file = getattr(sys.modules.get(function.__module__), "__file__", None)
    name = f"{function.__module__}.{function.__qualname__}"
    return f"{name} ({file})" if file else name


def _parameters(function: Callable[..., Any], layer: str) -> tuple[list[str], bool, dict[str, Any], bool]:
    """The inputs' names, whether the last stands for several, the fields with defaults, whether it takes `out`."""
    inputs, variadic, fields, writes = [], False, {}, False
    for name, parameter in inspect.signature(function).parameters.items():
        refused = None
        if parameter.kind == parameter.VAR_KEYWORD:
            refused = f"it takes **{name}, but its fields must be known; name each behind a *"
        elif parameter.kind == parameter.KEYWORD_ONLY and name == "out" and parameter.default is parameter.empty:
            writes = True
        elif parameter.kind == parameter.KEYWORD_ONLY:
            if not _is_field(parameter.default):
                given = "no default" if parameter.default is parameter.empty else f"the default {parameter.default!r}"
                refused = f"its field '{name}' has {given}, but a bool, int, float, str or a list of them is required"
            fields[name] = list(parameter.default) if isinstance(parameter.default, tuple) else parameter.default
        elif parameter.default is not parameter.empty:
            refused = f"its input '{name}' has a default, which only fields have; write a * before it"
        else:
            inputs.append(name)
            variadic = parameter.kind == parameter.VAR_POSITIONAL
        if refused:
            raise InvalidArgumentError(f"layer '{layer}': {refused}")
    if not inputs:
        raise InvalidArgumentError(f"layer '{layer}': it takes no tensor, but one at least is required")
    return inputs, variadic, fields, writes


def _is_field(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return all(isinstance(element, _FIELD_KINDS) for element in value)
    return isinstance(value, _FIELD_KINDS)


def _array(value: Any) -> np.ndarray:
    if not isinstance(value, np.ndarray) and hasattr(value, "__dlpack__"):
        return np.from_dlpack(value)
    return np.asarray(value)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _with_extents(given: TensorType) -> _InputType:
    extents = tuple(extent if isinstance(extent, int) else Extent(extent) for extent in given.shape or ())
    return _InputType(given.dtype, extents)


def _is_type(result: tuple) -> bool:
    """Whether it is one (dtype, shape), not a tuple of several."""
    return len(result) == 2 and isinstance(result[1], (tuple, list)) and not isinstance(result[0], (tuple, TensorType))


def _tensor_type(given: Any) -> TensorType:
    if isinstance(given, TensorType):
        return given
    dtype, shape = given
    return TensorType(dtype, [extent.name if isinstance(extent, Extent) else extent for extent in shape])


@overload
def layer(function: Callable[..., Any], /) -> Layer: ...
@overload
def layer(
    *,
    name: str | None = None,
    version: int = 1,
    domain: str = "custom",
    outputs: int = 1,
    fast: bool = False,
    callback: bool = False,
    elementwise: bool = False,
    types: Callable[..., Any] | None = None,
) -> Callable[[Callable[..., Any]], Layer]: ...
def layer(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Makes a layer of a function: positional parameters are its inputs, keyword-only ones with defaults its fields.

    The function is called with symbols (Expr) when a graph is compiled; what it computes becomes part of the engine and
    of its plan, which needs neither Python nor the function any more. Fields are ordinary Python values.

    name, version, domain:  what the layer is called; by default like the function, version 1, in "custom"
    outputs:                how many tensors the function returns
    fast:                   formulas are simplified as if floats were real numbers, x / sqrt(y) to a multiplication say,
                            with those of the layers that it calls. The last bits, overflow, the sign of zero, and what
                            NaN and infinity give may be others then
    callback:               the function is called with read-only NumPy arrays when a plan runs, and returns arrays, or
                            writes to those that a keyword parameter `out` gives it; the plan needs it then. The arrays
                            are lent for the call.
    elementwise:            each element of a callback's results depends on those at the same place of its inputs only;
                            these have one shape, or a single element. The function then gets arrays of one dimension,
                            parts of them on several threads, and `out` may be the memory of the first input: it must
                            have read an element there before it writes it. The first run with new shapes checks that,
                            on its data, by calling it on all elements and again on halves, in place
    types:                  a callback's outputs' types: types(*inputs, **fields) gives a TensorType, or (dtype, shape),
                            for each, from the same of the inputs; by default they are like input 0

    Raises InvalidArgumentError for parameters that are neither, and when another function has defined a layer of that
    name, version and domain; the same function may be defined again.
    """
    if function is None:
        return functools.partial(Layer, **options)
    return Layer(function, **options)
