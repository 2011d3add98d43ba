#include "outliers/sampled_sums.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <random>

namespace qgemm {
namespace {

/// Products in registers at a time, and how much of K: the part of W stays in the second cache.
constexpr std::int64_t tokens_at_once = 2, channels_at_once = 8, depth = 256, code_depth = 2048;

/// W transposed to [K][channels], doubles, zeros up to whole blocks: then a sum is one lane, and its order is k's.
struct TransposedWeights {
  std::int64_t width = 0;
  std::vector<double> values;
};

TransposedWeights transposed(const ConstMatrixView& w) {
  TransposedWeights out;
  out.width = (w.rows + channels_at_once - 1) / channels_at_once * channels_at_once;
  out.values.assign(static_cast<std::size_t>(out.width * w.cols), 0.0);
#pragma omp parallel for schedule(static)
  for (std::int64_t k = 0; k < w.cols; ++k) {
    for (std::int64_t n = 0; n < w.rows; ++n) {
      out.values[static_cast<std::size_t>(k * out.width + n)] = static_cast<double>(w.row<float>(n)[k]);
    }
  }
  return out;
}

/// Adds the part [begin, end) of K to the sums of `Tokens` rows and eight channels.
template <std::int64_t Tokens>
void add_products(const std::array<const float*, Tokens>& a, const double* w, std::int64_t width, std::int64_t begin,
                  std::int64_t end, double* sums) {
  std::array<std::array<double, channels_at_once>, Tokens> acc;
  for (std::size_t i = 0; i < Tokens; ++i) {
    for (std::size_t j = 0; j < channels_at_once; ++j)
      acc[i][j] = sums[static_cast<std::int64_t>(i) * width + static_cast<std::int64_t>(j)];
  }
  for (std::int64_t k = begin; k < end; ++k) {
    const double* row = w + k * width;
    for (std::size_t i = 0; i < Tokens; ++i) {
      const auto value = static_cast<double>(a[i][k]);
      for (std::size_t j = 0; j < channels_at_once; ++j) acc[i][j] += value * row[j];
    }
  }
  for (std::size_t i = 0; i < Tokens; ++i) {
    for (std::size_t j = 0; j < channels_at_once; ++j)
      sums[static_cast<std::int64_t>(i) * width + static_cast<std::int64_t>(j)] = acc[i][j];
  }
}

}  // namespace

std::vector<std::int64_t> sample_channels(std::int64_t n, std::int64_t count, std::uint64_t seed) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), std::int64_t{0});
  if (count >= n) return all;
  std::mt19937_64 rng(seed);
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    std::swap(all[i], all[i + static_cast<std::size_t>(rng() % (all.size() - i))]);
  }
  all.resize(static_cast<std::size_t>(count));
  std::sort(all.begin(), all.end());
  return all;
}

WideCodes widen(const ConstMatrixView& s8) {
  WideCodes out{s8.rows, s8.cols, std::vector<std::int16_t>(static_cast<std::size_t>(s8.rows * s8.cols))};
#pragma omp parallel for schedule(static)
  for (std::int64_t r = 0; r < s8.rows; ++r) {
    const auto* from = s8.row<std::int8_t>(r);
    std::int16_t* to = out.values.data() + r * s8.cols;
    for (std::int64_t c = 0; c < s8.cols; ++c) to[c] = from[c];
  }
  return out;
}

std::vector<std::int32_t> code_sums(const WideCodes& a, const WideCodes& w) {
  std::vector<std::int32_t> sums(static_cast<std::size_t>(a.rows * w.rows));
#pragma omp parallel for schedule(static)
  for (std::int64_t m = 0; m < a.rows; ++m) {
    for (std::int64_t begin = 0; begin < a.cols; begin += code_depth) {
      const std::int64_t end = std::min(begin + code_depth, a.cols);
      const std::int16_t* left = a.values.data() + m * a.cols;
      for (std::int64_t n = 0; n < w.rows; ++n) {
        const std::int16_t* right = w.values.data() + n * w.cols;
        std::int32_t sum = 0;
        for (std::int64_t k = begin; k < end; ++k) sum += static_cast<std::int32_t>(left[k]) * right[k];
        sums[static_cast<std::size_t>(m * w.rows + n)] += sum;
      }
    }
  }
  return sums;
}

std::vector<double> float_sums(const ConstMatrixView& a, const ConstMatrixView& w) {
  const TransposedWeights t = transposed(w);
  std::vector<double> wide(static_cast<std::size_t>(a.rows * t.width), 0.0);
  const std::int64_t blocks = (a.rows + tokens_at_once - 1) / tokens_at_once;
#pragma omp parallel for schedule(static)
  for (std::int64_t block = 0; block < blocks; ++block) {
    const std::int64_t m = block * tokens_at_once;
    for (std::int64_t begin = 0; begin < a.cols; begin += depth) {
      const std::int64_t end = std::min(begin + depth, a.cols);
      for (std::int64_t n = 0; n < t.width; n += channels_at_once) {
        double* sums = wide.data() + m * t.width + n;
        if (m + 1 < a.rows) {
          add_products<2>({a.row<float>(m), a.row<float>(m + 1)}, t.values.data() + n, t.width, begin, end, sums);
        } else {
          add_products<1>({a.row<float>(m)}, t.values.data() + n, t.width, begin, end, sums);
        }
      }
    }
  }
  std::vector<double> sums(static_cast<std::size_t>(a.rows * w.rows));
  for (std::int64_t m = 0; m < a.rows; ++m) {
    std::copy_n(wide.data() + m * t.width, w.rows, sums.data() + m * w.rows);
  }
  return sums;
}

}  // namespace qgemm
