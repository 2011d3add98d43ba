#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "qgemm/matrix.hpp"
#include "qgemm/scheme.hpp"

namespace qgemm {

/// What `make_runner` may be told besides the provider.
struct RunnerOptions {
  std::string engine = "auto";   ///< A name of `qgemm list engines`, or "auto": the CPU's best that
                                 ///< supports the case. A GPU's, by name, copies operands over and D back.
  DType output = DType::bf16;    ///< bf16, f16 or f32.
  std::vector<float> bias = {};  ///< N values added before the last rounding (rounded to `output` first); empty: none.
};

/// One provider's product, ready to be called and timed: the reference's `build_int8_runner`. Weights are quantized and
/// packed when it is made; a call does what the provider's name says is inside it. Movable; not thread-safe.
class Runner {
 public:
  Runner(Runner&&) noexcept;
  Runner& operator=(Runner&&) noexcept;
  ~Runner();

  /// Runs the product on the activations given to `make_runner` (they are read again at each call, so that their values
  /// may change between calls where the provider quantizes inside). Throws `InvalidInput` for NaN or infinity.
  void operator()();
  /// D[M,N] of the last call; valid until the next.
  ConstMatrixView output() const;
  /// The quantized activations' scales of the last call; empty for float providers.
  std::vector<float> activation_scales() const;
  std::string engine() const;
  std::string kernel() const;

 private:
  struct State;
  explicit Runner(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
  friend Runner make_runner(std::string_view, const ConstMatrixView&, const ConstMatrixView&, const RunnerOptions&);
};

/// `a` [M,K] activations and `w` [N,K] weights, f32, bf16 or f16. `a` must outlive the runner; `w` is copied.
/// Throws `InvalidInput` (unknown provider or engine, shapes or types that do not fit, K past the int32 bound, NaN),
/// `Unavailable` (no engine here runs it, with the reason), `OutOfMemory`.
Runner make_runner(std::string_view provider, const ConstMatrixView& a, const ConstMatrixView& w,
                   const RunnerOptions& options = {});

}  // namespace qgemm
