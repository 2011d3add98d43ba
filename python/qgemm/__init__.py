"""What INT8 (W8A8) quantized GEMM costs and gains on this machine.

Three layers, from the bottom up:

* Quantization and products over arrays of any library that speaks DLPack (NumPy, PyTorch, CuPy, JAX, …), in the host's memory
  or on a GPU, in the vocabulary of vLLM's benchmarks: `scaled_int8_quant`, `scaled_fp8_quant`, `cutlass_scaled_mm`,
  `cutlass_scaled_mm_azp`, `PROVIDER_CFGS`, `build_int8_runner`, `FP8_PROVIDER_CFGS`, `build_fp8_runner`.
* Timers: `do_bench`, `do_bench_cudagraph`.
* Sweeps with checked results, as the command line has them: `bench`, `load`, `compare`, `advise`; with products of other
  libraries beside ours: `register_provider`. What quantization costs in accuracy: `accuracy`.

Errors: `ValueError` for what was given, `RuntimeError` for what this machine or build lacks, `MemoryError`.
"""

from __future__ import annotations

import os as _os
import pathlib as _pathlib

_data = _pathlib.Path(__file__).parent / "data"
if _data.is_dir():
    _os.environ.setdefault("QGEMM_DATA_DIR", str(_data))

from ._core import version as _version  # noqa: E402
from .accuracy_report import AccuracyReport, accuracy, load_accuracy  # noqa: E402
from .external import Product, register_provider  # noqa: E402
from .products import cutlass_scaled_mm, cutlass_scaled_mm_azp, scaled_fp8_quant, scaled_int8_quant  # noqa: E402
from .results import Comparison, Results, advise, bench, compare, load, models  # noqa: E402
from .runners import FP8_PROVIDER_CFGS, PROVIDER_CFGS, build_fp8_runner, build_int8_runner  # noqa: E402
from .timers import do_bench, do_bench_cudagraph  # noqa: E402

__version__ = _version()

__all__ = [
    "FP8_PROVIDER_CFGS",
    "PROVIDER_CFGS",
    "AccuracyReport",
    "Comparison",
    "Product",
    "Results",
    "accuracy",
    "advise",
    "bench",
    "build_fp8_runner",
    "build_int8_runner",
    "compare",
    "cutlass_scaled_mm",
    "cutlass_scaled_mm_azp",
    "do_bench",
    "do_bench_cudagraph",
    "load",
    "load_accuracy",
    "models",
    "register_provider",
    "scaled_fp8_quant",
    "scaled_int8_quant",
]
