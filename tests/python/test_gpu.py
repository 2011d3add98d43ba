"""Arrays on a GPU: quantized, multiplied and timed where they lie. Skipped, with the reason, where there is none."""

import os
import random

import numpy as np
import pytest

import qgemm
from qgemm import _core

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # else JAX takes most of the GPU for itself

names, reason = _core.gpus()
pytestmark = pytest.mark.skipif(not names, reason=f"no GPU: {reason}")
torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def on_a_gpu():
    if not torch.cuda.is_available():
        pytest.skip("PyTorch sees no GPU")
    torch.manual_seed(1)


def randn(*shape, dtype=torch.bfloat16):
    return torch.randn(*shape, device="cuda").to(dtype)


def integers(*shape):
    return torch.randint(-127, 128, shape, device="cuda", dtype=torch.int8)


def exact_product(a, w):
    """int64 sums, on the GPU: float64 holds every one of them."""
    return a.double() @ w.double().t()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
@pytest.mark.parametrize("shape", [(1, 1), (3, 17), (64, 256), (2, 5, 33), (300, 4096)])
def test_quantization_is_the_hosts_bit_for_bit(dtype, shape):
    x = randn(*shape, dtype=dtype)
    for given in (dict(), dict(symmetric=False), dict(scale=0.02), dict(scale=torch.tensor([0.02], device="cuda"))):
        q, scales, azp = qgemm.scaled_int8_quant(x, **given)
        on_host = {name: value.cpu() if hasattr(value, "cpu") else value for name, value in given.items()}
        expected, expected_scales, expected_azp = qgemm.scaled_int8_quant(x.cpu(), **on_host)
        assert q.device == x.device and q.shape == x.shape and q.dtype == torch.int8
        assert torch.equal(q.cpu(), expected)
        if "scale" in given:
            assert scales is given["scale"] and azp is None
        else:
            assert scales.device == x.device and torch.equal(scales.cpu(), expected_scales)
            assert azp is None if expected_azp is None else torch.equal(azp.cpu(), expected_azp)


@pytest.mark.parametrize("per_token", [False, True])
def test_fp8_codes_are_the_hosts_and_torchs_type(per_token):
    x = randn(37, 129)
    q, scale = qgemm.scaled_fp8_quant(x, use_per_token_if_dynamic=per_token)
    expected, expected_scale = qgemm.scaled_fp8_quant(x.cpu(), use_per_token_if_dynamic=per_token)
    assert q.dtype == torch.float8_e4m3fn and q.device == x.device
    assert scale.shape == ((37, 1) if per_token else (1,)) and torch.equal(scale.cpu(), expected_scale)
    assert torch.equal(q.cpu().view(torch.uint8), expected.view(torch.uint8))
    same, given = qgemm.scaled_fp8_quant(x, scale=scale[:1].reshape(1))
    assert given.data_ptr() == scale.data_ptr() and torch.equal(
        same.cpu().view(torch.uint8), qgemm.scaled_fp8_quant(x.cpu(), scale=float(scale.reshape(-1)[0]))[0].view(torch.uint8)
    )
    padded, _ = qgemm.scaled_fp8_quant(x, num_token_padding=64)
    assert padded.shape == (64, 129) and not padded[37:].view(torch.uint8).any()


def test_nan_is_in_the_scale_where_nothing_is_waited_for():
    x = randn(8, 64)
    x[3, 5] = float("nan")
    x[6, 0] = float("inf")
    for symmetric in (True, False):
        _, scales, _ = qgemm.scaled_int8_quant(x, symmetric=symmetric)
        assert torch.isfinite(scales[:, 0]).tolist() == [i not in (3, 6) for i in range(8)]


# N and K that are multiples of 16, of 8, and of nothing.
SHAPES = [(1, 16, 16), (5, 7, 3), (17, 33, 129), (16, 4096, 4096), (64, 128, 512), (300, 1000, 1008), (2048, 4096, 4096)]


