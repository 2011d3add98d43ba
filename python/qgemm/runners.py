"""One provider's product, ready to be called and timed."""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional

from . import _core
from ._arrays import Handed, common_gpu, current_stream, dtype_name, handed_over, importer_of, is_torch, library_of, plain


def _configurations(kind: str) -> Dict[str, dict]:
    found: Dict[str, dict] = {"torch-bf16": dict(enabled=True)}
    for weight in ("tensor", "channel"):
        for activation in ("tensor", "token"):
            for no_a_quant in (False, True):
                name = f"{kind}-{weight}-w-{activation}-a" + ("-noquant" if no_a_quant else "")
                same = (weight, activation) in (("tensor", "tensor"), ("channel", "token"))
                found[name] = dict(w=weight, a=activation, no_a_quant=no_a_quant, enabled=same)
    return found


#: The reference's providers: what the weights' and the activations' scales are of, whether the activations are quantized
#: before the call (`no_a_quant`), and whether the provider is measured by default (`enabled`).
PROVIDER_CFGS = _configurations("int8")

#: Those of its FP8 twin, for `build_fp8_runner`.
FP8_PROVIDER_CFGS = _configurations("fp8")


def _provider_of(cfg: Any, kind: str) -> str:
    if isinstance(cfg, str):
        return cfg
    if "w" not in cfg:
        return "bf16"
    return f"{kind}-{cfg['w']}-w-{cfg['a']}-a" + ("-noquant" if cfg.get("no_a_quant") else "")


def build_int8_runner(
    cfg: Any, a: Any, b: Any, N: Any = None, dtype: Any = None, device: Any = None, *, engine: str = "auto"
) -> Callable[[], Any]:
    """A callable that runs one provider's product and returns D [M, N].

    `cfg` is an entry of `PROVIDER_CFGS` or a provider's name; `a` activations [M, K], `b` weights [N, K] (quantized here, once), both
    in the host's memory or on one GPU. `dtype` is D's (that of `a` where it is not given). `N` and `device` are the reference's
    arguments: N has to be b's, the device that of `a`.

    D is the runner's own memory, overwritten by its next call; `.provider`, `.engine`, `.kernel` and `.device` say what ran. On a GPU
    a call enqueues on the current stream and waits for nothing; `.check()` waits, and raises ValueError where a call met NaN or
    infinity.
    """
    return _build("int8", cfg, a, b, N, dtype, device, engine)


def build_fp8_runner(
    cfg: Any, a: Any, b: Any, N: Any = None, dtype: Any = None, device: Any = None, *, engine: str = "auto"
) -> Callable[[], Any]:
    """As `build_int8_runner`, of float8_e4m3fn: `cfg` is an entry of `FP8_PROVIDER_CFGS` (or of `PROVIDER_CFGS`) or a provider's name.

    FP8 products need an NVIDIA GPU of compute capability 8.9 or later: RuntimeError says what lacks.
    """
    return _build("fp8", cfg, a, b, N, dtype, device, engine)


def _build(kind: str, cfg: Any, a: Any, b: Any, N: Any, dtype: Any, device: Any, engine: str) -> Callable[[], Any]:
    if N is not None and not isinstance(N, int):
        # Called as build_int8_runner(cfg, a, b, dtype, device): the reference's older order.
        N, dtype, device = None, N, dtype if dtype is not None else device
    if len(a.shape) != 2 or len(b.shape) != 2:
        raise ValueError(f"a is {tuple(a.shape)} and b is {tuple(b.shape)}: a is [M, K] and b is [N, K]")
    if N is not None and int(b.shape[0]) != N:
        raise ValueError(f"N is {N} and b is {tuple(b.shape)}: b is [N, K]")
    gpu = common_gpu(a=a, b=b)
    _check_device(device, gpu)
    provider, name = _provider_of(cfg, kind), dtype_name(dtype if dtype is not None else a.dtype)
    run = (_host_runner if gpu is None else _gpu_runner)(provider, a, b, name, engine, gpu)
    run.provider = provider  # type: ignore[attr-defined]
    return run


def _check_device(device: Any, gpu: Optional[int]) -> None:
    kind, _, ordinal = str(device).partition(":")
    here = "cpu" if gpu is None else f"cuda:{gpu}"
    if kind == "None" or str(device) == here or (kind == "cuda" and not ordinal and gpu is not None):
        return
    raise ValueError(f"device is {device} and the arrays are on {here}: move them there, or leave device out")


def _host_runner(provider: str, a: Any, b: Any, name: str, engine: str, _: Any) -> Callable[[], Any]:
    runner = _core.Runner(provider, plain(a), plain(b), name, engine)
    from_dlpack = _importer(a, name)
    held: Dict[str, Any] = {}

    def run() -> Any:
        runner()
        if "output" not in held:  # its place does not change from call to call
            held["output"] = from_dlpack(runner.output())
        return held["output"]

    run.engine = runner.engine  # type: ignore[attr-defined]
    run.kernel = runner.kernel  # type: ignore[attr-defined]
    run.device = "cpu"  # type: ignore[attr-defined]
    run.activation_scales = runner.activation_scales  # type: ignore[attr-defined]
    run.check = lambda: None  # type: ignore[attr-defined]
    return run


def _gpu_runner(provider: str, a: Any, b: Any, name: str, engine: str, gpu: int) -> Callable[[], Any]:
    stream = current_stream(a, gpu)
    runner = _core.DeviceRunner(provider, handed_over(a, stream), handed_over(b, stream), name, engine, gpu, stream)
    memory, from_dlpack = runner.output(), importer_of(a)
    # PyTorch's and CuPy's arrays may be written under their hands, so that one will do; what JAX has may not change.
    output = from_dlpack(Handed(memory, gpu, stream)) if is_torch(a) or library_of(a) == "cupy" else None

    def run() -> Any:
        on = current_stream(a, gpu)
        runner(on)
        return from_dlpack(Handed(memory, gpu, on)) if output is None else output

    # For timers: JAX's way to an array of it would make JAX's own stream wait for a capture.
    run.enqueue = lambda: runner(current_stream(a, gpu))  # type: ignore[attr-defined]
    run.engine = runner.engine  # type: ignore[attr-defined]
    run.kernel = runner.kernel  # type: ignore[attr-defined]
    run.device = f"cuda:{gpu}"  # type: ignore[attr-defined]
    run.activation_scales = lambda: runner.activation_scales(current_stream(a, gpu))  # type: ignore[attr-defined]
    run.check = lambda: runner.check(current_stream(a, gpu))  # type: ignore[attr-defined]
    return run


def _importer(like: Any, dtype: str) -> Callable[[Any], Any]:
    if is_torch(like):
        import torch

        return torch.from_dlpack
    if dtype == "bfloat16":
        raise ValueError("NumPy has no bfloat16: give dtype='float16' or 'float32', or PyTorch tensors")
    import numpy as np

    return np.from_dlpack
