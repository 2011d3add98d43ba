#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "accuracy/cuda/device_float_proof.hpp"
#include "accuracy/cuda/elements.cuh"
#include "accuracy/cuda/first_index.cuh"
#include "accuracy/cuda/float_proof_product.cuh"
#include "accuracy/cuda/float_proof_sums.cuh"
#include "cuda/cuda_error.hpp"
#include "qgemm/error.hpp"

namespace qgemm::cuda {
namespace {

using namespace float_proof;

static_assert(DeviceFloatProof::block == float_proof::block);

/// Rows of D at a time: their residuals take N/2 bytes each.
constexpr std::int64_t chunk_rows = 4096;

unsigned blocks_for(std::int64_t work, std::int64_t a_block) {
  return static_cast<unsigned>((work + a_block - 1) / a_block);
}

/// γ of the class comment: the standard deviation of an accumulated sum's error, relative to the partial sums' size.
double accumulation_error(DType operand, std::int64_t k) {
  const auto terms = static_cast<double>(k);
  const double float32 = 0x1p-24 * (8 + terms / 8);
  return operand == DType::e4m3 ? 0x1p-14 * std::sqrt(terms) + float32 : float32;
}

void enqueue_fold(const DeviceView& d, std::int64_t first, std::int64_t rows, const Column* columns, double variance,
                  std::int64_t blocks, Folded* out, cudaStream_t stream) {
  with_output_type(d.dtype, "the result", [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* data = static_cast<const T*>(d.data) + first * d.stride;
    const bool wide = d.cols % lane_columns == 0 && d.stride % lane_columns == 0 &&
                      reinterpret_cast<std::uintptr_t>(d.data) % 16 == 0;
    const dim3 grid(blocks_for(d.cols, fold_columns), blocks_for(rows, fold_rows));
    (wide ? fold_results<T, true> : fold_results<T, false>)<<<grid, fold_threads, 0, stream>>>(
        data, d.stride, rows, d.cols, columns, variance, blocks, out);
    check_launch();
  });
}

void enqueue_comparison(const DeviceView& a, std::int64_t rows, const DeviceMatrix& combined, Comparison comparison,
                        float* a_squares, FirstIndex wrong, cudaStream_t stream) {
  comparison.a_squares = a_squares;
  with_float_type(a.dtype, "the activations", [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* data = static_cast<const T*>(a.data) + comparison.first_row * a.stride;
    square_rows<T><<<blocks_for(rows, 8), 256, 0, stream>>>(data, a.stride, rows, a.cols, a_squares);
    check_launch();
    const dim3 grid(blocks_for(combined.rows(), tile), blocks_for(rows, tile));
    compare_products<T><<<grid, product_threads, 0, stream>>>(
        data, a.stride, static_cast<int>(rows), static_cast<const float*>(combined.data()),
        static_cast<int>(combined.rows()), static_cast<int>(a.cols), comparison, wrong);
    check_launch();
  });
}

}  // namespace

DeviceFloatProof::DeviceFloatProof(const DeviceView& w, std::uint64_t seed, cudaStream_t stream)
    : n_(w.rows),
      k_(w.cols),
      blocks_((w.rows + block - 1) / block),
      seed_(seed),
      combined_(DType::f32, blocks_, w.cols),
      w_squares_(static_cast<std::size_t>(blocks_) * sizeof(float)) {
  if (k_ > std::numeric_limits<int>::max() - depth) throw InvalidInput("K is too large: " + std::to_string(k_));
  if (n_ == 0 || k_ == 0) throw InvalidInput("there is nothing to prove about weights without elements");
  check(cudaMemsetAsync(w_squares_.data(), 0, w_squares_.size(), stream));
  with_float_type(w.dtype, "the weights", [&](auto tag) {
    using T = typename decltype(tag)::type;
    const dim3 grid(blocks_for(k_, combine_threads), static_cast<unsigned>(blocks_));
    combine_weights<T><<<grid, combine_threads, 0, stream>>>(static_cast<const T*>(w.data), w.stride, n_, k_, seed_,
                                                             static_cast<float*>(combined_.data()),
                                                             w_squares_.as<float>());
    check_launch();
  });
}

std::optional<DeviceFloatProof::Wrong> DeviceFloatProof::first_wrong(const DeviceView& a, const float* scale_a,
                                                                     bool per_row, const float* scale_w,
                                                                     bool per_channel, const float* bias,
                                                                     const DeviceView& d, cudaStream_t stream) const {
  if (a.cols != k_ || d.cols != n_ || a.rows != d.rows) {
    throw InvalidInput("the result is not that of a product of these activations and weights");
  }
  const std::int64_t chunk = std::min(d.rows, chunk_rows);
  const DeviceBuffer columns(static_cast<std::size_t>(n_) * sizeof(Column));
  const DeviceBuffer folded(static_cast<std::size_t>(chunk * blocks_) * sizeof(Folded));
  const DeviceBuffer a_squares(static_cast<std::size_t>(chunk) * sizeof(float));
  const DeviceBuffer index(sizeof(std::uint64_t));
  const FirstIndex wrong = FirstIndex::cleared(index, stream);
  make_columns<<<blocks_for(n_, 256), 256, 0, stream>>>(n_, seed_, scale_w, per_channel ? 1 : 0, bias,
                                                        columns.as<Column>());
  check_launch();
  const double error = accumulation_error(a.dtype, k_), variance = error * error;
  for (std::int64_t first = 0; first < d.rows; first += chunk) {
    const std::int64_t rows = std::min(chunk, d.rows - first);
    enqueue_fold(d, first, rows, columns.as<Column>(), variance, blocks_, folded.as<Folded>(), stream);
    Comparison comparison;
    comparison.scale_a = scale_a == nullptr || !per_row ? scale_a : scale_a + first;
    comparison.scale_a_step = per_row ? 1 : 0;
    comparison.w_squares = w_squares_.as<float>();
    comparison.accumulation_variance = variance / static_cast<double>(k_);
    comparison.first_row = first;
    comparison.folded = folded.as<Folded>();
    enqueue_comparison(a, rows, combined_, comparison, a_squares.as<float>(), wrong, stream);
    const auto found = wrong.fetch(stream);
    if (!found) continue;
    const std::int64_t m = *found / blocks_, b = *found % blocks_;
    Folded values;
    check(cudaMemcpyAsync(&values, folded.as<Folded>() + (m - first) * blocks_ + b, sizeof(values),
                          cudaMemcpyDeviceToHost, stream));
    check(cudaStreamSynchronize(stream));
    return Wrong{m, b * block, std::min((b + 1) * block, n_) - 1, values.sum, values.variance};
  }
  return std::nullopt;
}

}  // namespace qgemm::cuda
