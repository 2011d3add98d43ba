"""Quantization and products, with the names, the order of arguments, the layouts and the results of vLLM's own."""

from __future__ import annotations

from typing import Any, Optional, Tuple

from . import _core
from ._arrays import as_floats, dtype_name, empty, rows_of


def _one(value: Any, what: str) -> float:
    values = value if isinstance(value, (int, float)) else value.reshape(-1)
    if isinstance(values, (int, float)):
        return float(values)
    if len(values) != 1:
        raise ValueError(f"{what} has {len(values)} values: a scale that is given is one for the whole matrix")
    return float(values[0])


def scaled_int8_quant(
    input: Any, scale: Any = None, azp: Any = None, symmetric: bool = True
) -> Tuple[Any, Any, Optional[Any]]:
    """Quantizes `input` [..., K] (bfloat16, float16 or float32) to int8.

    Without `scale` each row (token) gets its own: absmax/127, or, not `symmetric`, (max − min)/255 and a zero point
    round(−128 − min/scale). With `scale` (one value), and `azp` (one, only where not `symmetric`), those are used:
    saturate(round_half_even(x/scale) + azp).

    Returns (int8 of the shape of `input`, float32 scales [rows, 1], int32 azp [rows, 1] or None); with a given scale that
    scale and azp. Raises ValueError for NaN or infinity, naming the row.
    """
    matrix, shape = rows_of(input)
    output = empty(input, tuple(matrix.shape), "int8")
    if scale is not None:
        if symmetric != (azp is None):
            raise ValueError("azp belongs to asymmetric quantization: give it with symmetric=False, and only then")
        zero_point = 0 if azp is None else int(_one(azp, "azp"))
        _core.quantize_static(matrix, output, _one(scale, "scale"), zero_point)
        return output.reshape(shape), scale, azp
    if azp is not None:
        raise ValueError("azp without a scale: a dynamic zero point is found together with its scale (symmetric=False)")
    scales = empty(input, (matrix.shape[0], 1), "float32")
    zero_points = None if symmetric else empty(input, (matrix.shape[0], 1), "int32")
    _core.quantize_dynamic(matrix, output, scales, zero_points, True)
    return output.reshape(shape), scales, zero_points


def scaled_fp8_quant(input: Any, scale: Any = None, *args: Any, **kwargs: Any) -> Tuple[Any, Any]:
    """FP8 needs an NVIDIA GPU of compute capability 8.9 or later: raises RuntimeError for arrays of the host."""
    raise RuntimeError(
        "FP8 is for arrays on a GPU of compute capability 8.9 or later, which this package does not take yet: "
        "measure it with `qgemm bench --providers 'fp8-*'`"
    )


def _check_out(out_dtype: Any) -> str:
    name = dtype_name(out_dtype)
    if name not in ("bfloat16", "float16", "float32"):
        raise ValueError(f"out_dtype is {name}: use bfloat16, float16 or float32")
    return name


def _product(a: Any, b: Any, scale_a: Any, scale_b: Any, out_dtype: Any, bias: Any, azp_adj: Any, azp: Any) -> Any:
    name = _check_out(out_dtype)
    if len(a.shape) != 2 or len(b.shape) != 2 or a.shape[1] != b.shape[0]:
        raise ValueError(f"a is {tuple(a.shape)} and b is {tuple(b.shape)}: a is [M, K] and b is [K, N]")
    output = empty(a, (int(a.shape[0]), int(b.shape[1])), name)
    _core.scaled_mm(
        a, b, as_floats(scale_a, "scale_a"), as_floats(scale_b, "scale_b"), output, bias, azp_adj, azp, "auto"
    )
    return output


def cutlass_scaled_mm(
    a: Any, b: Any, scale_a: Any, scale_b: Any, out_dtype: Any, bias: Any = None
) -> Any:
    """scale_a ⊙ scale_b ⊙ (a · b) + bias, [M, N] of `out_dtype`.

    `a` is int8 [M, K], row-major; `b` int8 [K, N], the transpose of row-major weights [N, K] (`w.t()`); `scale_a` float32 of 1
    or M values, `scale_b` of 1 or N; `bias` N values. Sums are exact in int32; one rounding to `out_dtype`.
    """
    return _product(a, b, scale_a, scale_b, out_dtype, bias, None, None)


def cutlass_scaled_mm_azp(
    a: Any,
    b: Any,
    scale_a: Any,
    scale_b: Any,
    out_dtype: Any,
    azp_adj: Any,
    azp: Any = None,
    bias: Any = None,
) -> Any:
    """As `cutlass_scaled_mm`, of activations with zero points.

    With `azp` (int32, one a row): scale_a ⊙ scale_b ⊙ (a · b − azp ⊙ azp_adj) + bias, `azp_adj` being the column sums of
    `b`, int32 [1, N]. Without: one zero point for all rows is folded into `azp_adj`, azp · column sums.
    """
    return _product(a, b, scale_a, scale_b, out_dtype, bias, azp_adj, azp)
