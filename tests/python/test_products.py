"""Quantization and products against the formulas, computed by NumPy in float64 and int64."""

import numpy as np
import pytest

import qgemm


def quantized_rows(x):
    scales = (np.abs(x).max(axis=1, keepdims=True) / np.float32(127)).astype(np.float32)
    safe = np.where(scales > 0, scales, 1).astype(np.float32)
    return np.clip(np.rint((x / safe).astype(np.float32)), -128, 127).astype(np.int8), scales


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("shape", [(1, 1), (3, 17), (64, 256), (2, 5, 33)])
def test_per_token_is_the_formula(rng, dtype, shape):
    x = rng.standard_normal(shape).astype(dtype)
    q, scales, azp = qgemm.scaled_int8_quant(x)
    rows = x.reshape(-1, shape[-1]).astype(np.float32)
    expected, expected_scales = quantized_rows(rows)
    assert q.shape == x.shape and q.dtype == np.int8 and azp is None
    assert scales.shape == (rows.shape[0], 1) and scales.dtype == np.float32
    np.testing.assert_array_equal(scales, expected_scales)
    # A quotient that float32 rounds across a half may differ by one.
    assert np.abs(q.reshape(rows.shape).astype(int) - expected.astype(int)).max() <= 1
    assert (q.reshape(rows.shape) == expected).mean() > 0.99


def test_zero_points_bring_back_the_rows(rng):
    x = (rng.standard_normal((16, 128)) * 2 + 5).astype(np.float32)
    q, scales, azp = qgemm.scaled_int8_quant(x, symmetric=False)
    assert azp.dtype == np.int32 and azp.shape == scales.shape == (16, 1)
    np.testing.assert_allclose(scales[:, 0], (x.max(1) - x.min(1)) / 255, rtol=1e-6)
    assert np.abs((q.astype(np.float32) - azp) * scales - x).max() <= scales.max()


def test_a_given_scale_is_used(rng):
    x = rng.standard_normal((4, 32)).astype(np.float32)
    scale = np.asarray([0.05], dtype=np.float32)
    q, same, azp = qgemm.scaled_int8_quant(x, scale)
    assert same is scale and azp is None
    np.testing.assert_array_equal(q, np.clip(np.rint(x / scale), -128, 127).astype(np.int8))
    q, _, _ = qgemm.scaled_int8_quant(x, scale, np.asarray([7], dtype=np.int32), symmetric=False)
    np.testing.assert_array_equal(q, np.clip(np.rint(x / scale) + 7, -128, 127).astype(np.int8))


def operands(rng, m, n, k):
    a = rng.integers(-128, 128, (m, k), dtype=np.int8)
    w = rng.integers(-127, 128, (n, k), dtype=np.int8)
    return a, w, rng.uniform(0.001, 0.01, (m, 1)).astype(np.float32), rng.uniform(0.001, 0.01, (1, n)).astype(np.float32)


@pytest.mark.parametrize("m,n,k", [(1, 1, 1), (5, 7, 3), (17, 33, 129), (64, 128, 512)])
@pytest.mark.parametrize("per_row,per_channel", [(False, False), (True, True), (True, False), (False, True)])
def test_the_product_is_exact_before_its_one_rounding(rng, m, n, k, per_row, per_channel):
    a, w, scale_a, scale_w = operands(rng, m, n, k)
    scale_a, scale_w = (scale_a if per_row else scale_a[:1]), (scale_w if per_channel else scale_w[:, :1])
    bias = rng.standard_normal(n).astype(np.float32)
    sums = a.astype(np.int64) @ w.T.astype(np.int64)
    expected = scale_a.astype(np.float64) * (scale_w * sums)
    np.testing.assert_allclose(qgemm.cutlass_scaled_mm(a, w.T, scale_a, scale_w, np.float32), expected, rtol=3e-7)
    np.testing.assert_allclose(
        qgemm.cutlass_scaled_mm(a, w.T, scale_a, scale_w, "float32", bias), expected + bias, rtol=1e-5, atol=1e-5
    )
    half = qgemm.cutlass_scaled_mm(a, w.T, scale_a, scale_w, np.float16)
    assert half.dtype == np.float16
    np.testing.assert_allclose(half, expected, rtol=1e-3, atol=1e-6)