@pytest.mark.parametrize("m,n,k", SHAPES)
@pytest.mark.parametrize("per_row,per_channel", [(False, False), (True, True), (True, False), (False, True)])
def test_products_are_exact_before_their_one_rounding(m, n, k, per_row, per_channel):
    a, w = integers(m, k), integers(n, k)
    scale_a, scale_w = torch.rand(m if per_row else 1, 1, device="cuda") + 0.5, torch.rand(1, n if per_channel else 1, device="cuda") + 0.5
    sums = exact_product(a, w).float()
    for dtype in (torch.bfloat16, torch.float16):
        small = scale_a * (2e-4 if dtype == torch.float16 else 1)
        d = qgemm.cutlass_scaled_mm(a, w.t(), small, scale_w, dtype)
        assert d.device == a.device and d.shape == (m, n)
        assert torch.equal(d, (small * (scale_w * sums)).to(dtype))
    bias = randn(n, dtype=torch.bfloat16)
    d = qgemm.cutlass_scaled_mm(a, w.t(), scale_a, scale_w, torch.bfloat16, bias)
    assert torch.equal(d, (scale_a * (scale_w * sums) + bias.float()).bfloat16())


def test_zero_points_of_rows_and_folded():
    m, n, k = 33, 72, 160
    a, w = integers(m, k), integers(n, k)
    scale_a, scale_w = torch.rand(m, 1, device="cuda"), torch.rand(1, n, device="cuda")
    azp = torch.randint(-128, 128, (m, 1), device="cuda", dtype=torch.int32)
    colsum = w.sum(dim=1, dtype=torch.int32).unsqueeze(0)
    sums = exact_product(a, w)
    d = qgemm.cutlass_scaled_mm_azp(a, w.t(), scale_a, scale_w, torch.bfloat16, colsum, azp)
    assert torch.equal(d, (scale_a * (scale_w * (sums - azp.double() * colsum).float())).bfloat16())
    for adjustment in (colsum * -3, torch.randint(-1000, 1000, (1, n), device="cuda", dtype=torch.int32)):
        d = qgemm.cutlass_scaled_mm_azp(a, w.t(), scale_a, scale_w, torch.bfloat16, adjustment)
        assert torch.equal(d, (scale_a * (scale_w * (sums - adjustment).float())).bfloat16())


@pytest.mark.parametrize("m,n,k", [(1, 256, 512), (40, 264, 272), (512, 1024, 1024), (9, 20, 40)])
def test_fp8_products_are_near_the_float_ones(m, n, k):
    x, y = randn(m, k), randn(n, k)
    a, scale_a = qgemm.scaled_fp8_quant(x, use_per_token_if_dynamic=True)
    w, scale_w = qgemm.scaled_fp8_quant(y, use_per_token_if_dynamic=True)
    exact = (a.double() * scale_a) @ (w.double() * scale_w).t()
    d = qgemm.cutlass_scaled_mm(a, w.t(), scale_a, scale_w.t(), torch.bfloat16)
    assert (d.double() - exact).norm() < 0.01 * exact.norm()
    bytes_of = torch.uint8
    same = qgemm.cutlass_scaled_mm(a.view(bytes_of), w.view(bytes_of).t(), scale_a, scale_w.t(), torch.bfloat16)
    assert torch.equal(d, same)


@pytest.mark.parametrize("m,n,k", [(16, 256, 512), (100, 520, 1040)])
def test_runners_of_all_providers(m, n, k):
    a, b = randn(m, k), randn(n, k)
    exact = a.double() @ b.double().t()
    for build, configurations in ((qgemm.build_int8_runner, qgemm.PROVIDER_CFGS), (qgemm.build_fp8_runner, qgemm.FP8_PROVIDER_CFGS)):
        for name, cfg in configurations.items():
            run = build(cfg, a, b, torch.bfloat16, "cuda")
            d = run()
            assert d.dtype == torch.bfloat16 and d.device == a.device and tuple(d.shape) == (m, n)
            assert run.device == "cuda:0" and run.engine and run.kernel and run().data_ptr() == d.data_ptr()
            tolerance = 0.005 if "torch" in name else 0.03 if "int8" in name else 0.06
            assert (d.double() - exact).norm() < tolerance * exact.norm(), name
            run.check()


