"""One provider's product, ready to be called and timed."""

from __future__ import annotations

from typing import Any, Callable, Dict

from . import _core
from ._arrays import dtype_name, is_torch


def _configurations() -> Dict[str, dict]:
    found: Dict[str, dict] = {"torch-bf16": dict(enabled=True)}
    for weight in ("tensor", "channel"):
        for activation in ("tensor", "token"):
            for no_a_quant in (False, True):
                name = f"int8-{weight}-w-{activation}-a" + ("-noquant" if no_a_quant else "")
                same = (weight, activation) in (("tensor", "tensor"), ("channel", "token"))
                found[name] = dict(w=weight, a=activation, no_a_quant=no_a_quant, enabled=same)
    return found


#: The reference's providers: what the weights' and the activations' scales are of, whether the activations are quantized
#: before the call (`no_a_quant`), and whether the provider is measured by default (`enabled`).
PROVIDER_CFGS = _configurations()


def _provider_of(cfg: Any) -> str:
    if isinstance(cfg, str):
        return cfg
    if "w" not in cfg:
        return "bf16"
    return f"int8-{cfg['w']}-w-{cfg['a']}-a" + ("-noquant" if cfg.get("no_a_quant") else "")


def build_int8_runner(
    cfg: Any, a: Any, b: Any, N: Any = None, dtype: Any = None, device: Any = "cpu", *, engine: str = "auto"
) -> Callable[[], Any]:
    """A callable that runs one provider's product and returns D [M, N].

    `cfg` is an entry of `PROVIDER_CFGS` or a provider's name; `a` activations [M, K], `b` weights [N, K] (quantized and packed here,
    once). `dtype` is D's (that of `a` where it is not given). `N` and `device` are the reference's arguments: N has to be b's,
    the device the host's.

    D is the runner's own memory, overwritten by its next call; `.provider`, `.engine` and `.kernel` say what ran.
    """
    if N is not None and not isinstance(N, int):
        # Called as build_int8_runner(cfg, a, b, dtype, device): the reference's older order.
        N, dtype, device = None, N, dtype if dtype is not None else device
    if N is not None and int(b.shape[0]) != N:
        raise ValueError(f"N is {N} and b is {tuple(b.shape)}: b is [N, K]")
    if str(device).split(":")[0] not in ("cpu", "None"):
        raise RuntimeError(f"device is {device}: this package multiplies in the host's memory, give device='cpu'")
    name = dtype_name(dtype if dtype is not None else a.dtype)
    runner = _core.Runner(_provider_of(cfg), a, b, name, engine)
    from_dlpack = _importer(a, name)
    held: Dict[str, Any] = {}

    def run() -> Any:
        runner()
        if "output" not in held:  # its place does not change from call to call
            held["output"] = from_dlpack(runner.output())
        return held["output"]

    run.provider = _provider_of(cfg)
    run.engine = runner.engine
    run.kernel = runner.kernel
    run.activation_scales = runner.activation_scales
    return run


def _importer(like: Any, dtype: str) -> Callable[[Any], Any]:
    if is_torch(like):
        import torch

        return torch.from_dlpack
    if dtype == "bfloat16":
        raise ValueError("NumPy has no bfloat16: give dtype='float16' or 'float32', or PyTorch tensors")
    import numpy as np

    return np.from_dlpack
