#include "engines/external/cuda/external_gemm.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cuda/cuda_error.hpp"
#include "cuda/graph.hpp"
#include "engines/external/external_engine.hpp"
#include "qgemm/error.hpp"
#include "quantize/cuda/device_quantize.hpp"

namespace qgemm::cuda {
namespace {

/// The operands with what their views look into.
struct OwnedOperands : DeviceExternalOperands {
  std::shared_ptr<const DeviceWeights> layer;
  std::vector<DeviceMatrix> copies;
  DeviceActivations quantized;
  DeviceBuffer static_scale, static_azp;
};

ConstDeviceMatrixView handed(const DeviceView& view) {
  return {view.data, view.dtype, view.rows, view.cols, view.stride};
}

/// The left upper part of `view`, where that is no dense matrix as a copy.
ConstDeviceMatrixView dense(OwnedOperands& out, DeviceView view, std::int64_t rows, std::int64_t cols,
                            cudaStream_t stream) {
  view.rows = rows;
  view.cols = cols;
  if (view.stride == cols) return handed(view);
  out.copies.emplace_back(view.dtype, rows, cols);
  copy_on_device(view, out.copies.back().view(), stream);
  return handed(out.copies.back().view());
}

template <class T>
DeviceBuffer one_on_device(T value) {
  DeviceBuffer buffer(sizeof value);
  copy_to_device(&value, buffer.data(), sizeof value);
  return buffer;
}

void add_weights(OwnedOperands& out, const ExternalEngine& external, const GemmSpec& spec, int sets,
                 cudaStream_t stream) {
  const Scheme& scheme = spec.scheme;
  const auto& [m, n, k] = spec.shape;
  const bool quantized = scheme.integer() && !external.wants_original_weights(out.provider);
  DeviceView form;
  if (quantized) {
    const auto& weights = out.layer->quantized(scheme.weight, scheme.weight_scale);
    form = weights.values.view();
    const bool per_channel = weights.granularity == ScaleGranularity::per_channel;
    out.weight_scales = {weights.scales.as<const float>(), per_channel ? n : 1};
    out.weight_colsum = {weights.colsum.as<const std::int32_t>(), n};
  } else if (scheme.integer()) {
    // To be packed its own way: it needs no more than the one.
    const ConstDeviceMatrixView original = dense(out, out.layer->original().view(), n, k, stream);
    out.weights.assign(static_cast<std::size_t>(sets), original);
    return;
  } else {
    form = out.layer->as(scheme.weight);
  }
  for (int set = 0; set < sets; ++set) out.weights.push_back(dense(out, out.layer->copy(form, set), n, k, stream));
}

void add_activations(OwnedOperands& out, const GemmSpec& spec, const DeviceOperands& operands, cudaStream_t stream) {
  const Scheme& scheme = spec.scheme;
  const auto& [m, n, k] = spec.shape;
  if (scheme.activation_quant == ActivationQuant::ahead) {
    out.quantized = allocate_activations(scheme, m, k, operands.static_scale, stream);
    enqueue_quantize(scheme, operands.activations.front(), out.quantized, stream);
    check_activations(out.quantized, stream);
    const std::int64_t count = scheme.activation_scale == ScaleGranularity::per_token ? m : 1;
    out.activation_scales = {out.quantized.scales.as<const float>(), count};
    if (scheme.zero_point != ZeroPoint::none) {
      out.activation_azp = {out.quantized.azp.as<const std::int32_t>(), count};
    }
    out.activations.push_back(dense(out, out.quantized.values.view(), m, k, stream));
    for (int set = 1; set < operands.sets(); ++set) {
      out.copies.emplace_back(DType::s8, m, k);
      DeviceView values = out.quantized.values.view();
      values.cols = k;
      copy_on_device(values, out.copies.back().view(), stream);
      out.activations.push_back(handed(out.copies.back().view()));
    }
    return;
  }
  for (const DeviceView& view : operands.activations) out.activations.push_back(dense(out, view, m, k, stream));
  if (scheme.activation_quant == ActivationQuant::static_scale && operands.static_scale) {
    out.static_scale = one_on_device(operands.static_scale->scale);
    out.activation_scales = {out.static_scale.as<const float>(), 1};
    if (scheme.zero_point != ZeroPoint::none) {
      out.static_azp = one_on_device(operands.static_scale->azp);
      out.activation_azp = {out.static_azp.as<const std::int32_t>(), 1};
    }
  }
}

std::int64_t bytes_of(const ConstDeviceMatrixView& view) {
  return view.rows * view.cols * static_cast<std::int64_t>(size_of(view.dtype));
}

class ExternalGemm final : public PreparedGemm {
 public:
  ExternalGemm(const ExternalEngine& external, const GemmSpec& spec, const std::shared_ptr<OwnedOperands>& operands)
      : name_(external.name()), spec_(spec), stream_(static_cast<cudaStream_t>(operands->stream.handle)) {
    const auto& [m, n, k] = spec.shape;
    const auto sets = static_cast<int>(operands->weights.size());
    for (const auto& a : operands->activations) bytes_ += bytes_of(a);
    for (const auto& w : operands->weights) bytes_ += bytes_of(w);
    bytes_ += sets * m * n * static_cast<std::int64_t>(size_of(spec.scheme.output));
    runner_ = external.prepare_on_device(operands);
    for (int set = 0; set < sets; ++set) runner_->launch(set);
    check(cudaStreamSynchronize(stream_));
    for (int set = 0; set < sets; ++set) output(set);
    try_capture();
  }

