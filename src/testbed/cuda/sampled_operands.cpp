#include "testbed/cuda/sampled_operands.hpp"

#include <cstdint>
#include <optional>

#include "cuda/cuda_error.hpp"
#include "operands/code_statistics.hpp"
#include "quantize/activations.hpp"
#include "quantize/cuda/device_quantize.hpp"

namespace qgemm::cuda {
namespace {

/// Of the first `rows` × `cols` elements of `from`, whose padding is nobody's data.
Matrix sampled_on_host(const DeviceView& from, std::int64_t rows, std::int64_t cols) {
  const RowSample sample = row_sample(rows, cols);
  Matrix out(from.dtype, sample.rows, cols);
  copy_to_host({from.data, from.dtype, sample.rows, cols, from.stride * sample.step}, out.view());
  return out;
}

}  // namespace

Matrix sampled_weights(const Scheme& scheme, const DeviceWeights& weights) {
  const DeviceView codes = scheme.quantized() ? weights.quantized(scheme.weight, scheme.weight_scale).values.view()
                                              : weights.original().view();
  return sampled_on_host(codes, weights.n(), weights.k());
}

Matrix sampled_activations(const Scheme& scheme, const DeviceView& a, ScaleSource source, cudaStream_t stream) {
  if (!scheme.quantized()) return sampled_on_host(a, a.rows, a.cols);
  std::optional<StaticScale> given;
  if (needs_static_scale(scheme)) given = calibrate(scheme, a, source, stream);
  DeviceActivations quantized = allocate_activations(scheme, a.rows, a.cols, given, stream);
  enqueue_quantize(scheme, a, quantized, stream);
  check_activations(quantized, stream);  // waits
  return sampled_on_host(quantized.values.view(), a.rows, a.cols);
}

}  // namespace qgemm::cuda
