"""What quantizing the activations costs by itself, against the whole product.

The reference's question "how much of a dynamic provider's time is quantization?", asked by hand: time `scaled_int8_quant`, the
product on operands that are quantized already, and the call that does both.
"""

import sys

import numpy as np

import qgemm

m, n, k = (int(size) for size in (sys.argv[1:] or ("64", "4096", "4096")))
rng = np.random.default_rng(0)
a = rng.standard_normal((m, k)).astype(np.float16)
b = rng.standard_normal((n, k)).astype(np.float16)


def microseconds(fn):
    return 1e3 * qgemm.do_bench(fn, quantiles=[0.5])


whole = qgemm.build_int8_runner(qgemm.PROVIDER_CFGS["int8-channel-w-token-a"], a, b, n, np.float16)
ahead = qgemm.build_int8_runner(qgemm.PROVIDER_CFGS["int8-channel-w-token-a-noquant"], a, b, n, np.float16)
quantize_us = microseconds(lambda: qgemm.scaled_int8_quant(a))
ahead_us, whole_us = microseconds(ahead), microseconds(whole)
print(f"{m} x {n} x {k} on {whole.engine}")
print(f"scaled_int8_quant alone, its arrays allocated anew  {quantize_us:9.1f} us")
print(f"product, quantized before the call                  {ahead_us:9.1f} us")
print(f"product with the quantization inside                {whole_us:9.1f} us, {100 * (whole_us / ahead_us - 1):+.1f} %")
