"""Quantization and products, with the names, the order of arguments, the layouts and the results of vLLM's own.

On a GPU everything is enqueued on the caller's current stream, and nothing is waited for: calls can be captured into a CUDA
graph, and NaN or infinity in what is quantized raises nothing there: its scale is then NaN or infinity, too.
"""

from __future__ import annotations

from typing import Any, Optional, Tuple

from . import _core
from ._arrays import Outputs, as_floats, common_gpu, current_stream, dtype_name, gpu_of, handed_over, on_gpu, plain, rows_of


def _one(value: Any, what: str) -> float:
    values = value if isinstance(value, (int, float)) else value.reshape(-1)
    if isinstance(values, (int, float)):
        return float(values)
    if len(values) != 1:
        raise ValueError(f"{what} has {len(values)} values: a scale that is given is one for the whole matrix")
    return float(values[0])


def _quantize(matrix: Any, output: Any, made: Outputs, gpu: Optional[int], stream: int, scale: Any, azp: Any) -> None:
    """With a scale that is given."""
    if gpu is None:
        zero_point = 0 if azp is None else int(_one(azp, "azp"))
        _core.quantize_static(plain(matrix), made.writable(output), _one(scale, "scale"), zero_point)
        return
    scale, azp = on_gpu(scale, matrix, gpu, "float32"), None if azp is None else on_gpu(azp, matrix, gpu, "int32")
    _core.device_quantize_static(
        handed_over(matrix, stream), made.writable(output), handed_over(scale, stream), handed_over(azp, stream), gpu, stream
    )


def _quantize_dynamic(
    matrix: Any, output: Any, scales: Any, azp: Any, made: Outputs, gpu: Optional[int], stream: int, per_token: bool
) -> None:
    q, s, z = made.writable(output), made.writable(scales), made.writable(azp)
    if gpu is None:
        _core.quantize_dynamic(plain(matrix), q, s, z, per_token)
    else:
        _core.device_quantize_dynamic(handed_over(matrix, stream), q, s, z, per_token, gpu, stream)


def scaled_int8_quant(
    input: Any, scale: Any = None, azp: Any = None, symmetric: bool = True
) -> Tuple[Any, Any, Optional[Any]]:
    """Quantizes `input` [..., K] (bfloat16, float16 or float32) to int8, where it lies: in the host's memory or on a GPU.

    Without `scale` each row (token) gets its own: absmax/127, or, not `symmetric`, (max − min)/255 and a zero point
    round(−128 − min/scale). With `scale` (one value), and `azp` (one, only where not `symmetric`), those are used:
    saturate(round_half_even(x/scale) + azp).

    Returns (int8 of the shape of `input`, float32 scales [rows, 1], int32 azp [rows, 1] or None); with a given scale that
    scale and azp. Raises ValueError for NaN or infinity in the host's memory, naming the row.
    """
    matrix, shape = rows_of(input)
    gpu = common_gpu(input=input, scale=scale if gpu_of(input) is not None else None, azp=azp if gpu_of(input) is not None else None)
    stream = 0 if gpu is None else current_stream(input, gpu)
    made = Outputs(input, gpu, stream)
    if scale is not None and symmetric != (azp is None):
        raise ValueError("azp belongs to asymmetric quantization: give it with symmetric=False, and only then")
    if scale is None and azp is not None:
        raise ValueError("azp without a scale: a dynamic zero point is found together with its scale (symmetric=False)")
    output = made.empty(tuple(matrix.shape), "int8")
    if scale is not None:
        _quantize(matrix, output, made, gpu, stream, scale, azp)
        return made.finished(output).reshape(shape), scale, azp
    scales = made.empty((matrix.shape[0], 1), "float32")
    zero_points = None if symmetric else made.empty((matrix.shape[0], 1), "int32")
    _quantize_dynamic(matrix, output, scales, zero_points, made, gpu, stream, True)
    zero_points = None if symmetric else made.finished(zero_points)
    return made.finished(output).reshape(shape), made.finished(scales), zero_points


