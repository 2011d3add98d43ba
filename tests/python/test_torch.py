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

