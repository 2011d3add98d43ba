#pragma once
#include <cstdint>
#include <string_view>

#include "core/case.hpp"
#include "qgemm/runner.hpp"

namespace qgemm {

struct MatrixSize {
  std::int64_t rows = 0, cols = 0;
};

/// What a runner of activations `a` [M,K] and weights `w` [N,K] multiplies, wherever they lie: the provider's scheme
/// with the output type and bias of `options`. Throws `InvalidInput` where the two K differ, for an output that is not
/// bf16, f16 or f32, for an unknown provider, and for K past `max_k` of its scheme.
GemmSpec runner_spec(std::string_view provider, const MatrixSize& a, const MatrixSize& w, const RunnerOptions& options);

}  // namespace qgemm
