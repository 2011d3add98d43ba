#include "engines/cublaslt/cublaslt_engine.hpp"

#include <string>

#include "engines/cublaslt/float_product.hpp"
#include "engines/cublaslt/fp8_product.hpp"
#include "qgemm/error.hpp"

namespace qgemm::cublaslt {
namespace {

Support supports_float(const GemmSpec& spec) {
  const Scheme& scheme = spec.scheme;
  if (scheme.output == DType::f32 || scheme.output == scheme.activation) return Support::yes();
  return Support::no("cuBLASLt gives products of " + std::string(name(scheme.activation)) + " as " +
                     std::string(name(scheme.activation)) + (scheme.activation == DType::f32 ? "" : " or f32") +
                     ", not as " + std::string(name(scheme.output)));
}

Support supports_fp8(const GemmSpec& spec, const cuda::Device& device) {
  const Scheme& scheme = spec.scheme;
  if (device.capability() < 89) {
    return Support::no("e4m3 products need a GPU of compute capability 8.9 (Ada) or later; this one has " +
                       std::to_string(device.major) + "." + std::to_string(device.minor));
  }
  if (scheme.weight_scale != ScaleGranularity::per_tensor || scheme.activation_scale != ScaleGranularity::per_tensor) {
    return Support::no(
        "cuBLASLt's e4m3 products take one scale for each operand: use the cutlass engine for scales a "
        "channel or a token");
  }
  if (scheme.output == DType::f32 && spec.bias) {
    return Support::no("cuBLASLt's e4m3 products with f32 results take no f32 bias");
  }
  return Support::yes();
}

class CublasLtEngine final : public cuda::CudaEngine {
 public:
  CublasLtEngine(cuda::Device device, Choice choice) : device_(std::move(device)), choice_(choice) {}

  std::string_view name() const override { return choice_ == Choice::first ? "cublaslt" : "cublaslt-best"; }

  std::string description() const override {
    const LibrarySearch& search = find_library();
    if (search.library == nullptr) return search.reason;
    return "cuBLASLt " + search.library->version + ": bf16, f32 and fp8 with scales for whole matrices" +
           (choice_ == Choice::best ? "; the best of 8 algorithms" : "");
  }

  Support supports(const GemmSpec& spec) const override {
    if (spec.scheme.integer()) {
      return Support::no("cuBLASLt's int8 products end in int32 sums, without scales: use the cutlass engine");
    }
    const Support scheme = spec.scheme.quantized() ? supports_fp8(spec, device_) : supports_float(spec);
    if (!scheme.ok) return scheme;
    const LibrarySearch& search = find_library();
    return search.library != nullptr ? Support::yes() : Support::no(search.reason);
  }

  std::int64_t set_bytes(const GemmSpec& spec) const override {
    return spec.scheme.quantized() ? cuda::scaled_set_bytes(spec) : float_set_bytes(spec);
  }

  std::int64_t memory_bytes(const GemmSpec& spec, int sets) const override {
    const auto workspace = static_cast<std::int64_t>(workspace_bytes(device_.major));
    constexpr std::int64_t bias_bytes = 4;
    const std::int64_t own = workspace + bias_bytes * cuda::padded(spec.shape.n);
    return own + (spec.scheme.quantized() ? cuda::scaled_memory_bytes(spec, sets) : sets * float_set_bytes(spec));
  }

  std::unique_ptr<cuda::PreparedGemm> prepare(const GemmSpec& spec, const cuda::DeviceOperands& operands,
                                              cudaStream_t stream) const override {
    if (const Support support = supports(spec); !support.ok) throw Unavailable(support.reason);
    const Library& library = *find_library().library;
    if (spec.scheme.quantized()) {
      return std::make_unique<Fp8Product>(library, choice_, device_.major, spec, operands, stream);
    }
    return std::make_unique<FloatProduct>(library, choice_, device_.major, spec, operands, stream);
  }

 private:
  cuda::Device device_;
  Choice choice_;
};

}  // namespace

std::unique_ptr<cuda::CudaEngine> make_engine(const cuda::Device& device) {
  return std::make_unique<CublasLtEngine>(device, Choice::first);
}

std::unique_ptr<cuda::CudaEngine> make_best_engine(const cuda::Device& device) {
  return std::make_unique<CublasLtEngine>(device, Choice::best);
}

}  // namespace qgemm::cublaslt
