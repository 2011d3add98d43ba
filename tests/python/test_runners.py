import numpy as np
import pytest

import qgemm


def test_the_providers_are_the_references():
    names = [f"int8-{w}-w-{a}-a{q}" for w in ("tensor", "channel") for a in ("tensor", "token") for q in ("", "-noquant")]
    assert list(qgemm.PROVIDER_CFGS) == ["torch-bf16", *names]
    enabled = [name for name, cfg in qgemm.PROVIDER_CFGS.items() if cfg["enabled"]]
    assert enabled == [
        "torch-bf16",
        "int8-tensor-w-tensor-a",
        "int8-tensor-w-tensor-a-noquant",
        "int8-channel-w-token-a",
        "int8-channel-w-token-a-noquant",
    ]


@pytest.mark.parametrize("provider", list(qgemm.PROVIDER_CFGS))
def test_each_runs_and_is_near_the_float_product(rng, provider):
    a, w = rng.standard_normal((16, 256)).astype(np.float32), rng.standard_normal((48, 256)).astype(np.float32)
    run = qgemm.build_int8_runner(qgemm.PROVIDER_CFGS[provider], a, w, 48, np.float32, "cpu")
    got = np.array(run())
    assert got.shape == (16, 48) and got.dtype == np.float32
    exact = a.astype(np.float64) @ w.T
    sqnr = 10 * np.log10((exact**2).sum() / ((got - exact) ** 2).sum())
    assert sqnr > (50 if provider == "torch-bf16" else 30)
    assert run.provider in (provider, "bf16") and run.engine and run.kernel


def test_activations_are_read_again_where_they_are_quantized_inside(rng):
    a, w = rng.standard_normal((4, 64)).astype(np.float32), rng.standard_normal((8, 64)).astype(np.float32)
    inside = qgemm.build_int8_runner("int8-channel-w-token-a", a, w, dtype=np.float32)
    before = np.array(inside())
    a *= 2
    np.testing.assert_allclose(np.array(inside()), 2 * before, rtol=1e-5)


def test_the_runner_keeps_what_it_reads_and_what_it_gives(rng):
    import gc

    a, w = rng.standard_normal((32, 512)).astype(np.float32), rng.standard_normal((64, 512)).astype(np.float32)
    expected = a.astype(np.float64) @ w.T
    run = qgemm.build_int8_runner("int8-channel-w-token-a", a, w, dtype=np.float32)
    del a, w
    gc.collect()
    d = run()
    del run
    gc.collect()
    rubbish = [np.full((32, 64), 7, np.float32) for _ in range(50)]
    assert np.abs(d - expected).max() < 0.05 * np.abs(expected).max()
    assert len(rubbish) == 50


def test_what_does_not_fit_is_refused(rng):
    a, w = rng.standard_normal((4, 64)).astype(np.float32), rng.standard_normal((8, 64)).astype(np.float32)
    with pytest.raises(ValueError, match="N is 9"):
        qgemm.build_int8_runner("int8-channel-w-token-a", a, w, 9)
    with pytest.raises(ValueError, match="int9"):
        qgemm.build_int8_runner("int9-channel", a, w)
    with pytest.raises(ValueError, match="device is cuda:0 and the arrays are on cpu"):
        qgemm.build_int8_runner("int8-channel-w-token-a", a, w, 8, np.float32, "cuda:0")


def test_timers_return_what_is_asked_for():
    calls = []
    fn = lambda: calls.append(1)  # noqa: E731
    assert qgemm.do_bench(fn, warmup=1, rep=2) >= 0 and len(calls) >= 5
    quantiles = qgemm.do_bench_cudagraph(fn, rep=1, quantiles=[0.5, 0.2, 0.8])
    assert len(quantiles) == 3 and quantiles[1] <= quantiles[0] <= quantiles[2]
    assert isinstance(qgemm.do_bench(fn, warmup=0, rep=1, return_mode="all"), list)
    with pytest.raises(ValueError, match="return_mode"):
        qgemm.do_bench(fn, return_mode="best")
    with pytest.raises(ValueError, match="device"):
        qgemm.do_bench(fn, device="tpu")
    import time

    assert qgemm.do_bench(lambda: time.sleep(0.002), warmup=0, rep=10, return_mode="min") >= 2
