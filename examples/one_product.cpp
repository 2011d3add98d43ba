// One W8A8 product by hand: quantize activations per token and weights per channel, multiply, compare with floats.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <random>

#include "qgemm/qgemm.hpp"

int main() {
  using namespace qgemm;
  const std::int64_t m = 16, n = 256, k = 512;
  Matrix a(DType::bf16, m, k), w(DType::bf16, n, k);
  std::mt19937 rng(1);
  std::normal_distribution<float> normal;
  for (Matrix* x : {&a, &w}) {
    for (std::int64_t r = 0; r < x->rows(); ++r) {
      for (std::int64_t c = 0; c < k; ++c) set_element(x->view(), r, c, normal(rng));
    }
  }

  // Row r of a quantized matrix is worth values(r) · scales[r]. A weight's rows are its output channels.
  Matrix a_q(DType::s8, m, k), w_q(DType::s8, n, k), d(DType::bf16, m, n);
  const ActivationScales a_scales = quantize_per_token(a.view(), a_q.view());
  const ActivationScales w_scales = quantize_per_token(w.view(), w_q.view());
  scaled_mm(a_q.view(), w_q.view(), a_scales.scales, w_scales.scales, d.view());

  double error = 0, signal = 0;
  for (std::int64_t r = 0; r < m; ++r) {
    for (std::int64_t c = 0; c < n; ++c) {
      double exact = 0;
      for (std::int64_t i = 0; i < k; ++i) {
        exact += static_cast<double>(element(a.view(), r, i)) * static_cast<double>(element(w.view(), c, i));
      }
      error += std::pow(static_cast<double>(element(d.view(), r, c)) - exact, 2);
      signal += exact * exact;
    }
  }
  std::printf("D[0,0] = %.3f, SQNR of the product: %.1f dB\n", static_cast<double>(element(d.view(), 0, 0)),
              10 * std::log10(signal / error));
  return error < signal / 1000 ? 0 : 1;  // 30 dB: INT8 of normal data is near 38
}
