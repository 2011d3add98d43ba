#include "operands/random_operands.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "operands/normal_table.hpp"
#include "operands/outlier_model.hpp"
#include "operands/random_bits.hpp"
#include "qgemm/error.hpp"

namespace qgemm {
namespace {

Matrix normal_matrix(std::int64_t rows, std::int64_t cols, std::uint64_t seed) {
  Matrix out(DType::bf16, rows, cols);
  const NormalTable& table = NormalTable::get();
#pragma omp parallel for schedule(static)
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::uint64_t state = random_bits::row_state(seed, r);
    auto* row = out.row<std::uint16_t>(r);
    for (std::int64_t c = 0; c < cols; c += random_bits::group) {
      std::uint64_t slices = random_bits::slices(state, c / random_bits::group);
      for (std::int64_t i = c; i < std::min(c + random_bits::group, cols); ++i, slices >>= 16U) {
        row[i] = table.sample(slices & 0xffffU, state, i);
      }
    }
  }
  return out;
}

Matrix zero_matrix(std::int64_t rows, std::int64_t cols) {
  Matrix out(DType::bf16, rows, cols);
  std::memset(out.data(), 0, out.bytes());
  return out;
}

void add_outliers(const MatrixView& a, std::uint64_t seed) {
  const auto features = outlier_features(a.cols, seed);
  const float massive = massive_value(a.cols, seed);
  for (std::int64_t r = 0; r < a.rows; ++r) {
    if (outlier_model::massive(r)) {
      for (std::int64_t c = 0; c < a.cols; ++c) set_element(a, r, c, outlier_model::rest * element(a, r, c));
      set_element(a, r, features.front(), massive);
      continue;
    }
    for (const std::int64_t c : features) {
      if (!outlier_model::present(seed, r, c)) continue;
      set_element(a, r, c, outlier_model::value(outlier_model::sign(seed, c), element(a, r, c)));
    }
  }
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

std::vector<std::int64_t> outlier_features(std::int64_t k, std::uint64_t seed) {
  const auto count = static_cast<std::size_t>(std::max<std::int64_t>(1, k / 1000));
  const std::uint64_t state = random_bits::row_state(seed ^ outlier_model::tag, 0);
  std::vector<std::int64_t> features;
  for (std::int64_t j = 0; features.size() < count; ++j) {
    const auto c = static_cast<std::int64_t>(random_bits::slices(state, j) % static_cast<std::uint64_t>(k));
    if (std::find(features.begin(), features.end(), c) == features.end()) features.push_back(c);
  }
  return features;
}

float massive_value(std::int64_t k, std::uint64_t seed) {
  const float length = std::sqrt(static_cast<float>(k));
  return outlier_model::sign(seed, outlier_features(k, seed).front()) * to_float(to_bfloat16(length));
}

Matrix random_activations(std::int64_t m, std::int64_t k, DataKind kind, std::uint64_t seed) {
  if (kind == DataKind::zeros) return zero_matrix(m, k);
  Matrix out = normal_matrix(m, k, seed);
  if (kind == DataKind::outlier && k > 0) add_outliers(out.view(), seed);
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
