#include "accuracy/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace qgemm {
namespace {

std::vector<double> row_as_double(const ConstMatrixView& x, std::int64_t r) {
  std::vector<double> row(static_cast<std::size_t>(x.cols));
  for (std::int64_t c = 0; c < x.cols; ++c) row[static_cast<std::size_t>(c)] = static_cast<double>(element(x, r, c));
  return row;
}

}  // namespace

ErrorMetrics compare(std::span<const double> truth, std::span<const double> result) {
  double signal = 0, noise = 0, largest = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const double error = result[i] - truth[i];
    signal += truth[i] * truth[i];
    noise += error * error;
    // A NaN must not pass as a small error.
    largest = std::isnan(error) ? std::numeric_limits<double>::infinity() : std::max(largest, std::abs(error));
  }
  if (std::isnan(noise)) noise = std::numeric_limits<double>::infinity();
  if (noise == 0) return {std::numeric_limits<double>::infinity(), 0, 0};
  return {10 * std::log10(signal / noise), std::sqrt(noise / signal), largest};
}

std::vector<double> float_truth(const ConstMatrixView& a, const ConstMatrixView& w, std::span<const float> bias,
                                const Sample& sample) {
  std::vector<std::vector<double>> a_rows;
  for (const auto m : sample.rows) a_rows.push_back(row_as_double(a, m));
  std::vector<double> truth(sample.size());
  const auto cols = static_cast<std::int64_t>(sample.cols.size());
#pragma omp parallel for schedule(static)
  for (std::int64_t j = 0; j < cols; ++j) {
    const std::int64_t n = sample.cols[static_cast<std::size_t>(j)];
    const std::vector<double> w_row = row_as_double(w, n);
    for (std::size_t i = 0; i < a_rows.size(); ++i) {
      double sum = 0;
      for (std::size_t k = 0; k < w_row.size(); ++k) sum += a_rows[i][k] * w_row[k];
      if (!bias.empty()) sum += static_cast<double>(bias[static_cast<std::size_t>(n)]);
      truth[i * sample.cols.size() + static_cast<std::size_t>(j)] = sum;
    }
  }
  return truth;
}

std::vector<double> sampled(const ConstMatrixView& d, const Sample& sample) {
  std::vector<double> values;
  values.reserve(sample.size());
  for (const auto m : sample.rows) {
    for (const auto n : sample.cols) values.push_back(static_cast<double>(element(d, m, n)));
  }
  return values;
}

}  // namespace qgemm
