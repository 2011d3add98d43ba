"""Symmetric against asymmetric activations (a zero point a row), by the error that each leaves.

After a ReLU or GELU activations lie on one side of zero. A symmetric scale then wastes half of the 256 values; a zero point does
not, and costs one column sum of the weights, found once.
"""

import sys

import numpy as np

import qgemm

m, n, k = (int(size) for size in (sys.argv[1:] or ("64", "512", "2048")))
rng = np.random.default_rng(0)
w = rng.standard_normal((n, k)).astype(np.float32)
w_q, scale_w, _ = qgemm.scaled_int8_quant(w)  # a scale a row: an output channel
colsum = w_q.sum(axis=1, dtype=np.int32)[None, :]


def sqnr_db(a, d):
    # Against the quantized weights' own product: the error of the activations alone.
    exact = a.astype(np.float64) @ (w_q * scale_w).T.astype(np.float64)
    return 10 * np.log10((exact**2).sum() / ((d - exact) ** 2).sum())


print("activations      symmetric   with zero points (SQNR of the product, the weights taken as exact)")
for name, shape in (("normal", lambda x: x), ("after a ReLU", lambda x: np.maximum(x, 0)), ("shifted by 3", lambda x: x + 3)):
    a = shape(rng.standard_normal((m, k))).astype(np.float32)
    a_q, scale_a, _ = qgemm.scaled_int8_quant(a)
    symmetric = qgemm.cutlass_scaled_mm(a_q, w_q.T, scale_a, scale_w.T, np.float32)
    a_q, scale_a, azp = qgemm.scaled_int8_quant(a, symmetric=False)
    shifted = qgemm.cutlass_scaled_mm_azp(a_q, w_q.T, scale_a, scale_w.T, np.float32, colsum, azp)
    print(f"{name:<14} {sqnr_db(a, symmetric):8.1f} dB   {sqnr_db(a, shifted):8.1f} dB")
