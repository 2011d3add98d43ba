// A user of the installed library: a name parsed, a row quantized, and a product from it.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "qgemm/quantize.hpp"
#include "qgemm/runner.hpp"
#include "qgemm/scheme.hpp"
#include "qgemm/version.hpp"

int main() {
  using namespace qgemm;
  const Scheme scheme = parse_provider("int8-channel-w-token-a");
  if (scheme.weight != DType::s8 || provider_name(scheme) != "int8-channel-w-token-a") return 1;

  const std::int64_t m = 2, n = 16, k = 64;
  Matrix a(DType::f32, m, k), w(DType::f32, n, k), q(DType::s8, m, k);
  for (std::int64_t c = 0; c < k; ++c) {
    for (std::int64_t r = 0; r < m; ++r) a.row<float>(r)[c] = static_cast<float>(r + 1) * static_cast<float>(c - k / 2);
    for (std::int64_t r = 0; r < n; ++r) w.row<float>(r)[c] = static_cast<float>(r + c - 20);
  }

  const ActivationScales scales = quantize_per_token(a.view(), q.view());
  if (scales.scales.size() != 2 || q.row<std::int8_t>(0)[0] != -127) return 2;

  Runner runner = make_runner("int8-channel-w-token-a", a.view(), w.view());
  runner();
  double exact = 0;
  for (std::int64_t c = 0; c < k; ++c) exact += static_cast<double>(a.row<float>(1)[c]) * w.row<float>(3)[c];
  const double relative = std::abs(element(runner.output(), 1, 3) - exact) / std::abs(exact);
  std::printf("qgemm %.*s (%.*s): %s, relative error %.4f\n", static_cast<int>(version().size()), version().data(),
              static_cast<int>(git_revision().size()), git_revision().data(), runner.engine().c_str(), relative);
  return relative < 0.05 ? 0 : 3;
}