def test_a_runner_reads_its_activations_again_and_says_where_nan_is():
    a, b = randn(8, 64), randn(32, 64)
    run = qgemm.build_int8_runner("int8-channel-w-token-a", a, b, dtype=torch.bfloat16)
    before = run().clone()
    a *= 2
    assert torch.allclose(run().float(), 2 * before.float(), rtol=0.02, atol=1e-3)
    a[5, 1] = float("inf")
    run()
    with pytest.raises(ValueError, match="row 5"):
        run.check()


def test_the_runner_keeps_what_it_reads_and_what_it_gives():
    import gc

    a, b = randn(32, 512), randn(64, 512)
    expected = a.double() @ b.double().t()
    run = qgemm.build_int8_runner("int8-channel-w-token-a", a, b, dtype=torch.bfloat16)
    del a, b
    gc.collect()
    rubbish = [torch.full((64, 512), 7.0, device="cuda") for _ in range(20)]
    d = run()
    del run
    gc.collect()
    assert (d.double() - expected).norm() < 0.03 * expected.norm() and len(rubbish) == 20


def test_the_current_stream_is_respected():
    """What a stream is long busy with comes first, and nobody waits for it."""
    a, w = integers(64, 4096), integers(4096, 4096)
    one = torch.ones(1, 1, device="cuda")
    right = qgemm.cutlass_scaled_mm(a, w.t(), one, one, torch.bfloat16)
    run = qgemm.build_int8_runner("int8-channel-w-token-a", randn(64, 4096), randn(4096, 4096), dtype=torch.bfloat16)
    torch.cuda.synchronize()
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        late = torch.zeros_like(a)
        torch.cuda._sleep(200_000_000)  # a tenth of a second
        late.copy_(a)
        d = qgemm.cutlass_scaled_mm(late, w.t(), one, one, torch.bfloat16)
        qgemm.scaled_int8_quant(d)
        run()
        assert not stream.query()  # all of it only waits for its turn
    stream.synchronize()
    assert torch.equal(d, right)


def test_calls_can_be_captured():
    x, w = randn(32, 512), integers(256, 512)
    one = torch.ones(1, 1, device="cuda")

    def call():
        q, scale, azp = qgemm.scaled_int8_quant(x, symmetric=False)
        qgemm.scaled_fp8_quant(x)
        return qgemm.cutlass_scaled_mm_azp(q, w.t(), scale, one, torch.bfloat16, w.sum(dim=1, dtype=torch.int32)[None], azp)

    call()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        d = call()
    x.copy_(randn(32, 512))
    graph.replay()
    assert torch.equal(d, call())


def test_timers_on_a_gpu():
    a, b = randn(64, 4096), randn(4096, 4096)
    run = qgemm.build_int8_runner("int8-channel-w-token-a", a, b, dtype=torch.bfloat16)
    for fn in (run, lambda: torch.nn.functional.linear(a, b), lambda: qgemm.scaled_int8_quant(a)):
        median, p20, p80 = qgemm.do_bench_cudagraph(fn, rep=2, quantiles=[0.5, 0.2, 0.8])
        assert 0.0005 < p20 <= median <= p80 < 1, (fn, median)
        assert 0.0005 < qgemm.do_bench(fn, warmup=1, rep=5) < 5
    out = torch.empty(64, 4096, device="cuda", dtype=torch.bfloat16)

    def nothing_returned():
        torch.mm(a, b, out=out)

    assert 0.0005 < qgemm.do_bench_cudagraph(nothing_returned, rep=1) < 1
    assert qgemm.do_bench_cudagraph(lambda: sum(range(100)), rep=1, device="cpu") < 1
    with pytest.raises(RuntimeError):
        qgemm.do_bench_cudagraph(lambda: out.sum().item(), rep=1, device="cuda")
    assert torch.isfinite(out).all()  # and the GPU goes on


