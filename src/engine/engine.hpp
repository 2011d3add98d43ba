#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/case.hpp"
#include "engine/operands.hpp"
#include "engine/support.hpp"

namespace qgemm {

/// A product that is ready to be timed: memory allocated, kernel chosen, weights packed, activations quantized where
/// the scheme does that ahead.
class PreparedGemm {
 public:
  virtual ~PreparedGemm() = default;

  /// The implementation that runs, as its library names it.
  virtual std::string kernel() const = 0;
  /// What is timed: D = the scaled product, from the operands' activations and weight copy `set` (0 ≤ set <
  /// weight_sets). Quantizes first where the scheme does that inside. Throws `InvalidInput` for NaN or infinity in the
  /// activations.
  virtual void launch(int set) = 0;
  /// The parts of `launch`, for the split of its time; only where the scheme quantizes inside.
  virtual void launch_quantize() = 0;
  virtual void launch_product(int set) = 0;

  /// D[M,N] of the last launch, row-major, of the scheme's output type.
  virtual ConstMatrixView output() const = 0;
  /// The int8 activations of the last launch with their scales; null for float schemes.
  virtual const QuantizedActivations* activations() const = 0;
  /// Computes the int32 sums Σₖ qa[m,k]·qw[n,k] into `sums` (M·N, row-major) by the kernel that `launch` uses, or the
  /// nearest the engine has, from the activations of the last launch. False where the engine cannot (float schemes).
  virtual bool accumulate(std::span<std::int32_t> sums) = 0;
  /// Bytes of packed weights over all sets: what has to leave the cache for a cold measurement.
  virtual std::int64_t weight_bytes() const = 0;
  /// True for somebody else's code, which shows neither the codes it multiplies nor its sums, nor runs in parts:
  /// `activations` is null, `accumulate` false, and `launch_quantize` and `launch_product` are no split of `launch`.
  virtual bool opaque() const { return false; }
};

/// An implementation that can run some schemes: what planning a sweep has to know of it. Has no state that a call
/// changes.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::string_view name() const = 0;
  /// One line for `qgemm list engines`: what it is, its library and version.
  virtual std::string description() const = 0;
  virtual Support supports(const GemmSpec& spec) const = 0;
  /// An upper estimate of the bytes `prepare` allocates with this many operand sets (forms of the weights that are
  /// shared with other providers are counted in full).
  virtual std::int64_t memory_bytes(const GemmSpec& spec, int sets) const = 0;
  /// Bytes of one set of what a cold measurement rotates over: the packed weights on a CPU, all operands on a GPU.
  virtual std::int64_t set_bytes(const GemmSpec& spec) const = 0;
};

/// An engine whose operands and results are in the host's memory, and whose calls end when the product is there.
class HostEngine : public Engine {
 public:
  /// Throws `Unavailable` where the library turns out to have no kernel of its own speed for the spec (it says which),
  /// `InvalidInput` for operands that do not fit the spec, `OutOfMemory`.
  virtual std::unique_ptr<PreparedGemm> prepare(const GemmSpec& spec, const Operands& operands) const = 0;
};

}  // namespace qgemm