def test_zero_points_of_rows_and_folded(rng):
    a, w, scale_a, scale_w = operands(rng, 9, 20, 64)
    azp = rng.integers(-128, 128, (9, 1), dtype=np.int32)
    colsum = w.sum(axis=1, dtype=np.int32)[None, :]
    sums = a.astype(np.int64) @ w.T.astype(np.int64)
    got = qgemm.cutlass_scaled_mm_azp(a, w.T, scale_a, scale_w, np.float32, colsum, azp)
    np.testing.assert_allclose(got, scale_a.astype(np.float64) * (scale_w * (sums - azp * colsum)), rtol=3e-7)
    with pytest.raises(ValueError, match="column sums"):
        qgemm.cutlass_scaled_mm_azp(a, w.T, scale_a, scale_w, np.float32, colsum + 1, azp)
    for adjustment in (colsum * np.int32(-3), colsum * 0, rng.integers(-1000, 1000, (1, 20), dtype=np.int32)):
        got = qgemm.cutlass_scaled_mm_azp(a, w.T, scale_a[:1], scale_w, np.float32, adjustment)
        expected = scale_a[:1].astype(np.float64) * (scale_w * (sums - adjustment))
        np.testing.assert_allclose(got, expected, rtol=3e-7)


def test_quantizing_and_multiplying_is_near_the_float_product(rng):
    x, w = rng.standard_normal((32, 512)).astype(np.float32), rng.standard_normal((48, 512)).astype(np.float32)
    q, scale_a, _ = qgemm.scaled_int8_quant(x)
    wq, scale_w, _ = qgemm.scaled_int8_quant(w)
    got = qgemm.cutlass_scaled_mm(q, wq.T, scale_a, scale_w, np.float32)
    exact = x.astype(np.float64) @ w.T
    assert 10 * np.log10((exact**2).sum() / ((got - exact) ** 2).sum()) > 34


@pytest.mark.parametrize(
    "call,words",
    [
        (lambda: qgemm.scaled_int8_quant(np.full((2, 3), np.nan, np.float32)), "row 0"),
        (lambda: qgemm.scaled_int8_quant(np.ones((2, 3), np.float64)), "input"),
        (lambda: qgemm.scaled_int8_quant(np.ones((4, 4), np.float32)[:, ::2]), "contiguous"),
        (lambda: qgemm.scaled_int8_quant(np.ones((2, 3), np.float32), 0.1, 3), "symmetric=False"),
        (lambda: qgemm.scaled_int8_quant(np.ones((2, 3), np.float32), np.ones(2, np.float32)), "2 values"),
        (lambda: mm(np.ones((2, 3), np.int8), np.ones((4, 3), np.int8)), "K, N"),
        (lambda: mm(np.ones((2, 3), np.int8), np.ones((3, 4), np.int8)), "w.t()"),
        (lambda: mm(np.ones((2, 3), np.float32), np.ones((4, 3), np.int8).T), "a is f32"),
        (lambda: mm(np.ones((2, 3), np.int8), np.ones((4, 3), np.int8).T, np.int8), "out_dtype"),
        (lambda: mm(np.ones((2, 3), np.int8), np.ones((4, 3), np.int8).T, "bfloat16"), "NumPy has no bfloat16"),
        (lambda: mm(np.ones((2, 3), np.int8), np.ones((4, 3), np.int8).T, scale=np.ones(3, np.float32)), "scale_a"),
        (lambda: mm(np.ones((2, 3), np.int8), np.ones((4, 3), np.int8).T, scale=np.ones(1)), "float32"),
    ],
)
def test_what_does_not_fit_is_one_clear_sentence(call, words):
    with pytest.raises(ValueError, match=words.replace("(", r"\(").replace(")", r"\)")):
        call()


def mm(a, b, out=np.float32, scale=1.0):
    return qgemm.cutlass_scaled_mm(a, b, scale, 1.0, out)