def test_other_libraries_arrays():
    cupy = pytest.importorskip("cupy")
    x = cupy.random.standard_normal((16, 256)).astype(cupy.float32)
    q, scales, _ = qgemm.scaled_int8_quant(x)
    assert isinstance(q, cupy.ndarray) and isinstance(scales, cupy.ndarray)
    host, host_scales, _ = qgemm.scaled_int8_quant(cupy.asnumpy(x))
    np.testing.assert_array_equal(cupy.asnumpy(q), host)
    w = cupy.random.randint(-127, 128, (48, 256)).astype(cupy.int8)
    with cupy.cuda.Stream(non_blocking=True) as stream:
        d = qgemm.cutlass_scaled_mm(q, w.T, scales, 1.0, "float16")
        stream.synchronize()
    exact = cupy.asnumpy(q).astype(np.float64) @ cupy.asnumpy(w).T * host_scales
    np.testing.assert_allclose(cupy.asnumpy(d), exact.astype(np.float16), rtol=1e-3)
    codes, _ = qgemm.scaled_fp8_quant(x)
    assert codes.dtype == cupy.uint8
    run = qgemm.build_int8_runner("int8-channel-w-token-a", x, cupy.asarray(w, dtype=cupy.float32), dtype="float16")
    assert isinstance(run(), cupy.ndarray)
    assert 0.0005 < qgemm.do_bench_cudagraph(run, rep=1) < 1


def test_jax_arrays():
    jax = pytest.importorskip("jax")
    if jax.default_backend() != "gpu":
        pytest.skip("JAX sees no GPU")
    jnp = jax.numpy
    x = jax.random.normal(jax.random.key(1), (16, 256), dtype=jnp.bfloat16)
    q, scales, azp = qgemm.scaled_int8_quant(x, symmetric=False)
    assert isinstance(q, jax.Array) and q.dtype == jnp.int8 and scales.dtype == jnp.float32 and azp.dtype == jnp.int32
    host, host_scales, host_azp = qgemm.scaled_int8_quant(np.asarray(x.astype(jnp.float32)), symmetric=False)
    np.testing.assert_array_equal(np.asarray(q), host)
    np.testing.assert_array_equal(np.asarray(azp), host_azp)
    w = jax.random.randint(jax.random.key(2), (48, 256), -127, 128).astype(jnp.int8)
    run = qgemm.build_int8_runner("int8-channel-w-token-a", x, w.astype(jnp.bfloat16), dtype=jnp.bfloat16)
    d = run()
    exact = np.asarray(x.astype(jnp.float32)) @ np.asarray(w).astype(np.float32).T
    assert isinstance(d, jax.Array) and d.dtype == jnp.bfloat16
    assert np.linalg.norm(np.asarray(d.astype(jnp.float32)) - exact) < 0.03 * np.linalg.norm(exact)
    assert 0.0005 < qgemm.do_bench_cudagraph(run, rep=1) < 1
    codes, _ = qgemm.scaled_fp8_quant(x)
    assert codes.dtype == jnp.float8_e4m3fn


def mm(a, b, out=torch.bfloat16, scale=None):
    one = torch.ones(1, device="cuda") if scale is None else scale
    return qgemm.cutlass_scaled_mm(a, b, one, one, out)


