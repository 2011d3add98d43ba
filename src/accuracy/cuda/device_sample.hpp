#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>
#include <vector>

#include "accuracy/sample.hpp"
#include "cuda/device_buffer.hpp"
#include "qgemm/matrix.hpp"

// Some elements or rows of device matrices on the host, and what they should be by plain loops. All wait for `stream`
// and throw `InvalidInput` for a sample outside the matrices or types that they do not take.
namespace qgemm::cuda {

/// The elements of `d` (any type) at the sample's rows and columns, row by row.
std::vector<double> sampled(const DeviceView& d, const Sample& sample, cudaStream_t stream);

/// The float64 products Σₖ a[m,k]·w[n,k] (+ bias[n], null: none; device memory) at the sample's rows and columns, row
/// by row; `a` [M,K] and `w` [N,K] of any type, also of two.
std::vector<double> sampled_product(const DeviceView& a, const DeviceView& w, const float* bias, const Sample& sample,
                                    cudaStream_t stream);

/// The int64 sums Σₖ a[m,k]·w[n,k] of s8 operands at the sample's rows and columns, row by row.
std::vector<std::int64_t> sampled_sums(const DeviceView& a, const DeviceView& w, const Sample& sample,
                                       cudaStream_t stream);

/// Rows of a matrix: `rows` in that order, the first `cols` columns of each.
Matrix download_rows(const DeviceView& from, const std::vector<std::int64_t>& rows, cudaStream_t stream);

}  // namespace qgemm::cuda