def scaled_fp8_quant(
    input: Any,
    scale: Any = None,
    num_token_padding: Optional[int] = None,
    scale_ub: Any = None,
    use_per_token_if_dynamic: bool = False,
    output: Any = None,
) -> Tuple[Any, Any]:
    """Quantizes `input` [M, K] (bfloat16, float16 or float32) to float8_e4m3fn, where it lies.

    With `scale` (one value): saturate(x/scale), half to even. Without, scale = absmax/448 of the whole matrix, or with
    `use_per_token_if_dynamic` of each row. `num_token_padding`: as many rows at least, those behind the input's zero. `output`:
    where to write, in place of a new array. `scale_ub`, an upper bound of absmax, is not taken.

    Returns (codes of the shape of `input`, float32 scale [1], or [M, 1] per token; a given scale as it is). Where the array
    library has no float8_e4m3fn (NumPy, CuPy) the codes are their bytes, uint8. Raises ValueError for NaN or infinity in the
    host's memory, naming the row.
    """
    if scale_ub is not None:
        raise ValueError("scale_ub is not taken: clamp the input to it, or give a scale")
    matrix, shape = rows_of(input)
    gpu = common_gpu(input=input, scale=scale if gpu_of(input) is not None else None, output=output)
    stream = 0 if gpu is None else current_stream(input, gpu)
    made = Outputs(input, gpu, stream)
    rows, given = matrix.shape[0], output
    padded = max(rows, num_token_padding or 0)
    if padded != rows and len(shape) != 2:
        raise ValueError(f"num_token_padding is for a matrix, and the input has shape {shape}")
    if output is None:
        output = made.empty((padded, matrix.shape[1]), "float8_e4m3fn")
    elif tuple(output.shape) != ((padded, shape[1]) if len(shape) == 2 else shape):
        raise ValueError(f"output has shape {tuple(output.shape)}, and the input {shape}")
    elif len(shape) != 2:
        output = output.reshape(tuple(matrix.shape))
    target = output
    if padded != rows:
        if type(output).__module__.startswith("nanobind"):
            raise ValueError("num_token_padding is for libraries whose arrays can be written: pad the input")
        plain(output)[rows:] = 0
        target = output[:rows]
    if scale is not None:
        _quantize(matrix, target, made, gpu, stream, scale, None)
    else:
        scale = made.empty((rows, 1) if use_per_token_if_dynamic else (1,), "float32")
        _quantize_dynamic(matrix, target, scale, None, made, gpu, stream, use_per_token_if_dynamic)
        scale = made.finished(scale)
    if given is not None:
        return given, scale
    finished = made.finished(output, "float8_e4m3fn")
    return (finished if padded != rows else finished.reshape(shape)), scale


def _check_out(out_dtype: Any) -> str:
    name = dtype_name(out_dtype)
    if name not in ("bfloat16", "float16", "float32"):
        raise ValueError(f"out_dtype is {name}: use bfloat16, float16 or float32")
    return name


def _product(a: Any, b: Any, scale_a: Any, scale_b: Any, out_dtype: Any, bias: Any, azp_adj: Any, azp: Any) -> Any:
    name = _check_out(out_dtype)
    if len(a.shape) != 2 or len(b.shape) != 2 or a.shape[1] != b.shape[0]:
        raise ValueError(f"a is {tuple(a.shape)} and b is {tuple(b.shape)}: a is [M, K] and b is [K, N]")
    gpu = common_gpu(a=a, b=b, scale_a=scale_a, scale_b=scale_b, bias=bias, azp_adj=azp_adj, azp=azp)
    stream = 0 if gpu is None else current_stream(a, gpu)
    made = Outputs(a, gpu, stream)
    if gpu is not None and name == "float32":
        raise ValueError("out_dtype is float32: on a GPU products are bfloat16 or float16")
    if 0 in (*a.shape, *b.shape):
        raise ValueError(f"a is {tuple(a.shape)} and b is {tuple(b.shape)}: an empty product has nothing to multiply")
    output = made.empty((int(a.shape[0]), int(b.shape[1])), name)
    if gpu is None:
        given = [None if array is None else plain(array) for array in (bias, azp_adj, azp)]
        _core.scaled_mm(
            plain(a), plain(b), plain(as_floats(scale_a, "scale_a")), plain(as_floats(scale_b, "scale_b")), output, *given, "auto"
        )
        return output
    scale_a, scale_b = on_gpu(scale_a, a, gpu, "float32"), on_gpu(scale_b, a, gpu, "float32")
    a, b, scale_a, scale_b, bias, azp_adj, azp = (
        handed_over(array, stream) for array in (a, b, scale_a, scale_b, bias, azp_adj, azp)
    )
    _core.device_scaled_mm(a, b, scale_a, scale_b, made.writable(output), bias, azp_adj, azp, gpu, stream)
    return made.finished(output)


def cutlass_scaled_mm(
    a: Any, b: Any, scale_a: Any, scale_b: Any, out_dtype: Any, bias: Any = None
) -> Any:
    """scale_a ⊙ scale_b ⊙ (a · b) + bias, [M, N] of `out_dtype`.

    `a` is int8 [M, K], row-major; `b` int8 [K, N], the transpose of row-major weights [N, K] (`w.t()`); `scale_a` float32 of 1
    or M values, `scale_b` of 1 or N; `bias` N values. Sums are exact in int32; one rounding to `out_dtype`. On a GPU both may be
    float8_e4m3fn (or its bytes, uint8), too, `out_dtype` is bfloat16 or float16, and no value is looked at.
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
    """As `cutlass_scaled_mm`, of int8 activations with zero points.

    With `azp` (int32, one a row): scale_a ⊙ scale_b ⊙ (a · b − azp ⊙ azp_adj) + bias, `azp_adj` being the column sums of
    `b`, int32 [1, N] (in the host's memory they are held against `b`; on a GPU they are taken as they are). Without: one zero
    point for all rows is folded into `azp_adj`, azp · column sums.
    """
    return _product(a, b, scale_a, scale_b, out_dtype, bias, azp_adj, azp)
