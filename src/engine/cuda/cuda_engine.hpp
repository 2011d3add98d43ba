#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>
#include <memory>
#include <string>

#include "core/case.hpp"
#include "engine/cuda/device_operands.hpp"
#include "engine/engine.hpp"

namespace qgemm::cuda {

/// A product on the GPU that is ready to be timed: memory allocated, kernel chosen, weights packed, activations
/// quantized where the scheme does that ahead. What takes a stream enqueues and returns, and may be captured into a
/// graph.
class PreparedGemm {
 public:
  virtual ~PreparedGemm() = default;

  /// The implementation that runs, as its library names it.
  virtual std::string kernel() const = 0;
  /// What a reader of the row should know besides (padding, where the choice came from), or nothing.
  virtual std::string note() const { return {}; }

  /// What is timed: D of operand set `set` (0 ≤ set < sets), quantized first where the scheme does that inside.
  virtual void launch(int set, cudaStream_t stream) {
    launch_quantize(set, stream);
    launch_product(set, stream);
  }
  /// Its parts, one after the other; `launch_quantize` does nothing where the scheme does not quantize inside. A call
  /// may overlap them.
  virtual void launch_quantize(int set, cudaStream_t stream) = 0;
  virtual void launch_product(int set, cudaStream_t stream) = 0;

  /// D[M,N] of that set, row-major, of the scheme's output type.
  virtual DeviceView output(int set) const = 0;
  /// The quantized activations that set's product read; null for float schemes.
  virtual const DeviceActivations* activations(int set) const = 0;
  /// Enqueues the int32 sums Σₖ qa[m,k]·qw[n,k] of set 0 into `sums` (s32 [M,N], dense), by the kernel that `launch`
  /// uses. False where the engine cannot (float schemes).
  virtual bool accumulate(const DeviceView& sums, cudaStream_t stream) = 0;
  /// Bytes of activations, weights and D over all sets: what has to exceed the cache for a cold measurement.
  virtual std::int64_t rotated_bytes() const = 0;
  /// True for somebody else's code: as `qgemm::PreparedGemm::opaque`. Its `output` may lie elsewhere after a `launch`.
  virtual bool opaque() const { return false; }
};

/// An implementation of products on one GPU.
class CudaEngine : public Engine {
 public:
  /// Waits for `stream`. Throws `Unavailable` where the library turns out to have no kernel for the spec,
  /// `OutOfMemory`, `InvalidInput` for operands that do not fit it or hold NaN or infinity.
  virtual std::unique_ptr<PreparedGemm> prepare(const GemmSpec& spec, const DeviceOperands& operands,
                                                cudaStream_t stream) const = 0;
};

}  // namespace qgemm::cuda
