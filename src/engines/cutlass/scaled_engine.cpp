#include "engines/cutlass/scaled_engine.hpp"

namespace qgemm::cutlass {

Support ScaledEngine::supports_scaled(const GemmSpec& spec) const {
  const Scheme& scheme = spec.scheme;
  if (!scheme.quantized()) return Support::no("it multiplies int8 and fp8; use cublaslt for " + provider_name(scheme));
  if (!scheme.integer() && device_.capability() / 10 != 9) {
    return Support::no("FP8 here needs a GPU of compute capability 9.0 (Hopper); this one is " +
                       std::to_string(device_.major) + "." + std::to_string(device_.minor));
  }
  if (scheme.output == DType::f32) return Support::no("its results are bf16 or f16: use --output bf16");
  return Support::yes();
}

}  // namespace qgemm::cutlass
