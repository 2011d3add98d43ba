"""Arrays of the caller's own library: what comes out is of the kind that went in."""

from __future__ import annotations

from typing import Any

import numpy as np


def is_torch(array: Any) -> bool:
    return type(array).__module__.split(".")[0] == "torch"


def empty(like: Any, shape: tuple[int, ...], dtype: str) -> Any:
    """An array of the library of `like` (NumPy where that one's arrays cannot be written), in the host's memory.

    `dtype` is a name: int8, int32, float32, float16, bfloat16.
    """
    if is_torch(like):
        import torch

        return torch.empty(shape, dtype=getattr(torch, dtype))
    return np.empty(shape, dtype=_numpy_dtype(dtype))


def _numpy_dtype(dtype: str) -> Any:
    if dtype != "bfloat16":
        return np.dtype(dtype)
    raise ValueError("NumPy has no bfloat16: ask for float16 or float32, or give PyTorch tensors")


def dtype_name(dtype: Any) -> str:
    """"float16" of torch.float16, numpy.float16, numpy.dtype("float16") or the text itself."""
    if isinstance(dtype, str):
        return dtype
    if isinstance(dtype, type) and issubclass(dtype, np.generic):
        return np.dtype(dtype).name
    return str(dtype).split(".")[-1]


def as_floats(value: Any, what: str) -> Any:
    """Scales as something that has a float32 dtype: numbers become arrays of one."""
    if isinstance(value, (int, float)):
        return np.asarray([value], dtype=np.float32)
    if dtype_name(value.dtype) != "float32":
        raise ValueError(f"{what} has to be float32, not {dtype_name(value.dtype)}")
    return value


def rows_of(array: Any) -> tuple[Any, tuple[int, ...]]:
    """The array as a matrix [rows, last dimension], and the shape that it had."""
    shape = tuple(int(size) for size in array.shape)
    if not shape:
        raise ValueError("input is a single number: give a matrix")
    return array.reshape(-1, shape[-1]) if len(shape) != 2 else array, shape
