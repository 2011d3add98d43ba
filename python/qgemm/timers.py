"""Timers for callables, with the interface of Triton's."""

from __future__ import annotations

import time
from typing import Any, Callable, Optional, Sequence

import numpy as np


def do_bench(
    fn: Callable[[], Any],
    warmup: float = 25,
    rep: float = 100,
    grad_to_none: Any = None,
    quantiles: Optional[Sequence[float]] = None,
    return_mode: str = "mean",
) -> Any:
    """Milliseconds of a call of `fn` on the host: the mean (or `return_mode` min, max, median, all) over about `rep` ms of calls,
    after `warmup` ms of them; with `quantiles` a list of these. One sample is as many calls as take a tenth of a
    millisecond, so that reading the clock does not show.
    """
    if return_mode not in ("min", "max", "mean", "median", "all"):
        raise ValueError(f"return_mode is {return_mode!r}: use min, max, mean, median or all")
    for name, value in (("warmup", warmup), ("rep", rep)):
        if not value >= 0:
            raise ValueError(f"{name} is {value}: give milliseconds from 0 on")
    fn()
    start, calls = time.perf_counter(), 0
    while calls == 0 or (time.perf_counter() - start) * 1e3 < warmup:
        fn()
        calls += 1
    estimate = max((time.perf_counter() - start) / calls, 1e-9)
    together = max(1, round(1e-4 / estimate))
    samples = []
    for _ in range(max(5, round(rep * 1e-3 / (estimate * together)))):
        start = time.perf_counter()
        for _ in range(together):
            fn()
        samples.append((time.perf_counter() - start) * 1e3 / together)
    times = np.asarray(samples)
    if quantiles is not None:
        found = [float(value) for value in np.quantile(times, quantiles)]
        return found[0] if len(found) == 1 else found
    return times.tolist() if return_mode == "all" else float(getattr(np, return_mode)(times))


def do_bench_cudagraph(
    fn: Callable[[], Any],
    rep: float = 20,
    grad_to_none: Any = None,
    quantiles: Optional[Sequence[float]] = None,
    return_mode: str = "mean",
) -> Any:
    """What Triton's function of that name is asked for, of a callable on the host, where there is no graph to capture:
    `do_bench` over `rep` ms ten times, as that one replays its graph ten times.
    """
    return do_bench(fn, warmup=rep, rep=10 * rep, quantiles=quantiles, return_mode=return_mode)
