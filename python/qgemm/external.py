"""Products of other libraries, measured by a sweep beside our own: the same operands and timer, interleaved, each result
checked by the same code."""

from __future__ import annotations

import contextlib
import copy
import importlib
import sys
import weakref
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Union

from . import _core
from ._arrays import use_stream

Run = Callable[[], Any]


class Product:
    """What is multiplied, beside the arrays: D[m, n] = A[m, k] · W[n, k]ᵀ as `provider` names it.

    Arrays are of the kind that the provider was registered for. `a_scale`, `a_azp` are columns [1, 1] or [m, 1], given where
    they are known before the call (`a_quantized` "ahead": A is int8 already; "static": the call quantizes with them), else
    None; `w_scale` is [1, 1] or [n, 1] and `w_colsum` [n, 1] of integer providers, else None; `bias` is [n] float32, or None.
    """

    provider: str
    m: int
    n: int
    k: int
    output: str  #: D's type: "bfloat16", "float16" or "float32".
    a_quantized: str  #: "none", "ahead", or inside the call: "dynamic" (scales found there), "static".
    a_scales_of: str  #: "none", "tensor" or "token".
    w_scales_of: str  #: "none", "tensor" or "channel".
    a_scale: Any
    a_azp: Any
    w_scale: Any
    w_colsum: Any
    bias: Any
    threads: int  #: The sweep's. PyTorch is told; another library you have to tell. 1 on a GPU.
    device: str  #: "cpu", or "cuda:N", whose arrays these are; what `run` enqueues goes to PyTorch's and CuPy's current stream.

    def __init__(self, **fields: Any):
        self.__dict__.update(fields)


def _importer(arrays: Union[str, Callable[[Any], Any]]) -> Callable[[Any], Any]:
    if callable(arrays):
        return arrays
    if arrays == "torch":
        import torch

        return torch.from_dlpack
    if arrays == "numpy":
        import numpy as np

        return np.from_dlpack
    raise ValueError(f"arrays is {arrays!r}: use 'numpy', 'torch' or a function that takes a DLPack object")


class External:
    """A registered provider. `_core` reads its attributes and calls `prepare`."""

    def __init__(
        self,
        name: str,
        make_runner: Callable[[Any, Any, Product], Run],
        like: Union[str, Sequence[str]],
        arrays: Union[str, Callable[[Any], Any]],
        description: str,
        original_weights: bool,
    ):
        self.name = name
        self.make_runner = make_runner
        self.providers: List[str] = _core.expand_providers([like] if isinstance(like, str) else list(like))
        self.arrays = arrays
        self.description = description
        self.original_weights = original_weights
        if not callable(make_runner):
            raise TypeError("make_runner has to be a function of (a, w, product)")
        bfloat16 = [p for p in self.providers if original_weights or not (p == "f32" or p.endswith("-noquant"))]
        if arrays == "numpy" and bfloat16:
            raise ValueError(f"{bfloat16[0]} multiplies bfloat16, which NumPy does not have: register it with arrays='torch'")

    def _product(self, fields: Dict[str, Any], device: str, taken: Callable[[Any], Any]) -> Product:
        for name in ("a_scale", "a_azp", "w_scale", "w_colsum", "bias"):
            if fields[name] is not None:
                fields[name] = taken(fields[name])
        return Product(device=device, **fields)

    def prepare_on_gpu(self, activations: List[Any], weights: List[Any], fields: Dict[str, Any], gpu: int, stream: int) -> tuple:
        """A function of the operand set, which enqueues on `stream` and returns D, and what it runs."""
        if self.arrays == "numpy":
            raise NotImplementedError(
                f"{self.name} takes NumPy's arrays, which are in the host's memory: register it with arrays='torch', "
                "or a function that makes arrays on a GPU of DLPack objects"
            )
        taken, surroundings = _importer(self.arrays), _Surroundings(gpu, stream)
        with surroundings:
            product = self._product(fields, f"cuda:{gpu}", taken)
            runs = [self.make_runner(taken(a), taken(w), product) for a, w in zip(activations, weights)]

        def launch(operand_set: int) -> Any:
            with surroundings:
                return runs[operand_set]()

        return launch, str(getattr(runs[0], "kernel", self.name))

    def prepare(self, a: Any, weights: List[Any], fields: Dict[str, Any]) -> tuple:
        """A callable for each copy of the weights, and what they run."""
        if "torch" in sys.modules:
            sys.modules["torch"].set_num_threads(fields["threads"])
        taken = _importer(self.arrays)
        product, a = self._product(fields, "cpu", taken), taken(a)
        runs = [self.make_runner(a, taken(w), product) for w in weights]
        return runs, str(getattr(runs[0], "kernel", self.name))


