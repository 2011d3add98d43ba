#include "run/random_operands.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>

#include "qgemm/error.hpp"

namespace qgemm {
namespace {

/// splitmix64 (G. Steele, D. Lea, C. Flood 2014): one add and one mix a number, a stream for every seed.
class Stream {
 public:
  explicit Stream(std::uint64_t seed) : state_(mix(seed + 0x9e3779b97f4a7c15U)) {}
  std::uint64_t next() { return mix(state_ += 0x9e3779b97f4a7c15U); }

 private:
  static std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }
  std::uint64_t state_;
};

double upper_tail(double x) { return 0.5 * std::erfc(x / std::sqrt(2.0)); }
double density(double x) { return std::exp(-0.5 * x * x) / std::sqrt(2 * std::acos(-1.0)); }

/// The x > 0 with upper tail `p` < ½, by Newton's method from `x`, which has to lie below the solution (the tail is
/// convex there, so the steps never overshoot).
double solve_tail(double p, double x) {
  for (int i = 0; i < 100; ++i) {
    const double step = (upper_tail(x) - p) / density(x);
    x += step;
    if (std::abs(step) < 1e-12 * (1 + x)) break;
  }
  return x;
}

/// The normal quantiles of the middles of 2¹⁶ equal slices of probability: finer than bf16 can tell apart everywhere
/// but in the two outermost slices, which `normal_sample` resolves with fresh bits.
class NormalTable {
 public:
  NormalTable() {
    double x = 0;
    for (std::size_t i = half; i < size; ++i) {
      const double p = (static_cast<double>(size - i) - 0.5) / static_cast<double>(size);
      x = solve_tail(p, x);
      bits_[i] = to_bfloat16(static_cast<float>(x)).bits;
      bits_[size - 1 - i] = static_cast<std::uint16_t>(bits_[i] | 0x8000U);
    }
  }
  std::uint16_t sample(std::uint16_t slice, Stream& stream) const {
    if (slice != 0 && slice != size - 1) [[likely]]
      return bits_[slice];
    const double fraction = (static_cast<double>(stream.next() >> 11U) + 0.5) * 0x1p-53;
    const double x = solve_tail(fraction / static_cast<double>(size), 4.0);
    const std::uint16_t magnitude = to_bfloat16(static_cast<float>(x)).bits;
    return slice == 0 ? static_cast<std::uint16_t>(magnitude | 0x8000U) : magnitude;
  }

 private:
  static constexpr std::size_t size = std::size_t{1} << 16U, half = size / 2;
  std::array<std::uint16_t, size> bits_{};
};

const NormalTable& normal_table() {
  static const auto table = std::make_unique<NormalTable>();
  return *table;
}

std::uint64_t row_seed(std::uint64_t seed, std::int64_t row) {
  return Stream(seed).next() ^ (static_cast<std::uint64_t>(row) * 0xd1342543de82ef95U);
}

Matrix normal_matrix(std::int64_t rows, std::int64_t cols, std::uint64_t seed) {
  Matrix out(DType::bf16, rows, cols);
  const NormalTable& table = normal_table();
#pragma omp parallel for schedule(static)
  for (std::int64_t r = 0; r < rows; ++r) {
    Stream stream(row_seed(seed, r));
    auto* row = out.row<std::uint16_t>(r);
    std::int64_t c = 0;
    for (; c + 4 <= cols; c += 4) {
      const std::uint64_t bits = stream.next();
      for (unsigned j = 0; j < 4; ++j) row[c + j] = table.sample(static_cast<std::uint16_t>(bits >> (16U * j)), stream);
    }
    for (; c < cols; ++c) row[c] = table.sample(static_cast<std::uint16_t>(stream.next()), stream);
  }
  return out;
}

Matrix zero_matrix(std::int64_t rows, std::int64_t cols) {
  Matrix out(DType::bf16, rows, cols);
  std::memset(out.data(), 0, out.bytes());
  return out;
}

}  // namespace

DataKind parse_data_kind(const std::string& text) {
  if (text == "normal") return DataKind::normal;
  if (text == "outlier") return DataKind::outlier;
  if (text == "zeros") return DataKind::zeros;
  throw InvalidInput("--data is '" + text.substr(0, 64) + "': use normal, outlier or zeros");
}

Matrix random_weights(std::int64_t n, std::int64_t k, DataKind kind, std::uint64_t seed) {
  return kind == DataKind::zeros ? zero_matrix(n, k) : normal_matrix(n, k, seed);
}

Matrix random_activations(std::int64_t m, std::int64_t k, DataKind kind, std::uint64_t seed) {
  if (kind == DataKind::zeros) return zero_matrix(m, k);
  Matrix out = normal_matrix(m, k, seed);
  if (kind == DataKind::outlier) {
    Stream stream(seed ^ 0x6f75746c69657273U);
    const std::int64_t features = std::max<std::int64_t>(1, k / 1000);
    for (std::int64_t i = 0; i < features; ++i) {
      const auto c = static_cast<std::int64_t>(stream.next() % static_cast<std::uint64_t>(k));
      for (std::int64_t r = 0; r < m; ++r) set_element(out.view(), r, c, 20.0F * element(out.view(), r, c));
    }
  }
  return out;
}

std::vector<float> random_bias(std::int64_t n, DataKind kind, DType output, std::uint64_t seed) {
  const Matrix values = random_weights(1, n, kind, seed);
  std::vector<float> bias(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) {
    const float value = element(values.view(), 0, i);
    bias[static_cast<std::size_t>(i)] = output == DType::f16 ? to_float(to_float16(value)) : value;
  }
  return bias;
}

}  // namespace qgemm