  std::string kernel() const override { return runner_->kernel(); }
  void launch(int set, cudaStream_t stream) override {
    if (stream != stream_) throw Error("the external " + name_ + " is called on another stream than it was made for");
    runner_->launch(set);
  }
  void launch_quantize(int /*set*/, cudaStream_t /*stream*/) override {}
  void launch_product(int set, cudaStream_t stream) override { launch(set, stream); }
  DeviceView output(int set) const override {
    const ConstDeviceMatrixView d = runner_->output(set);
    check_external_output(name_, spec_, d);
    return {const_cast<void*>(d.data), d.dtype, d.rows, d.cols, d.stride};  // NOLINT: checks fill it before a launch
  }
  const DeviceActivations* activations(int /*set*/) const override { return nullptr; }
  bool accumulate(const DeviceView& /*sums*/, cudaStream_t /*stream*/) override { return false; }
  std::int64_t rotated_bytes() const override { return bytes_; }
  bool opaque() const override { return true; }

 private:
  /// What waits for the GPU, or allocates in a way that a capture forbids, cannot be timed as the others are.
  void try_capture() {
    const std::string cannot = "it cannot be captured into a CUDA graph, by which calls are timed on a GPU: ";
    std::optional<Graph> graph;
    try {
      graph = Graph::capture(stream_, [this](cudaStream_t) { runner_->launch(0); });
    } catch (const DeviceLost&) {
      throw;
    } catch (const OutOfMemory&) {
      throw;
    } catch (const Error& error) {
      cudaGetLastError();
      throw Unavailable(cannot + error.what());
    }
    if (graph->nodes() == 0)
      throw Unavailable(cannot + "its calls enqueue nothing on the stream that is the current one");
  }

  std::string name_;
  GemmSpec spec_;
  cudaStream_t stream_;
  std::int64_t bytes_ = 0;
  std::unique_ptr<DeviceExternalRunner> runner_;
};

}  // namespace

std::unique_ptr<PreparedGemm> prepare_external(const ExternalEngine& external, const GemmSpec& spec,
                                               const DeviceOperands& operands, const DeviceStream& stream) {
  auto out = std::make_shared<OwnedOperands>();
  cudaStream_t const handle = static_cast<cudaStream_t>(stream.handle);
  out->provider = provider_name(spec.scheme);
  out->scheme = spec.scheme;
  out->shape = spec.shape;
  out->stream = stream;
  out->layer = operands.weights;
  if (spec.bias && operands.bias != nullptr) out->bias = {operands.bias, spec.shape.n};
  add_weights(*out, external, spec, operands.sets(), handle);
  add_activations(*out, spec, operands, handle);
  check(cudaStreamSynchronize(handle));
  return std::make_unique<ExternalGemm>(external, spec, out);
}

}  // namespace qgemm::cuda
