"""Arrays of the caller's own library: what comes out is of the kind that went in, on the device that it was on."""

from __future__ import annotations

import sys
import threading
import warnings
from contextlib import contextmanager
from typing import Any, Iterator, Optional

import numpy as np

from . import _core

_CPU, _CUDA, _CUDA_HOST, _CUDA_MANAGED = 1, 2, 3, 13  # DLPack's device types

_own = threading.local()  # .streams: of `use_stream`, the innermost last


def library_of(array: Any) -> str:
    return type(array).__module__.split(".")[0]


def is_torch(array: Any) -> bool:
    return library_of(array) == "torch"


def gpu_of(array: Any) -> Optional[int]:
    """The ordinal of the GPU in whose memory the array lies; None for the host's memory."""
    if is_torch(array) and array.device.type in ("cpu", "cuda") and array.layout is sys.modules["torch"].strided:
        return array.device.index if array.device.type == "cuda" else None
    ask = getattr(array, "__dlpack_device__", None)
    if ask is None:
        return None
    try:
        kind, ordinal = ask()
    except (BufferError, RuntimeError, ValueError) as error:  # an array over several devices, a sparse one, …
        raise ValueError(f"the array cannot be handed over by DLPack: {_sentence(error)}") from None
    if int(kind) in (_CUDA, _CUDA_MANAGED):
        return int(ordinal)
    if int(kind) not in (_CPU, _CUDA_HOST):
        raise ValueError(f"the array is on a device (DLPack's type {int(kind)}) that this package does not know: move it to the host's memory or a GPU's")
    return None


def common_gpu(**arrays: Any) -> Optional[int]:
    """The GPU that the arrays are on, or None for the host's memory. Numbers and None are anywhere."""
    where: dict = {}
    for name, array in arrays.items():
        if array is not None and not isinstance(array, (int, float)):
            where[name] = gpu_of(array)
    (first, place), *others = where.items()
    for name, other in others:
        if other != place:
            raise ValueError(f"{first} is {_place_text(place)} and {name} {_place_text(other)}: give all on one device")
    return place


def _place_text(gpu: Optional[int]) -> str:
    return "in the host's memory" if gpu is None else f"on cuda:{gpu}"


@contextmanager
def use_stream(device: int, stream: int) -> Iterator[None]:
    """Work goes to that stream of that GPU, whatever the arrays' library takes for the current one; to libraries that have a
    current stream, too, the same is said.
    """
    others = _own.__dict__.setdefault("streams", [])
    others.append((device, stream))
    try:
        cupy = sys.modules.get("cupy")
        if cupy is None:
            yield
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # what came in its place asks for more than a handle
                external = cupy.cuda.ExternalStream(stream, device)
            with cupy.cuda.Device(device), external:
                yield
    finally:
        others.pop()


def current_stream(array: Any, gpu: int) -> int:
    """The stream, as DLPack numbers them, that the caller's library enqueues on now: PyTorch's and CuPy's current one, else
    the legacy default stream, which waits for all that was enqueued elsewhere by streams that are not told not to.
    """
    for device, stream in reversed(_own.__dict__.get("streams", ())):
        if device == gpu:
            return stream
    handle = 0
    if is_torch(array):
        handle = _torch_stream(gpu)
    elif library_of(array) == "cupy":
        cupy = sys.modules["cupy"]
        with cupy.cuda.Device(gpu):
            handle = cupy.cuda.get_current_stream().ptr
    return int(handle) or 1


def _torch_stream(gpu: int) -> int:
    torch = sys.modules["torch"]
    raw = getattr(torch._C, "_cuda_getCurrentRawStream", None)  # without making an object of it: a tenth of the time
    return raw(gpu) if raw is not None else torch.cuda.current_stream(gpu).cuda_stream


def plain(array: Any) -> Any:
    """The array as its library hands it over: without its history of gradients, float8_e4m3fn as bytes where it has to be."""
    if is_torch(array) and array.requires_grad:
        array = array.detach()
    if _type_name(getattr(array, "dtype", None)) == "float8_e4m3fn" and not _hands_over_fp8(array):
        return as_bytes(array)
    return array


def as_bytes(array: Any) -> Any:
    """The bytes of an array of float8_e4m3fn as uint8, in the same memory (JAX, whose arrays nobody writes to, copies)."""
    return array.view(sys.modules["torch"].uint8 if is_torch(array) else "uint8")


def _hands_over_fp8(array: Any) -> bool:
    """DLPack has had the type since 1.1; libraries took it up one after the other."""
    on_gpu = is_torch(array) and array.device.type == "cuda"
    try:
        return _capsule(array, -1 if on_gpu else None) is not None  # −1: without making any stream wait
    except (BufferError, TypeError, RuntimeError, ValueError, NotImplementedError):
        return False


def _capsule(array: Any, stream: Optional[int]) -> Any:
    try:
        return array.__dlpack__(stream=stream, max_version=(1, 1))
    except TypeError:  # it knows DLPack from before there were versions
        return array.__dlpack__(stream=stream)


