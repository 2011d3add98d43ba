"""Timers for callables, with the interface of Triton's."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import Any, Callable, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from . import _core
from ._arrays import current_stream, gpu_of, use_stream

_modes = ("min", "max", "mean", "median", "all")


def do_bench(
    fn: Callable[[], Any],
    warmup: float = 25,
    rep: float = 100,
    grad_to_none: Any = None,
    quantiles: Optional[Sequence[float]] = None,
    return_mode: str = "mean",
    *,
    device: Optional[str] = None,
) -> Any:
    """Milliseconds of a call of `fn`: the mean (or `return_mode` min, max, median, all) over about `rep` ms of calls, after `warmup`
    ms of them; with `quantiles` a list of these.

    On the host one sample is as many calls as take a tenth of a millisecond, so that reading the clock does not show. Where `fn`
    enqueues on a GPU it is one call between two events on the current stream, with L2 written over before it, as Triton does it.
    `device`: "cpu" or "cuda:N" where that cannot be seen, from what `fn` is (a runner) or returns (an array), or because PyTorch
    has used a GPU and `fn` returns nothing.
    """
    _check(return_mode, grad_to_none, warmup=warmup, rep=rep)
    gpu = _gpu_used(fn, fn(), device)
    if gpu is None:
        return _chosen(_host_samples(fn, warmup, rep), quantiles, return_mode)
    fn = getattr(fn, "enqueue", fn)
    stream = _stream_of_caller(gpu)

    def flushed() -> None:
        _core.flush_cache(gpu, stream)
        fn()

    estimate = _between_events(lambda: [flushed() for _ in range(5)], gpu, stream) / 5
    for _ in range(max(1, int(warmup / estimate))):
        fn()
    events = [(_core.Event(gpu), _core.Event(gpu)) for _ in range(max(1, int(rep / estimate)))]
    for start, stop in events:
        _core.flush_cache(gpu, stream)
        start.record(gpu, stream)
        fn()
        stop.record(gpu, stream)
    events[-1][1].wait()
    return _chosen([stop.microseconds_since(start) * 1e-3 for start, stop in events], quantiles, return_mode)


def do_bench_cudagraph(
    fn: Callable[[], Any],
    rep: float = 20,
    grad_to_none: Any = None,
    quantiles: Optional[Sequence[float]] = None,
    return_mode: str = "mean",
    *,
    device: Optional[str] = None,
) -> Any:
    """Milliseconds of a call of `fn` as Triton's function of that name finds them: one call to warm up, an estimate from 5, one
    CUDA graph of as many calls as fill `rep` ms, 10 replays between two events each; a sample is a replay's mean.

    `fn` is called on a stream of its own, which is PyTorch's (and CuPy's) current one meanwhile, and has to be one that can be
    captured: it waits for nothing. On the host, where there is no graph, this is `do_bench` over `rep` ms ten times. `device` as there.
    """
    _check(return_mode, grad_to_none, rep=rep)
    gpu = _gpu_used(fn, fn(), device)
    if gpu is None:
        return do_bench(fn, warmup=rep, rep=10 * rep, quantiles=quantiles, return_mode=return_mode, device="cpu")
    fn = getattr(fn, "enqueue", fn)
    with _captures(gpu) as (stream, capture):
        fn()
        estimate = _between_events(lambda: [fn() for _ in range(5)], gpu, stream) / 5
        calls = max(1, int(rep / estimate))
        replay = capture(lambda: [fn() for _ in range(calls)])
        samples = [_between_events(replay, gpu, stream) / calls for _ in range(10)]
        del replay
    return _chosen(samples, quantiles, return_mode)


def _check(return_mode: str, grad_to_none: Any, **milliseconds: float) -> None:
    if return_mode not in _modes:
        raise ValueError(f"return_mode is {return_mode!r}: use min, max, mean, median or all")
    for name, value in milliseconds.items():
        if not value >= 0:
            raise ValueError(f"{name} is {value}: give milliseconds from 0 on")
    if grad_to_none is not None:
        raise ValueError("grad_to_none is not taken: nothing here has gradients")


def _chosen(samples: List[float], quantiles: Optional[Sequence[float]], return_mode: str) -> Any:
    times = np.asarray(samples)
    if quantiles is not None:
        found = [float(value) for value in np.quantile(times, quantiles)]
        return found[0] if len(found) == 1 else found
    return times.tolist() if return_mode == "all" else float(getattr(np, return_mode)(times))


def _host_samples(fn: Callable[[], Any], warmup: float, rep: float) -> List[float]:
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
    return samples


def _torch_on_gpu() -> Any:
    """PyTorch, where it is there and has used a GPU."""
    torch = sys.modules.get("torch")
    return torch if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized() else None


def _gpu_used(fn: Callable[[], Any], result: Any, device: Optional[str]) -> Optional[int]:
    """The GPU that `fn`, which has returned `result`, enqueues on; None for the host."""
    device = device if device is not None else getattr(fn, "device", None)
    if isinstance(device, str):
        kind, _, ordinal = device.partition(":")
        if kind not in ("cpu", "cuda") or (ordinal and not ordinal.isdigit()):
            raise ValueError(f"device is {device!r}: use cpu, cuda or cuda:N")
        return None if kind == "cpu" else int(ordinal or 0)
    arrays = [array for array in (result if isinstance(result, (tuple, list)) else [result]) if hasattr(array, "__dlpack_device__")]
    if arrays:
        return gpu_of(arrays[0])
    torch = _torch_on_gpu() if result is None else None
    return None if torch is None else torch.cuda.current_device()


def _between_events(work: Callable[[], Any], gpu: int, stream: int) -> float:
    """Milliseconds between an event before and one after."""
    start, stop = _core.Event(gpu), _core.Event(gpu)
    start.record(gpu, stream)
    work()
    stop.record(gpu, stream)
    stop.wait()
    return max(stop.microseconds_since(start) * 1e-3, 1e-6)


def _stream_of_caller(gpu: int) -> int:
    """The current stream of the libraries that have one: PyTorch's before CuPy's, where they differ."""
    torch, cupy = _torch_on_gpu(), sys.modules.get("cupy")
    if torch is not None:
        handle = torch.cuda.current_stream(gpu).cuda_stream
    elif cupy is not None:
        with cupy.cuda.Device(gpu):
            handle = cupy.cuda.get_current_stream().ptr
    else:
        return current_stream(None, gpu)
    return int(handle) or 1


@contextmanager
def _captures(gpu: int) -> Iterator[Tuple[int, Callable[[Callable[[], Any]], Callable[[], None]]]]:
    """A stream that is the current one, and a function that captures what is enqueued on it and returns what replays that."""
    torch = _torch_on_gpu()
    if torch is None:
        own = _core.Stream(gpu)
        _core.stream_wait(gpu, own.handle, 1)
        with use_stream(gpu, own.handle):

            def capture(work: Callable[[], Any]) -> Callable[[], None]:
                graph = _core.Graph.capture(gpu, own.handle, work)
                if graph.empty:
                    raise RuntimeError("fn enqueues nothing on the current stream, so that there is nothing to capture: time it by do_bench")
                return lambda: graph.launch(gpu, own.handle)

            try:
                yield own.handle, capture
            finally:
                _core.stream_synchronize(gpu, own.handle)
        return
    # PyTorch's own graphs: what its functions allocate while they are captured stays theirs.
    with torch.cuda.device(gpu):
        own = torch.cuda.Stream()
        own.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(own), use_stream(gpu, own.cuda_stream):

            def capture_torch(work: Callable[[], Any]) -> Callable[[], None]:
                graph = torch.cuda.CUDAGraph()
                with torch.cuda.graph(graph, stream=own):
                    work()
                return graph.replay

            try:
                yield own.cuda_stream, capture_torch
            finally:
                own.synchronize()
        torch.cuda.current_stream().wait_stream(own)
