"""With PyTorch, where it is installed: what goes in as tensors comes out as tensors, bfloat16 too."""

import pytest

import qgemm

torch = pytest.importorskip("torch")


def test_the_references_examples_run_on_tensors():
    torch.manual_seed(1)
    a, b = torch.randn(16, 256, dtype=torch.bfloat16), torch.randn(64, 256, dtype=torch.bfloat16)
    exact = a.double() @ b.double().t()
    q, scale_a, azp = qgemm.scaled_int8_quant(a)
    assert q.dtype == torch.int8 and scale_a.shape == (16, 1) and azp is None
    wq, scale_b, _ = qgemm.scaled_int8_quant(b)
    d = qgemm.cutlass_scaled_mm(q, wq.t(), scale_a, scale_b.t(), torch.bfloat16)
    assert d.dtype == torch.bfloat16 and (d.double() - exact).norm() < 0.03 * exact.norm()

    q, scale_a, azp = qgemm.scaled_int8_quant(a, symmetric=False)
    colsum = wq.sum(dim=1, dtype=torch.int32).unsqueeze(0)
    d = qgemm.cutlass_scaled_mm_azp(q, wq.t(), scale_a, scale_b.t(), torch.bfloat16, colsum, azp)
    assert (d.double() - exact).norm() < 0.03 * exact.norm()

    for name, cfg in qgemm.PROVIDER_CFGS.items():
        run = qgemm.build_int8_runner(cfg, a, b, torch.bfloat16, "cpu")
        d = run()
        assert d.dtype == torch.bfloat16 and tuple(d.shape) == (16, 64)
        assert (d.double() - exact).norm() < 0.03 * exact.norm(), name



FEW = dict(shapes=[(1, 96, 128), (20, 96, 128)], device="cpu", max_time=0.01, min_samples=3, max_noise=50,
           no_limits=True, progress=False, cache=["hot", "cold"], cold_factor=0.01)


def test_the_external_torch_is_right_in_all_its_providers():
    before = torch.get_num_threads()
    results = qgemm.bench(**FEW, providers=["bf16", "f32", "int8-*"], external="torch", bias=True, threads=1)
    rows = [row for row in results.rows if row["engine"] == "torch"]
    assert len(rows) == 4 * (2 + 12)
    for row in rows:
        assert row["outcome"] in ("ok", "noisy"), (row["provider"], row["message"])
        linear = row["provider"] in ("bf16", "f32")
        assert row["kernel"] == ("torch.nn.functional.linear" if linear else "torch._int_mm")
        ours = [r for r in results.rows if r["engine"] != "torch" and all(
            r[key] == row[key] for key in ("provider", "m", "cache"))]
        assert ours and (abs(row["sqnr_db"] - ours[0]["sqnr_db"]) < 1 or row["provider"] == "f32")
    assert torch.__version__ in results.context["device"]["engine_torch"]
    assert torch.get_num_threads() == before


def test_the_external_torch_has_no_other_type_of_bf16s_product():
    rows = qgemm.bench(**{**FEW, "cache": "hot"}, providers=["bf16", "int8-channel-w-token-a"], external="torch",
                       output="f16").rows
    of = {row["provider"]: row for row in rows if row["engine"] == "torch"}
    assert of["bf16"]["outcome"] == "unsupported" and "float16" in of["bf16"]["message"]
    assert of["int8-channel-w-token-a"]["outcome"] in ("ok", "noisy")


def test_a_bfloat16_provider_of_ones_own():
    def make(a, w, product):
        assert a.dtype == torch.bfloat16 and w.dtype == torch.bfloat16 and torch.get_num_threads() == 1
        transposed = w.t().contiguous()
        return lambda: a @ transposed

    qgemm.register_provider("matmul", make, like="bf16", arrays="torch")
    rows = qgemm.bench(**FEW, providers="bf16", external=["matmul", "torch"], threads=1).rows
    assert [row["engine"] for row in rows[1:3]] == ["matmul", "torch"]
    assert all(row["outcome"] in ("ok", "noisy") for row in rows), [row["message"] for row in rows]


def test_torchs_threads_are_not_on_one_core():
    import os

    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("one logical CPU")
    before = os.sched_getaffinity(0)
    seen = {}

    def make(a, w, product):
        def run():
            d = torch.nn.functional.linear(a, w)
            for task in os.listdir("/proc/self/task"):
                seen[int(task)] = os.sched_getaffinity(int(task))
            return d

        return run

    qgemm.register_provider("looks", make, like="bf16", arrays="torch")
    rows = qgemm.bench(**{**FEW, "cache": "hot", "shapes": [(64, 1024, 1024)]}, providers="bf16", external="looks", threads=2).rows
    assert rows[-1]["outcome"] in ("ok", "noisy"), rows[-1]["message"]
    own = seen[os.getpid()]
    assert len(own) == 1  # the thread that calls
    assert any(not cpus & own or len(cpus) > 1 for cpus in seen.values())
    assert os.sched_getaffinity(0) == before


def test_torchao_where_it_is_installed():
    pytest.importorskip("torchao")
    try:
        rows = qgemm.bench(**FEW, providers=["bf16", "int8-channel-w-token-a"], external="torchao").rows
    except RuntimeError as missing:
        pytest.skip(str(missing))
    theirs = [row for row in rows if row["engine"] == "torchao"]
    assert theirs and all(row["outcome"] in ("ok", "noisy") for row in theirs), [row["message"] for row in theirs]


def test_vllm_on_a_cpu_is_refused_or_right():
    try:
        rows = qgemm.bench(**FEW, providers=["int8-channel-w-token-a"], external="vllm").rows
    except RuntimeError as refused:
        assert "vllm" in str(refused) and "\n" not in str(refused)
    else:
        assert all(row["outcome"] in ("ok", "noisy") for row in rows)