def handed_over(array: Any, stream: int) -> Any:
    """A DLPack capsule of an array on a GPU, which what is enqueued on `stream` from now on may read and write."""
    if array is None:
        return None
    if not hasattr(array, "__dlpack__"):
        raise ValueError(f"a {type(array).__name__} is no array that DLPack hands over")
    try:
        if not is_torch(array):
            return _capsule(plain(array), stream)
        torch, array = sys.modules["torch"], plain(array)
        if (_torch_stream(array.device.index) or 1) == stream:
            return torch.utils.dlpack.to_dlpack(array)  # PyTorch's own stream: there is nothing to wait for
        with torch.cuda.device(array.device):  # it hands over what is on the current one alone
            return _capsule(array, stream)
    except (BufferError, RuntimeError, TypeError) as error:
        raise ValueError(f"the array cannot be handed over by DLPack: {_sentence(error)}") from None


def _sentence(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


class Handed:
    """Memory of this package's on a GPU, for any library: DLPack's stream protocol around `array`, which is there by what is
    on `stream` now.
    """

    def __init__(self, array: Any, device: int, stream: int):
        self._array, self._device, self._stream = array, device, stream

    def __dlpack_device__(self) -> tuple:
        return (_CUDA, self._device)

    def __dlpack__(self, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: Any = None) -> Any:
        if dl_device is not None and tuple(int(i) for i in dl_device) != self.__dlpack_device__():
            raise BufferError(f"the array is on cuda:{self._device} and is not copied elsewhere")
        if copy:
            raise BufferError("the array is handed over as it is, not copied")
        later = 1 if stream is None else int(stream)
        if later not in (-1, self._stream):
            _core.stream_wait(self._device, later, self._stream)
        return self._array.__dlpack__(max_version=max_version)


def importer_of(like: Any) -> Any:
    """The function that makes an array of the library of `like` out of a DLPack object on a GPU."""
    if is_torch(like):
        return sys.modules["torch"].from_dlpack
    if library_of(like) == "cupy":
        return sys.modules["cupy"].from_dlpack
    space = getattr(like, "__array_namespace__", None)
    if space is not None and hasattr(space(), "from_dlpack"):
        return space().from_dlpack
    return lambda array: array


class Outputs:
    """Arrays to write results to, beside `like`: of its library where that one's can be written, else memory of ours that
    `finished` makes such an array of.
    """

    def __init__(self, like: Any, gpu: Optional[int], stream: int = 0):
        self._like, self._gpu, self._stream = like, gpu, stream

    def empty(self, shape: tuple, dtype: str) -> Any:
        """`dtype` is a name: int8, int32, float32, float16, bfloat16, or float8_e4m3fn, which NumPy and CuPy have as uint8."""
        if is_torch(self._like):
            torch = sys.modules["torch"]
            return torch.empty(shape, dtype=getattr(torch, dtype), device=self._like.device)
        if dtype == "float8_e4m3fn":
            dtype = "uint8"
        if self._gpu is None:
            return np.empty(shape, dtype=_numpy_dtype(dtype))
        if library_of(self._like) == "cupy" and dtype != "bfloat16":
            cupy = sys.modules["cupy"]
            with cupy.cuda.Device(self._gpu):
                return cupy.empty(shape, dtype=dtype)
        return _core.device_empty(list(shape), dtype, self._gpu)

    def writable(self, array: Any) -> Any:
        """What the native part writes to."""
        if array is None:
            return None
        if self._gpu is None or isinstance(array, (np.ndarray,)):
            return plain(array)
        if type(array).__module__.startswith("nanobind"):
            return array
        return handed_over(array, self._stream)

    def finished(self, array: Any, dtype: str = "") -> Any:
        """The result for the caller; `dtype`: what its elements stand for where `empty` had to take another type."""
        if self._gpu is not None and type(array).__module__.startswith("nanobind"):
            array = importer_of(self._like)(Handed(array, self._gpu, self._stream))
            if dtype == "float8_e4m3fn" and library_of(self._like) in ("jax", "jaxlib"):
                array = array.view(dtype)
        return array


def on_gpu(value: Any, like: Any, gpu: int, dtype: str) -> Any:
    """A number as an array of one beside `like`; an array as it is."""
    if not isinstance(value, (int, float)):
        return value
    if is_torch(like):
        torch = sys.modules["torch"]
        return torch.full((1,), value, dtype=getattr(torch, dtype), device=like.device)
    if library_of(like) == "cupy":
        cupy = sys.modules["cupy"]
        with cupy.cuda.Device(gpu):
            return cupy.full((1,), value, dtype=dtype)
    space = getattr(like, "__array_namespace__", None)
    if space is None:
        raise ValueError(f"{value} is a number: give an array of one on cuda:{gpu}")
    return space().full((1,), value, dtype=dtype, device=like.device)


def _numpy_dtype(dtype: str) -> Any:
    if dtype != "bfloat16":
        return np.dtype(dtype)
    raise ValueError("NumPy has no bfloat16: ask for float16 or float32, or give PyTorch tensors")


def _type_name(dtype: Any) -> str:
    return str(getattr(dtype, "name", dtype)).split(".")[-1]


def dtype_name(dtype: Any) -> str:
    """"float16" of torch.float16, numpy.float16, numpy.dtype("float16") or the text itself."""
    if isinstance(dtype, str):
        return dtype
    if isinstance(dtype, type) and issubclass(dtype, np.generic):
        return np.dtype(dtype).name
    if isinstance(getattr(dtype, "dtype", None), np.dtype):  # jax.numpy.bfloat16 and its like
        return dtype.dtype.name
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
    if 0 in shape:
        raise ValueError(f"input has shape {shape}: give at least one row and one column")
    return array.reshape(-1, shape[-1]) if len(shape) != 2 else array, shape