def e4m3_values():
    """What each byte stands for."""
    code = np.arange(256)
    sign, exponent, fraction = np.where(code < 128, 1.0, -1.0), code // 8 % 16, code % 8
    values = sign * np.where(exponent == 0, fraction * 2.0**-9, (8 + fraction) * 2.0 ** (exponent - 10.0))
    return np.where(code % 128 == 127, np.nan, values)


@pytest.mark.parametrize("per_token", [False, True])
def test_fp8_codes_are_the_nearest(rng, per_token):
    x = (rng.standard_normal((13, 70)) * 3).astype(np.float32)
    q, scale = qgemm.scaled_fp8_quant(x, use_per_token_if_dynamic=per_token)
    assert q.dtype == np.uint8 and q.shape == x.shape and scale.shape == ((13, 1) if per_token else (1,))
    np.testing.assert_allclose(scale.reshape(-1), np.abs(x).max(axis=1 if per_token else None).reshape(-1) / 448, rtol=1e-6)
    values = e4m3_values()
    finite = np.sort(values[np.isfinite(values)])
    quotients = (x / scale).astype(np.float64)
    nearest = np.abs(quotients[:, :, None] - finite).min(axis=2)
    np.testing.assert_allclose(np.abs(values[q] - quotients), nearest, rtol=1e-6, atol=1e-9)


def test_fp8_with_what_is_given(rng):
    x = rng.standard_normal((5, 16)).astype(np.float32)
    q, scale = qgemm.scaled_fp8_quant(x, scale=0.5, num_token_padding=8)
    assert q.shape == (8, 16) and scale == 0.5 and not q[5:].any()
    np.testing.assert_allclose(e4m3_values()[q[:5]] * 0.5, x, rtol=0.07, atol=0.001)
    place = np.full((5, 16), 99, np.uint8)
    same, _ = qgemm.scaled_fp8_quant(x, scale=0.5, output=place)
    assert same is place and (place == q[:5]).all()
    with pytest.raises(ValueError, match="row 2"):
        x[2, 3] = np.inf
        qgemm.scaled_fp8_quant(x)
    with pytest.raises(ValueError, match="scale_ub"):
        qgemm.scaled_fp8_quant(x, scale_ub=1.0)


def test_fp8_products_say_where_they_run():
    q, scale = qgemm.scaled_fp8_quant(np.ones((2, 16), np.float32))
    with pytest.raises(RuntimeError, match="GPU"):
        qgemm.cutlass_scaled_mm(q, q.T, scale, scale, np.float32)
    if not qgemm._core.gpus()[0]:
        with pytest.raises(RuntimeError, match="fp8-channel-w-token-a"):
            x = np.ones((2, 16), np.float32)
            qgemm.build_fp8_runner(qgemm.FP8_PROVIDER_CFGS["fp8-channel-w-token-a"], x, x, dtype=np.float32)


def test_a_build_or_machine_without_a_gpu_says_so():
    names, reason = qgemm._core.gpus()
    if names:
        pytest.skip("there is a GPU")
    assert len(reason) > 10

    class OnGpu:
        shape, dtype = (2, 3), np.dtype(np.float32)

        def __dlpack_device__(self):
            return (2, 0)

        def __dlpack__(self, stream=None, **_):
            return np.ones((2, 3), np.float32).__dlpack__()

    with pytest.raises((RuntimeError, ValueError)):
        qgemm.scaled_int8_quant(OnGpu())


def test_other_threads_run_meanwhile(rng):
    import threading
    import time

    x = rng.standard_normal((4096, 4096)).astype(np.float32)
    ticks, stop = [], threading.Event()

    def tick():
        while not stop.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.0005)

    def ran_amid_a_call():
        start = time.perf_counter()
        qgemm.scaled_int8_quant(x)
        third = (time.perf_counter() - start) / 3
        # Around the call itself, which is nearly all of this, no other thread would run if it kept the lock.
        return any(start + third < t < start + 2 * third for t in ticks)

    thread = threading.Thread(target=tick)
    thread.start()
    try:
        assert any([ran_amid_a_call() for _ in range(20)])
    finally:
        stop.set()
        thread.join()