@pytest.mark.parametrize(
    "call,words",
    [
        (lambda: qgemm.scaled_int8_quant(randn(2, 3, dtype=torch.float64)), "input"),
        (lambda: qgemm.scaled_int8_quant(randn(4, 4)[:, ::2]), "contiguous"),
        (lambda: qgemm.scaled_int8_quant(randn(0, 4)), "at least one row"),
        (lambda: qgemm.scaled_int8_quant(randn(2, 3), torch.ones(2, device="cuda")), "2 values"),
        (lambda: qgemm.scaled_int8_quant(randn(2, 3), torch.ones(1)), "one device"),
        (lambda: qgemm.scaled_fp8_quant(randn(2, 3), scale_ub=1.0), "scale_ub"),
        (lambda: mm(integers(2, 3), integers(4, 3)), "K, N"),
        (lambda: mm(integers(2, 3), integers(3, 4)), "w.t()"),
        (lambda: mm(integers(2, 3).float(), integers(4, 3).t()), "a is f32"),
        (lambda: mm(integers(2, 3), integers(4, 3).t(), torch.float32), "bfloat16 or float16"),
        (lambda: mm(integers(2, 3), integers(4, 3).t().cpu()), "one device"),
        (lambda: mm(integers(2, 3), integers(4, 3).t(), scale=torch.ones(3, device="cuda")), "scale_a"),
        (lambda: mm(integers(2, 3), integers(4, 3).t(), scale=torch.ones(1, device="cuda").double()), "scale_a"),
        (lambda: qgemm.build_int8_runner("int8-channel-w-token-a", randn(4, 64), randn(8, 64).cpu()), "one device"),
        (lambda: qgemm.build_int8_runner("int8-channel-w-token-a", randn(4, 64), randn(8, 64), torch.bfloat16, "cpu"), "device is cpu"),
        (lambda: qgemm.build_int8_runner("int9-channel", randn(4, 64), randn(8, 64)), "int9"),
    ],
)
def test_what_does_not_fit_is_one_clear_sentence(call, words):
    with pytest.raises(ValueError, match=words.replace("(", r"\(").replace(")", r"\)")) as raised:
        call()
    assert len(str(raised.value).splitlines()) == 1


def test_a_thousand_random_inputs_give_results_or_clear_errors(rng):
    """Strided, sliced, empty, on the wrong device, of the wrong type: no crash, no other exception, and what comes is right."""
    pick = random.Random(int(rng.integers(2**32)))
    types = [torch.bfloat16, torch.float16, torch.float32, torch.float64, torch.int8, torch.uint8, torch.int32, torch.bool, torch.float8_e4m3fn]

    def array(rows, cols, dtype):
        x = torch.randint(-100, 100, (rows + 3, cols + 5), device="cuda").to(torch.float32).to(dtype)
        x = pick.choice([lambda x: x[:rows, :cols], lambda x: x[3:, 5:], lambda x: x[:rows, :cols].contiguous(), lambda x: x[:rows, 1 : cols + 1]])(x)
        if pick.random() < 0.05:
            x = x[:, ::2]
        if pick.random() < 0.05:
            x = x.t()
        if pick.random() < 0.04:
            x = x[:0]
        if pick.random() < 0.06:
            x = x.cpu()
        if pick.random() < 0.05 and x.is_floating_point() and x.element_size() > 1:
            x = x.requires_grad_()
        return x

    outcomes = {"right": 0, "refused": 0}
    for _ in range(1000):
        m, n, k = pick.randint(1, 70), pick.randint(1, 70), pick.randint(1, 140)
        dtype = pick.choice(types) if pick.random() < 0.2 else None
        try:
            if pick.random() < 0.5:
                x = array(m, k, dtype or pick.choice(types[:3]))
                q, scales, _ = qgemm.scaled_int8_quant(x)
                expected, expected_scales, _ = qgemm.scaled_int8_quant(x.detach().cpu().contiguous())
                assert torch.equal(q.cpu(), expected) and torch.equal(scales.cpu(), expected_scales)
            else:
                a, w = array(m, k, dtype or torch.int8), array(n, k, dtype or torch.int8)
                scale = torch.full((1,), 0.5, device="cuda")
                d = qgemm.cutlass_scaled_mm(a, w.t(), scale, scale, torch.bfloat16)
                if a.dtype == torch.int8:
                    assert torch.equal(d, (0.25 * exact_product(a, w)).float().bfloat16())
            outcomes["right"] += 1
        except ValueError as error:
            assert len(str(error).splitlines()) == 1 and len(str(error)) > 20
            outcomes["refused"] += 1
    torch.cuda.synchronize()
    assert outcomes["right"] > 300 and outcomes["refused"] > 100, outcomes


FEW = dict(shapes=[(20, 96, 128), (64, 1024, 1024)], device="cuda", max_time=0.02, min_samples=3, max_noise=50, no_limits=True,
           progress=False, cold_factor=0.01)