class _Surroundings:
    """What other libraries are told before an external's code runs on a GPU: the device, the stream, and for PyTorch a pool of
    memory of its own, which is kept as long as the runner. A captured call goes on writing where it did when it was captured,
    and nobody else's tensors may come to lie there.
    """

    def __init__(self, gpu: int, stream: int):
        self._gpu, self._stream = gpu, stream
        torch = sys.modules.get("torch")
        self._torch = torch if torch is not None and torch.cuda.is_available() else None
        self._entered: List[contextlib.ExitStack] = []
        if self._torch is None:
            return
        with torch.cuda.device(gpu):
            torch.cuda.empty_cache()  # what the pools before this one had
        self._torch_stream = torch.cuda.ExternalStream(stream, device=f"cuda:{gpu}")
        # As a CUDAGraph has one. A MemPool would give its memory back where it ends, and may not while something is captured.
        self._pool = torch.cuda.graph_pool_handle()
        torch.cuda.memory._cuda_beginAllocateCurrentThreadToPool(gpu, self._pool)
        torch.cuda.memory._cuda_endAllocateToPool(gpu, self._pool)
        weakref.finalize(self, torch.cuda.memory._cuda_releasePool, gpu, self._pool).atexit = False

    def __enter__(self) -> None:
        with contextlib.ExitStack() as stack:
            stack.enter_context(use_stream(self._gpu, self._stream))
            if self._torch is not None:
                stack.enter_context(self._torch.cuda.device(self._gpu))
                stack.enter_context(self._torch.cuda.stream(self._torch_stream))
                stack.enter_context(self._allocations())
                stack.enter_context(self._torch.no_grad())
            self._entered.append(stack.pop_all())

    def __exit__(self, *error: Any) -> None:
        self._entered.pop().__exit__(*error)

    @contextlib.contextmanager
    def _allocations(self) -> Iterator[None]:
        memory = self._torch.cuda.memory
        memory._cuda_beginAllocateCurrentThreadToPool(self._gpu, self._pool)
        try:
            yield
        finally:
            memory._cuda_endAllocateToPool(self._gpu, self._pool)
            memory._cuda_releasePool(self._gpu, self._pool)


_registered: Dict[str, External] = {}


def register_provider(
    name: str,
    make_runner: Callable[[Any, Any, Product], Run],
    *,
    like: Union[str, Sequence[str]],
    arrays: Union[str, Callable[[Any], Any]] = "numpy",
    description: str = "",
    original_weights: bool = False,
) -> None:
    """Makes `name` known to `bench(external=...)`: an engine of the providers `like` (names and `*` patterns), on the CPU and on a GPU.

    `make_runner(a, w, product)` gets A [m, k], W [n, k] and a `Product`, and returns `run()`, which is timed: it returns D
    [m, n] of type `product.output`, dense, on the device of A, and may have an attribute `kernel`, the name of what runs.
    What make_runner does is not timed; it is called once for each copy of the operands that cold calls rotate over.
    On a GPU `run` enqueues on PyTorch's or CuPy's current stream and waits for nothing: it is captured into a CUDA graph.
    NotImplementedError makes the row `unsupported`, another exception `failed`.

    A is int8 where `product.a_quantized` is "ahead", float32 for f32, else bfloat16; W is int8 for int8 providers (unless
    `original_weights`: then bfloat16, for libraries that quantize weights their own way), else like A. The arrays are
    the sweep's own memory, to be read alone, and of the library `arrays`: "numpy" (which has no bfloat16), "torch", or a
    function that makes its own kind from a DLPack object.
    """
    _registered[name] = External(name, make_runner, like, arrays, description or _described(make_runner), original_weights)


