#include "engines/external/cuda/external_cuda_engine.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engines/external/cuda/external_gemm.hpp"
#include "engines/external/external_engine.hpp"
#include "qgemm/error.hpp"

namespace qgemm::cuda {
namespace {

class ExternalCudaEngine final : public CudaEngine {
 public:
  ExternalCudaEngine(std::shared_ptr<const ExternalEngine> external, const Device& device)
      : external_(std::move(external)),
        name_(external_->name()),
        providers_(external_->providers()),
        ordinal_(device.ordinal) {}

  std::string_view name() const override { return name_; }
  std::string description() const override { return external_->description(); }
  Support supports(const GemmSpec& spec) const override { return external_supports(name_, providers_, spec); }
  /// Activations as the call reads them, weights, D.
  std::int64_t set_bytes(const GemmSpec& spec) const override {
    const auto& [m, n, k] = spec.shape;
    const bool ahead = spec.scheme.activation_quant == ActivationQuant::ahead;
    const auto a = static_cast<std::int64_t>(size_of(ahead                                  ? DType::s8
                                                     : spec.scheme.activation == DType::f32 ? DType::f32
                                                                                            : DType::bf16));
    const auto w = static_cast<std::int64_t>(size_of(spec.scheme.weight));
    return m * k * a + n * k * w + m * n * static_cast<std::int64_t>(size_of(spec.scheme.output));
  }
  /// Libraries that run one operation after the other hold int32 sums, float32 values and D at once, and some pack
  /// the weights of each set.
  std::int64_t memory_bytes(const GemmSpec& spec, int sets) const override {
    const auto& [m, n, k] = spec.shape;
    const std::int64_t packed = external_->wants_original_weights(provider_name(spec.scheme)) ? n * k : 0;
    constexpr std::int64_t library = std::int64_t{256} << 20U;  // handles and workspaces
    return (set_bytes(spec) + packed) * sets + 4 * n * k + 12 * m * k + 16 * m * n + library;
  }
  std::unique_ptr<PreparedGemm> prepare(const GemmSpec& spec, const DeviceOperands& operands,
                                        cudaStream_t stream) const override {
    if (const Support support = supports(spec); !support.ok) throw Unavailable(support.reason);
    return prepare_external(*external_, spec, operands, {ordinal_, stream});
  }

 private:
  std::shared_ptr<const ExternalEngine> external_;
  std::string name_;
  std::vector<std::string> providers_;
  int ordinal_;
};

}  // namespace

std::unique_ptr<CudaEngine> make_external(std::shared_ptr<const ExternalEngine> external, const Device& device) {
  check_external_name(external->name());
  return std::make_unique<ExternalCudaEngine>(std::move(external), device);
}

}  // namespace qgemm::cuda
