#include "engines/runner_spec.hpp"

#include <string>

#include "qgemm/error.hpp"

namespace qgemm {
namespace {

void check_sums_fit(const GemmSpec& spec) {
  const std::int64_t bound = max_k(spec.scheme);
  if (spec.shape.k <= bound) return;
  throw InvalidInput("K=" + std::to_string(spec.shape.k) + " is past " + std::to_string(bound) +
                     ", the largest whose int32 sums cannot overflow for " + provider_name(spec.scheme) + ": split K");
}

}  // namespace

GemmSpec runner_spec(std::string_view provider, const MatrixSize& a, const MatrixSize& w,
                     const RunnerOptions& options) {
  if (a.cols != w.cols) {
    throw InvalidInput("activations with K=" + std::to_string(a.cols) +
                       " do not fit weights with K=" + std::to_string(w.cols) + ": A is [M,K] and W is [N,K]");
  }
  if (options.output != DType::f32 && options.output != DType::bf16 && options.output != DType::f16) {
    throw InvalidInput("a product cannot be " + std::string(name(options.output)) + ": use bf16, f16 or f32");
  }
  GemmSpec spec{{a.rows, w.rows, a.cols}, parse_provider(provider), !options.bias.empty()};
  spec.scheme.output = options.output;
  check_sums_fit(spec);
  return spec;
}

}  // namespace qgemm