def _described(function: Any) -> str:
    module, name = getattr(function, "__module__", ""), getattr(function, "__qualname__", type(function).__name__)
    return f"{module}.{name}" if module else name


# What is built in.

_int8 = ("tensor-w-tensor-a", "tensor-w-token-a", "tensor-w-dyntensor-a", "channel-w-tensor-a", "channel-w-token-a",
         "channel-w-dyntensor-a")
_symmetric = ["int8-" + scheme + when for scheme in _int8 for when in ("", "-noquant")]


def _need(module: str, external: str, install: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise RuntimeError(f"the external {external} needs the package {module.split('.')[0]} ({error}): {install}") from None


def _torch(external: str = "torch") -> Any:
    return _need("torch", external, "`pip install torch` installs it")


def _quantizer(torch: Any, product: Product) -> Optional[Callable[[Any], tuple]]:
    """A → (int8 A, scales as float32 [m, 1] or [1, 1]), by PyTorch's operations; None where that was done ahead."""
    if product.a_quantized == "ahead":
        return None

    def by(x: Any, scale: Any) -> Any:
        return (x / scale).round_().clamp_(-128, 127).to(torch.int8)

    if product.a_quantized == "static":
        return lambda a: (by(a.float(), product.a_scale), product.a_scale)
    if product.a_scales_of == "token":

        def each_token(a: Any) -> tuple:
            x = a.float()
            scale = x.abs().amax(dim=1, keepdim=True).div_(127)
            return by(x, scale.clamp(min=1e-30)), scale

        return each_token

    def together(a: Any) -> tuple:
        x = a.float()
        scale = x.abs().amax().div_(127).reshape(1, 1)
        return by(x, scale.clamp(min=1e-30)), scale

    return together


def _make_torch() -> External:
    torch = _torch()

    def make_runner(a: Any, w: Any, product: Product) -> Run:
        dtype = getattr(torch, product.output)
        if product.a_quantized == "none":
            if dtype != a.dtype:
                raise NotImplementedError(f"torch.nn.functional.linear of {a.dtype} has no result in {dtype}")
            bias = None if product.bias is None else product.bias.to(dtype)
            linear = torch.nn.functional.linear

            def run() -> Any:
                return linear(a, w, bias)

            run.kernel = "torch.nn.functional.linear"
            return run
        if product.device != "cpu" and (product.m <= 16 or product.n % 8 or product.k % 8):
            raise NotImplementedError("torch._int_mm on a GPU takes more than 16 rows, and N and K that are multiples of 8")
        quantize, transposed, w_scale, bias = _quantizer(torch, product), w.t(), product.w_scale.t(), product.bias

        def run_int8() -> Any:
            q, a_scale = (a, product.a_scale) if quantize is None else quantize(a)
            d = torch._int_mm(q, transposed).float().mul_(w_scale).mul_(a_scale)
            if bias is not None:
                d.add_(bias)
            return d.to(dtype)

        run_int8.kernel = "torch._int_mm"
        return run_int8

    return External("torch", make_runner, ["bf16", "f32", *_symmetric], "torch", f"PyTorch {torch.__version__}, eager", False)


def _make_torchao() -> External:
    torch = _torch("torchao")
    _need("torchao", "torchao", "`pip install torchao` installs it")
    quantization = _need("torchao.quantization", "torchao", "`pip install --upgrade torchao` installs one that has it")
    version = getattr(sys.modules["torchao"], "__version__", "of unknown version")
    if not hasattr(quantization, "Int8DynamicActivationInt8WeightConfig"):
        raise RuntimeError(f"torchao {version} has no Int8DynamicActivationInt8WeightConfig: `pip install --upgrade torchao`")
    made: List[Any] = [None, None]  # the weights that were quantized last, and their layer

    def quantized(w: Any, product: Product) -> Any:
        """A layer of its own. Quantizing takes a tenth of a second, and cold calls rotate over hundreds of copies."""
        if made[0] is None or made[0].data_ptr() != w.data_ptr() or made[0].shape != w.shape:
            layer = torch.nn.Linear(product.k, product.n, bias=False, device="meta")
            layer.weight = torch.nn.Parameter(w.clone(), requires_grad=False)
            whole = torch.nn.Sequential(layer)
            quantization.quantize_(whole, quantization.Int8DynamicActivationInt8WeightConfig())
            made[:] = [w, whole]  # w is kept, so that no other weights come to lie in its place
        return copy.deepcopy(made[1])

    def make_runner(a: Any, w: Any, product: Product) -> Run:
        if product.output != "bfloat16":
            raise NotImplementedError("torchao's linear layer gives the type of its activations, bfloat16")
        whole = quantized(w, product)
        if product.bias is not None:
            whole[0].bias = torch.nn.Parameter(product.bias.bfloat16(), requires_grad=False)

        def run() -> Any:
            with torch.no_grad():
                return whole(a)

        run.kernel = "torchao.Int8DynamicActivationInt8Weight"
        return run

    return External("torchao", make_runner, "int8-channel-w-token-a", "torch",
                    f"torchao {version} on PyTorch {torch.__version__}, eager", True)


def _make_vllm() -> External:
    torch = _torch("vllm")
    ops = _need("vllm._custom_ops", "vllm", "`pip install vllm` installs it")
    version = getattr(sys.modules.get("vllm"), "__version__", "of unknown version")
    usable: Dict[str, Optional[str]] = {}  # why not, by device

    def why_not(device: str) -> Optional[str]:
        """Its kernels are for the devices that it was built for."""
        try:
            one, matrix = torch.ones(1, 1, device=device), torch.ones(16, 16, dtype=torch.int8, device=device)
            ops.cutlass_scaled_mm(matrix, matrix.t(), one, one, torch.bfloat16)
        except Exception as error:
            return (str(error).splitlines() or [type(error).__name__])[0]
        return None

    def make_runner(a: Any, w: Any, product: Product) -> Run:
        if product.device not in usable:
            usable[product.device] = why_not(product.device)
        if usable[product.device] is not None:
            raise NotImplementedError(
                f"vllm {version} cannot run cutlass_scaled_mm on {product.device} ({usable[product.device]}); "
                "the engine cutlass-vllm runs its kernels on a GPU"
            )
        dtype, transposed, w_scale = getattr(torch, product.output), w.t(), product.w_scale
        bias = None if product.bias is None else product.bias.to(dtype)

        def run() -> Any:
            if product.a_quantized == "ahead":
                q, a_scale = a, product.a_scale
            else:
                q, a_scale, _ = ops.scaled_int8_quant(a, product.a_scale)
            return ops.cutlass_scaled_mm(q, transposed, a_scale, w_scale, dtype, bias)

        run.kernel = "vllm.cutlass_scaled_mm"
        return run

    like = [p for p in _symmetric if "dyntensor" not in p]
    return External("vllm", make_runner, like, "torch", f"vLLM {version} on PyTorch {torch.__version__}", False)


_built_in: Dict[str, Callable[[], External]] = {"torch": _make_torch, "torchao": _make_torchao, "vllm": _make_vllm}


def find(name: str) -> External:
    """What `name` stands for: the registered one, else the one built in."""
    if name in _registered:
        return _registered[name]
    if name in _built_in:
        return _built_in[name]()
    known = sorted({*_registered, *_built_in})
    raise ValueError(f"unknown external {name[:64]!r}: those known are {', '.join(known)}; register_provider adds more")


@contextlib.contextmanager
def selected(names: Sequence[str]) -> Iterator[List[External]]:
    """The externals of these names; PyTorch's number of threads is afterwards what it was."""
    externals = [find(name) for name in dict.fromkeys(names)]
    torch = sys.modules.get("torch") if externals else None
    threads = torch.get_num_threads() if torch is not None else 0
    try:
        yield externals
    finally:
        if torch is not None:
            torch.set_num_threads(threads)
