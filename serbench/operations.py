"""The multiply-accumulates of a call to torch, counted while it runs.

Conventions
-----------
Counted are products of matrices and vectors, convolutions, and the products inside recurrent layers and attention.
Sums, activations, norms, interpolation, Fourier transforms and products element by element are not. A product of two
complex numbers counts as four. Attention is counted in full, masks or not.

A count is right or there is none: an operation that may multiply and that nobody here knows (a kernel of another
package, a quantised layer, sparse matrices, ``linalg``) makes it undefined, with its name. As such counts what takes
two floating tensors or more and works neither element by element nor by moving numbers, and what is called a product.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

_ADDRESS, _LONGEST = re.compile(r" at 0x[0-9a-f]+"), 200


@dataclass(frozen=True)
class Operations:
    """How many multiply-accumulates a call took.

    Attributes
    ----------
    count
        None where they cannot be told.
    reason
        Why not.
    """

    count: int | None
    reason: str | None = None


class _UnknownError(Exception):
    """An operation that may multiply, and that cannot be counted; the message is its name."""


def count_operations(call: Callable[[], object]) -> Operations:
    """Run a call and count its multiply-accumulates, without the fused kernels of attention that hide them.

    Parameters
    ----------
    call
        On any device; it is run once. What it raises becomes the reason.
    """
    import torch

    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    counter = _counter()
    try:
        with counter:
            call()
    except Exception as error:  # noqa: BLE001  (what is counted is a plugin's, which may raise anything)
        return Operations(None, f"counting failed: {type(error).__name__}: {_in_short(error)}")
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
    if counter.unknown:
        return Operations(None, f"nobody knows what these cost: {', '.join(counter.unknown)}")
    return Operations(counter.total)


def _in_short(error: Exception) -> str:
    """Return what an error says on one line, and the same in every process."""
    return _ADDRESS.sub("", " ".join(str(error).split()))[:_LONGEST]


def _counter() -> Any:
    """Return a mode of torch that adds up ``total`` and lists the ``unknown``."""
    from torch.utils._python_dispatch import TorchDispatchMode

    class Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]
        def __init__(self) -> None:
            super().__init__()  # type: ignore[no-untyped-call]
            self.total = 0
            self.unknown: dict[str, None] = {}

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            kwargs = kwargs or {}
            formula = _formulas().get(_name(func))
            if formula is None and hasattr(func, "decompose"):
                with self:  # in inference mode an operation that is made of others comes whole
                    made = func.decompose(*args, **kwargs)
                    if made is not NotImplemented:
                        return made
            result = func(*args, **kwargs)
            if formula is not None:
                try:
                    self.total += formula(args, kwargs, result)
                except _UnknownError as error:
                    self.unknown[f"{_name(func)} {error}"] = None
            elif _may_multiply(func, args, kwargs):
                self.unknown[_name(func)] = None
            return result

    return Counter()


def _name(func: Any) -> str:
    """Return ``aten.mm`` of its overload ``aten.mm.default``."""
    return ".".join(str(func).split(".")[:2])


#: From arguments and result of a kernel to its multiply-accumulates.
Formula = Callable[[Sequence[Any], Mapping[str, Any], Any], int]


@cache
def _formulas() -> dict[str, Formula]:
    """Return how each known operation is counted, by name."""
    table: dict[str, Formula] = {}
    for names, formula in (
        (("mm", "bmm", "mv", "dot", "vdot", "_int_mm", "_scaled_mm"), _product(0)),
        (("addmm", "baddbmm", "addbmm", "addmv", "_addmm_activation"), _product(1)),
        (("convolution", "_convolution", "convolution_overrideable", "cudnn_convolution"), _convolution),
        (("lstm", "gru", "rnn_tanh", "rnn_relu"), _recurrent),
        (("_cudnn_rnn", "miopen_rnn"), _recurrent_packed),
        (("_lstm_mps",), _recurrent),
        (("mkldnn_rnn_layer",), _recurrent_layer),
        ([f"_scaled_dot_product_{which}" for which in _ATTENTION], _attention),
    ):
        table |= {f"aten.{name}": formula for name in names}
    return table


#: The kernels of ``scaled_dot_product_attention``; that of plain products is made of them.
_ATTENTION = (
    *("flash_attention_for_cpu", "flash_attention", "efficient_attention", "cudnn_attention"),
    "fused_attention_overrideable",
)


def _product(place: int) -> Formula:
    """Return the formula of a product whose first factor stands at ``place``: (..., n, m) by (..., m, p) or (m,)."""

    def formula(args: Sequence[Any], kwargs: Mapping[str, Any], result: Any) -> int:  # noqa: ARG001
        first, second = _given(args, kwargs, place, "self"), _given(args, kwargs, place + 1, "mat2")
        columns = int(second.shape[-1]) if second.dim() > 1 else 1
        return int(first.numel()) * columns * _times(first, second)

    return formula


def _convolution(args: Sequence[Any], kwargs: Mapping[str, Any], result: Any) -> int:
    """Count a convolution: every output is a sum over its kernel, every input of a transposed one is spread by it."""
    source, weight = _given(args, kwargs, 0, "input"), _given(args, kwargs, 1, "weight")
    is_transposed = bool(args[6] if len(args) > 6 and isinstance(args[6], bool) else kwargs.get("transposed", False))
    each = int(weight.numel()) // int(weight.shape[0])
    return int((source if is_transposed else result).numel()) * each * _times(source, weight)


def _recurrent(args: Sequence[Any], kwargs: Mapping[str, Any], result: Any) -> int:  # noqa: ARG001
    """Count layers that come whole: every matrix among the weights meets every step of every row."""
    source = args[0]
    weights = next(each for each in reversed(args) if _are_tensors(each))
    return _steps(source) * _matrices(weights)


def _recurrent_packed(args: Sequence[Any], kwargs: Mapping[str, Any], result: Any) -> int:  # noqa: ARG001
    return _steps(args[0]) * _matrices(args[1])


def _recurrent_layer(args: Sequence[Any], kwargs: Mapping[str, Any], result: Any) -> int:  # noqa: ARG001
    return _steps(args[0]) * _matrices(args[1:3])  # what stands behind them are biases, or the matrices once more


def _steps(source: Any) -> int:
    """Return the steps of all rows: of (t, b, d), (b, t, d), or (steps, d) where rows of unlike lengths are packed."""
    return math.prod(int(size) for size in source.shape[:-1])


def _matrices(weights: Sequence[Any]) -> int:
    return sum(int(weight.numel()) for weight in weights if weight.dim() == 2)


def _attention(args: Sequence[Any], kwargs: Mapping[str, Any], result: Any) -> int:  # noqa: ARG001
    """Count queries (b, h, t, d) by keys (b, h, s, d), and weights (b, h, t, s) by values (b, h, s, e)."""
    query, value = _given(args, kwargs, 0, "query"), _given(args, kwargs, 2, "value")
    rows, (keys, width) = math.prod(int(size) for size in query.shape[:-1]), value.shape[-2:]
    return rows * int(keys) * (int(query.shape[-1]) + int(width))


def _given(args: Sequence[Any], kwargs: Mapping[str, Any], place: int, name: str) -> Any:
    """Return a tensor by its place or its name."""
    if len(args) > place:
        return args[place]
    if name in kwargs:
        return kwargs[name]
    raise _UnknownError("with arguments by name")


def _times(first: Any, second: Any) -> int:
    """Return how many real products one product is; refuse matrices that do not hold all their numbers."""
    import torch

    if {first.layout, second.layout} != {torch.strided}:
        raise _UnknownError("of sparse matrices")
    return 4 if first.is_complex() and second.is_complex() else 1


def _are_tensors(values: object) -> bool:
    import torch

    return isinstance(values, list | tuple) and bool(values) and all(isinstance(each, torch.Tensor) for each in values)


#: Words for a product in the name of a kernel.
_PRODUCTS = re.compile(
    r"mm(_|$)|matmul|conv(olution|_|\d)|linear|attention|rnn|lstm|gru|(^|_)v?dot(_|$)|linalg|matrix_exp"
    r"|cholesky|triangular|householder|ormqr|geqrf|(^|_)(qr|svd|lu|inverse)(_|$)"
)
#: What is called so or takes several tensors, and multiplies nothing or only element by element.
_HARMLESS = re.compile(
    r"_?(foreach|fused_ada|fused_sgd|upsample|fake_quantize|index|unsafe_index|nested|sparse_(coo|compressed)|masked"
    r"|scatter|slice|select|diagonal|as_strided|copy|resize|set|put|where|stack|cat|chunk_cat|block_diag|gather|take"
    r"|embedding|searchsorted|bucketize|isin|split|unbind|unsafe_split|grid_sampler|cudnn_grid_sampler|max_unpool"
    r"|(native_|cudnn_|miopen_|quantized_)?batch_norm|native_(batch|group|layer)_norm|fused_(rms|layer)_norm|weight_norm"
    r"|thnn_fused_(lstm|gru)_cell|cudnn_rnn_flatten_weight|pack_padded|prelu|rrelu|fill|complex|polar|allclose|equal"
    r"|dist$|new_zeros|has_same|is_s|linspace|logspace|histogram|bincount|bernoulli|binomial|normal|standard_gamma|dirichlet"
    r"|cum(max|min)_helper|add_relu|rsub|clamp|lerp|aminmax|local_scalar|functional_assert|assert_async|convert_indices"
    r"|linalg_(check|vector_norm)"
    r"|quantize_per|dequantize|make_per|segment_reduce|linear_combination|transform_bias|fractional_max|lift|detach)"
)


def _may_multiply(func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Tell whether an operation without a formula may be a product."""
    import torch
    from torch.utils._pytree import tree_leaves

    space, _, name = _name(func).partition(".")
    given = [each for each in tree_leaves((args, dict(kwargs))) if isinstance(each, torch.Tensor)]
    floating = sum(each.is_floating_point() or each.is_complex() for each in given)
    if space in ("prim", "prims"):
        return False
    if space != "aten":
        return bool(given)
    if torch.Tag.pointwise in func.tags or _HARMLESS.match(name):
        return False
    return floating > 1 or bool(given and _PRODUCTS.search(name))


__all__ = ["Operations", "count_operations"]
