#include "engine/cuda/hosted_engine.hpp"

#include <cstdint>
#include <optional>
#include <vector>

#include "cuda/cuda_error.hpp"
#include "cuda/stream.hpp"
#include "cuda/upload.hpp"

namespace qgemm::cuda {
namespace {

/// The layer's weights on the device, copied over once for all products with them.
std::shared_ptr<DeviceWeights> device_weights(const LayerWeights& weights, const Scheme& scheme, const Device& device) {
  const std::string where = "cuda:" + std::to_string(device.ordinal);
  if (weights.has_original()) {
    return weights.packed<DeviceWeights>(where, [&] {
      return std::make_shared<DeviceWeights>(uploaded(weights.original().view()), weights.scale_source(), nullptr);
    });
  }
  const auto granularity = scheme.weight_scale;
  const std::string form = granularity == ScaleGranularity::per_channel ? "/channel" : "/tensor";
  return weights.packed<DeviceWeights>(where + form, [&] {
    return std::make_shared<DeviceWeights>(upload_weights(weights.quantized(granularity)), nullptr);
  });
}

class HostedGemm final : public qgemm::PreparedGemm {
 public:
  HostedGemm(const CudaEngine& engine, const Device& device, const GemmSpec& spec, const Operands& operands)
      : spec_(spec), host_activations_(operands.activations), d_(spec.scheme.output, spec.shape.m, spec.shape.n) {
    device_operands_.weights = device_weights(*operands.weights, spec.scheme, device);
    device_operands_.quantized = operands.quantized;
    device_operands_.static_scale = operands.static_scale;
    if (operands.activations.data != nullptr) activations_ = uploaded(operands.activations);
    device_operands_.activations.assign(static_cast<std::size_t>(operands.weight_sets), activations_.view());
    if (!operands.bias.empty()) {
      std::vector<float> bias(operands.bias);
      bias.resize(static_cast<std::size_t>(padded(spec.shape.n)), 0.0F);
      bias_ = DeviceBuffer(bias.size() * sizeof(float));
      copy_to_device(bias.data(), bias_.data(), bias_.size());
      device_operands_.bias = bias_.as<const float>();
    }
    gemm_ = engine.prepare(spec, device_operands_, stream_.get());
  }

  std::string kernel() const override { return gemm_->kernel(); }
  void launch(int set) override {
    launch_quantize();
    launch_product(set);
  }
  void launch_quantize() override {
    if (spec_.scheme.quantizes_inside()) copy_to_device(host_activations_, activations_.view());
    gemm_->launch_quantize(0, stream_.get());
    stream_.synchronize();
    if (const auto* activations = gemm_->activations(0)) check_activations(*activations, stream_.get());
  }
  void launch_product(int set) override {
    if (!spec_.scheme.quantized()) copy_to_device(host_activations_, activations_.view());
    gemm_->launch_product(set, stream_.get());
    stream_.synchronize();
    copy_to_host(gemm_->output(set), d_.view());
    last_set_ = set;
  }
  ConstMatrixView output() const override { return std::as_const(d_).view(); }
  const QuantizedActivations* activations() const override {
    const auto* on_device = gemm_->activations(last_set_);
    if (on_device == nullptr) return nullptr;
    downloaded_ = download(*on_device);
    return &*downloaded_;
  }
  bool accumulate(std::span<std::int32_t> sums) override {
    const auto& [m, n, k] = spec_.shape;
    const DeviceMatrix on_device(DType::s32, m, n);
    if (!gemm_->accumulate(on_device.view(), stream_.get())) return false;
    stream_.synchronize();
    copy_to_host(on_device.view(), {sums.data(), DType::s32, m, n, n});
    return true;
  }
  std::int64_t weight_bytes() const override { return gemm_->rotated_bytes(); }

 private:
  GemmSpec spec_;
  ConstMatrixView host_activations_;  // a call reads them anew, as an engine of the CPU does
  Stream stream_;
  DeviceMatrix activations_;
  DeviceBuffer bias_;
  DeviceOperands device_operands_;
  std::unique_ptr<cuda::PreparedGemm> gemm_;
  Matrix d_;
  mutable std::optional<QuantizedActivations> downloaded_;
  int last_set_ = 0;
};

class HostedEngine final : public HostEngine {
 public:
  HostedEngine(std::unique_ptr<CudaEngine> engine, Device device)
      : engine_(std::move(engine)), device_(std::move(device)) {}

  std::string_view name() const override { return engine_->name(); }
  std::string description() const override { return engine_->description(); }
  Support supports(const GemmSpec& spec) const override { return engine_->supports(spec); }
  std::int64_t memory_bytes(const GemmSpec& spec, int sets) const override {
    return engine_->memory_bytes(spec, sets) + spec.shape.m * spec.shape.n * 4;
  }
  std::int64_t set_bytes(const GemmSpec& spec) const override { return engine_->set_bytes(spec); }
  std::unique_ptr<qgemm::PreparedGemm> prepare(const GemmSpec& spec, const Operands& operands) const override {
    use(device_);
    return std::make_unique<HostedGemm>(*engine_, device_, spec, operands);
  }

 private:
  std::unique_ptr<CudaEngine> engine_;
  Device device_;
};

}  // namespace

std::unique_ptr<HostEngine> make_hosted(std::unique_ptr<CudaEngine> engine, const Device& device) {
  return std::make_unique<HostedEngine>(std::move(engine), device);
}

}  // namespace qgemm::cuda
