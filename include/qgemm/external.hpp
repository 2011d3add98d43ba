#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "qgemm/device_arrays.hpp"
#include "qgemm/error.hpp"
#include "qgemm/matrix.hpp"
#include "qgemm/scheme.hpp"
#include "qgemm/shape.hpp"

namespace qgemm {

/// What an external product multiplies: D[M,N] = A[M,K] · W[N,K]ᵀ as a provider's name says, all in the host's memory,
/// made before anything is timed.
struct ExternalOperands {
  std::string provider;
  Scheme scheme;  ///< What that name says, with the sweep's output type.
  Shape shape;
  int threads = 1;  ///< The sweep's: whoever uses more of them is compared with less.

  /// [M,K], dense: int8 where the scheme quantizes ahead, else as the model hands them over (f32 for `f32`, else bf16).
  ConstMatrixView activations;
  /// 1 or M, where the scale is known before the call (quantized ahead, or static); else empty: the call finds it.
  std::vector<float> activation_scales;
  std::vector<std::int32_t> activation_azp;  ///< Zero points that go with them; empty for symmetric schemes.

  /// [N,K] each, dense, equal in values: the copies that cold calls rotate over; one where the weights stay hot.
  /// Whoever packs weights packs each of them. int8 of integer schemes, but where `wants_original_weights`: then all
  /// are the one original matrix.
  std::vector<ConstMatrixView> weights;
  std::vector<float> weight_scales;         ///< 1 or N; empty for float schemes.
  std::vector<std::int32_t> weight_colsum;  ///< N: Σₖ of the int8 weights; empty for float schemes.
  std::vector<float> bias;                  ///< N, each representable in the output type; empty: none.
};

/// An external product that is ready to be timed.
class ExternalRunner {
 public:
  virtual ~ExternalRunner() = default;
  /// What ran, as its library names it.
  virtual std::string kernel() const = 0;
  /// What is timed: the whole product with weight copy `set`, there when the call returns. What it throws makes its row
  /// `failed` with the message.
  virtual void launch(int set) = 0;
  /// D[M,N] of the last launch, dense, of the scheme's output type; valid until the next.
  virtual ConstMatrixView output() const = 0;
};

/// What an external product multiplies on a GPU: as `ExternalOperands`, in the memory of the stream's GPU. All of it is
/// there, and nobody writes to it, as long as the runner lives.
struct DeviceExternalOperands {
  std::string provider;
  Scheme scheme;
  Shape shape;
  DeviceStream stream;  ///< What calls are enqueued on.
  /// One of each an operand set, equal in values, which cold calls rotate over; one where operands stay hot. Dense.
  std::vector<ConstDeviceMatrixView> activations, weights;
  DeviceFloats activation_scales;
  DeviceIntegers activation_azp;
  DeviceFloats weight_scales;
  DeviceIntegers weight_colsum;
  DeviceFloats bias;
};

/// An external product on a GPU that is ready to be timed.
class DeviceExternalRunner {
 public:
  virtual ~DeviceExternalRunner() = default;
  virtual std::string kernel() const = 0;
  /// What is timed: enqueues the whole product of operand set `set` on the operands' stream and returns. Called under a
  /// capture into a CUDA graph, too, whose replays write where its last call of each set wrote.
  virtual void launch(int set) = 0;
  /// D[M,N] of the last launch of that set, dense, of the scheme's output type; valid until its next.
  virtual ConstDeviceMatrixView output(int set) const = 0;
};

/// Somebody else's products, measured by a sweep beside its own engines: the same operands, the same timer,
/// interleaved, each result checked. Its rows have the providers' names and its own as their engine.
class ExternalEngine {
 public:
  virtual ~ExternalEngine() = default;
  /// What rows and `SweepOptions::external` call it: letters, digits, `-`, `_`, `.`, at most 64; none of the names of
  /// this program's own engines.
  virtual std::string name() const = 0;
  /// One line for the run's context: what it is, its library and version.
  virtual std::string description() const = 0;
  /// The providers that it has rows for (see `all_providers`).
  virtual std::vector<std::string> providers() const = 0;
  /// True where it quantizes the weights of this provider itself: it gets the original ones then.
  virtual bool wants_original_weights(const std::string& /*provider*/) const { return false; }
  /// Throws `Unavailable` where it has no product for these operands (the row is `unsupported`), anything else where
  /// that fails. Whoever keeps a view longer than the runner lives keeps `operands`.
  virtual std::unique_ptr<ExternalRunner> prepare(std::shared_ptr<const ExternalOperands> operands) const = 0;
  /// The same on a GPU.
  virtual std::unique_ptr<DeviceExternalRunner> prepare_on_device(
      std::shared_ptr<const DeviceExternalOperands> /*operands*/) const {
    throw Unavailable("the external " + name() + " has no products on a GPU");
  }
};

}  // namespace qgemm