def test_the_external_torch_beside_ours():
    results = qgemm.bench(**FEW, cache=["hot", "cold"], providers=["bf16", "f32", "int8-*"], external="torch", bias=True)
    rows = [row for row in results.rows if row["engine"] == "torch"]
    assert len(rows) == 4 * (2 + 12)
    for row in rows:
        assert row["outcome"] in ("ok", "noisy"), (row["provider"], row["message"])
        linear = row["provider"] in ("bf16", "f32")
        assert row["kernel"] == ("torch.nn.functional.linear" if linear else "torch._int_mm")
        ours = [r for r in results.rows if r["engine"] != "torch" and all(
            r[key] == row[key] for key in ("provider", "m", "n", "cache"))]
        assert ours and (abs(row["sqnr_db"] - ours[0]["sqnr_db"]) < 1 or row["provider"] == "f32")
    assert torch.__version__ in results.context["device"]["engine_torch"]


def test_the_external_torchao_beside_ours():
    pytest.importorskip("torchao")
    try:
        rows = qgemm.bench(**FEW, providers=["int8-channel-w-token-a"], external="torchao").rows
    except RuntimeError as missing:
        pytest.skip(str(missing))
    theirs = [row for row in rows if row["engine"] == "torchao"]
    assert theirs and all(row["outcome"] in ("ok", "noisy", "unsupported") for row in theirs), [row["message"] for row in theirs]


@pytest.fixture
def own_registry(monkeypatch):
    monkeypatch.setattr(qgemm.external, "_registered", {})


def test_providers_of_ones_own(own_registry):
    def matmul(a, w, product):
        assert product.device == "cuda:0" and a.is_cuda and w.is_cuda
        transposed = w.t().contiguous()
        return lambda: a @ transposed

    def waits(a, w, product):
        return lambda: (a @ w.t()) * float(torch.ones(1, device="cuda").item())

    def wrong(a, w, product):
        return lambda: (a @ w.t()) * 1.1

    def on_the_host(a, w, product):
        d = (a @ w.t()).cpu()
        return lambda: d

    def late(a, w, product):
        raise NotImplementedError("not for this shape")

    for make in (matmul, waits, wrong, on_the_host, late):
        qgemm.register_provider(make.__name__, make, like="bf16", arrays="torch")
    qgemm.register_provider("numpys", matmul, like="f32")
    rows = qgemm.bench(**{**FEW, "shapes": (20, 96, 128)}, providers=["bf16", "f32"], cache="cold",
                       external=["matmul", "waits", "wrong", "on_the_host", "late", "numpys"]).rows
    of = {row["engine"]: row for row in rows}
    assert of["matmul"]["outcome"] in ("ok", "noisy"), of["matmul"]["message"]
    assert of["waits"]["outcome"] == "unsupported" and "CUDA graph" in of["waits"]["message"], of["waits"]["message"]
    assert of["wrong"]["outcome"] == "incorrect"
    assert of["on_the_host"]["outcome"] == "failed" and "host's memory" in of["on_the_host"]["message"]
    assert of["late"]["outcome"] == "unsupported" and "not for this shape" in of["late"]["message"]
    assert of["numpys"]["outcome"] == "unsupported" and "NumPy" in of["numpys"]["message"]
    assert all(row["outcome"] in ("ok", "noisy") for row in rows if row["engine"] in ("cublaslt", "cutlass"))


def test_a_provider_of_cupys_arrays(own_registry):
    cupy = pytest.importorskip("cupy")

    def make(a, w, product):
        assert isinstance(a, cupy.ndarray) and isinstance(w, cupy.ndarray)
        return lambda: a @ w.T

    qgemm.register_provider("cupys", make, like="f32", arrays=cupy.from_dlpack)
    rows = qgemm.bench(**{**FEW, "shapes": (20, 96, 128)}, providers="f32", external="cupys").rows
    row = rows[-1]  # CuPy refuses cuBLAS under a capture, in some versions
    assert row["engine"] == "cupys" and (row["outcome"] in ("ok", "noisy") or "CUDA graph" in row["message"]), row["message"]
