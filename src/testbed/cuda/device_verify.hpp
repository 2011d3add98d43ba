#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "accuracy/cuda/device_checks.hpp"
#include "accuracy/sample.hpp"
#include "accuracy/verdict.hpp"
#include "core/case.hpp"
#include "engine/cuda/cuda_engine.hpp"

namespace qgemm::cuda {

/// The random vectors times one layer's weights, kept for all its products: each costs a pass over the weights.
class DeviceProofs {
 public:
  explicit DeviceProofs(std::uint64_t seed) : seed_(seed) {}
  const DeviceFreivalds& integer(const DeviceQuantizedWeights& weights, cudaStream_t stream);
  /// `form`: the values that are multiplied.
  const DeviceFloatProof& of_floats(const DeviceView& form, cudaStream_t stream);

 private:
  std::uint64_t seed_;
  std::map<const void*, DeviceFreivalds> integer_;
  std::map<std::pair<const void*, DType>, DeviceFloatProof> float_;
};

/// Checks what `gemm` computed last on operand set 0:
/// - quantized schemes: the quantized activations of sampled rows and weights of sampled columns against the plain
///   reference, bit for bit;
/// - int8: the sampled integer sums against plain ones, all sums by Freivalds' check, every element of D against its
/// sum;
/// - float and FP8: sampled elements against the float64 product of what was multiplied, all of D by the float proof;
/// - all: the error metrics over the sample against `truth`, the unquantized product in float64.
Verdict verify(PreparedGemm& gemm, const GemmSpec& spec, const DeviceOperands& operands, const Sample& sample,
               const std::vector<double>& truth, DeviceProofs& proofs, cudaStream_t stream);

}  // namespace qgemm::cuda
