// The reference's programmatic use: build a runner for a provider, then time it yourself.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <random>
#include <vector>

#include "qgemm/qgemm.hpp"

namespace {

qgemm::Matrix random_bf16(std::int64_t rows, std::int64_t cols, unsigned seed) {
  qgemm::Matrix x(qgemm::DType::bf16, rows, cols);
  std::mt19937 rng(seed);
  std::normal_distribution<float> normal;
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < cols; ++c) qgemm::set_element(x.view(), r, c, normal(rng));
  }
  return x;
}

/// Median microseconds of a call.
template <class Call>
double time_it(Call&& call) {
  std::vector<double> samples;
  call();  // warm-up
  for (int i = 0; i < 21; ++i) {
    const auto start = std::chrono::steady_clock::now();
    call();
    samples.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
  }
  std::nth_element(samples.begin(), samples.begin() + 10, samples.end());
  return samples[10];
}

}  // namespace

int main() {
  using namespace qgemm;
  const std::int64_t m = 64, n = 1024, k = 1024;
  const Matrix a = random_bf16(m, k, 1), w = random_bf16(n, k, 2);
  double bf16_us = 0;
  for (const char* provider :
       {"torch-bf16", "int8-tensor-w-tensor-a", "int8-channel-w-token-a", "int8-channel-w-token-a-noquant"}) {
    try {
      Runner run = make_runner(provider, a.view(), w.view());
      const double us = time_it(run);
      if (bf16_us == 0) bf16_us = us;
      std::printf("%-32s %9.1f us %8.4f TFLOP/s  %5.2fx bf16  (%s, %s)\n", provider, us,
                  2.0 * static_cast<double>(m * n * k) / us * 1e-6, bf16_us / us, run.engine().c_str(),
                  run.kernel().c_str());
    } catch (const Unavailable& reason) {
      std::printf("%-32s %s\n", provider, reason.what());
    }
  }

  // The quantization alone.
  Matrix a_q(DType::s8, m, k);
  std::printf("%-32s %9.1f us\n", "quantize_per_token", time_it([&] { quantize_per_token(a.view(), a_q.view()); }));
  std::printf("%-32s %9.1f us\n", "quantize_per_token, asymmetric",
              time_it([&] { quantize_per_token(a.view(), a_q.view(), false); }));
  return 0;
}
