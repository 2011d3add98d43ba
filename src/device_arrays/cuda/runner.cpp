#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/nearest.hpp"
#include "cuda/cuda_error.hpp"
#include "cuda/current_device.hpp"
#include "cuda/stream.hpp"
#include "device_arrays/cuda/gpus.hpp"
#include "device_arrays/cuda/operands.hpp"
#include "engines/cuda_engine_list.hpp"
#include "engines/rounded_bias.hpp"
#include "engines/runner_spec.hpp"
#include "qgemm/error.hpp"
#include "quantize/activations.hpp"

namespace qgemm {
namespace {

using Engines = std::vector<std::unique_ptr<cuda::CudaEngine>>;

/// A GPU's engines, made once a process: what one of them has found out by trying serves all runners.
const Engines& engines_of(const cuda::Device& device) {
  static std::mutex mutex;
  static std::map<int, Engines> all;
  const std::lock_guard lock(mutex);
  Engines& engines = all[device.ordinal];
  if (engines.empty()) engines = cuda::make_engines(device);
  return engines;
}

const cuda::CudaEngine& select_engine(const cuda::Device& device, std::string_view name, const GemmSpec& spec) {
  std::vector<std::string> names;
  std::string reason;
  for (const auto& engine : engines_of(device)) {
    names.emplace_back(engine->name());
    if (name != "auto" && name != engine->name()) continue;
    const Support support = engine->supports(spec);
    if (support.ok) return *engine;
    if (!reason.empty()) reason += "; ";
    reason += names.back() + ": " + support.reason;
  }
  if (reason.empty()) {
    throw InvalidInput("unknown engine '" + std::string(name.substr(0, 64)) + "' of a GPU: this build has " +
                       join_or(names) + ", or use auto");
  }
  throw Unavailable(provider_name(spec.scheme) + " cannot run on cuda:" + std::to_string(device.ordinal) + ": " +
                    reason);
}

cuda::DeviceMatrix copy_of(const ConstDeviceMatrixView& view, cudaStream_t stream) {
  cuda::DeviceMatrix copy(view.dtype, view.rows, view.cols);
  copy_on_device(view_of(view), copy.view(), stream);
  return copy;
}

}  // namespace

struct DeviceRunner::State {
  cuda::Device device;
  const cuda::CudaEngine* engine = nullptr;
  GemmSpec spec;
  cuda::Stream stream;         // what making it is enqueued on: a default stream cannot be captured
  cuda::DeviceView given;      // the caller's activations
  cuda::DeviceMatrix rounded;  // where the provider multiplies another type than they have
  cuda::DeviceBuffer bias;
  cuda::DeviceOperands operands;
  std::unique_ptr<cuda::PreparedGemm> gemm;

  /// True where a call rounds the activations first.
  bool rounds() const { return rounded.data() != nullptr; }
  const cuda::CurrentDevice use(const DeviceStream& on) const {
    if (on.device != device.ordinal) {
      throw InvalidInput("the stream is of cuda:" + std::to_string(on.device) +
                         " and the runner of cuda:" + std::to_string(device.ordinal));
    }
    return cuda::CurrentDevice(device.ordinal);
  }
};

DeviceRunner::DeviceRunner(std::unique_ptr<State> state) : state_(std::move(state)) {}
DeviceRunner::DeviceRunner(DeviceRunner&&) noexcept = default;
DeviceRunner& DeviceRunner::operator=(DeviceRunner&&) noexcept = default;
DeviceRunner::~DeviceRunner() = default;

void DeviceRunner::operator()(const DeviceStream& stream) {
  const auto current = state_->use(stream);
  if (state_->rounds() && !state_->spec.scheme.quantized()) {
    enqueue_convert(state_->given, state_->rounded.view(), handle_of(stream));
  }
  state_->gemm->launch(0, handle_of(stream));
}

DeviceMatrixView DeviceRunner::output() const {
  const cuda::DeviceView d = state_->gemm->output(0);
  return {d.data, d.dtype, d.rows, d.cols, d.stride};
}

std::vector<float> DeviceRunner::activation_scales(const DeviceStream& stream) const {
  const auto current = state_->use(stream);
  const auto* activations = state_->gemm->activations(0);
  if (activations == nullptr) return {};
  std::vector<float> scales(activations->scales.size() / sizeof(float));
  cuda::check(cudaMemcpyAsync(scales.data(), activations->scales.data(), activations->scales.size(),
                              cudaMemcpyDeviceToHost, handle_of(stream)));
  cuda::check(cudaStreamSynchronize(handle_of(stream)));
  return scales;
}

void DeviceRunner::check(const DeviceStream& stream) const {
  const auto current = state_->use(stream);
  if (const auto* activations = state_->gemm->activations(0)) return check_activations(*activations, handle_of(stream));
  cuda::check(cudaStreamSynchronize(handle_of(stream)));
}

std::string DeviceRunner::engine() const { return std::string(state_->engine->name()); }
std::string DeviceRunner::kernel() const { return state_->gemm->kernel(); }

DeviceRunner make_runner(std::string_view provider, const ConstDeviceMatrixView& a, const ConstDeviceMatrixView& w,
                         const RunnerOptions& options, const DeviceStream& stream) {
  check_floats("the matrix of activations", a);
  check_floats("the matrix of weights", w);
  const GemmSpec spec = runner_spec(provider, {a.rows, a.cols}, {w.rows, w.cols}, options);

  const cuda::Device& device = gpu(stream.device);
  const cuda::CurrentDevice current(device.ordinal);
  const cuda::CudaEngine& engine = select_engine(device, options.engine, spec);
  auto state = std::make_unique<DeviceRunner::State>();
  state->device = device;
  state->engine = &engine;
  state->spec = spec;
  cudaStream_t const own = state->stream.get();
  make_wait({device.ordinal, own}, stream);
  state->given = view_of(a);
  cuda::DeviceOperands& operands = state->operands;
  operands.weights = std::make_shared<cuda::DeviceWeights>(copy_of(w, own), ScaleSource::absmax, own);
  cuda::DeviceView activations = state->given;
  if (!spec.scheme.quantized() && a.dtype != spec.scheme.activation) {
    state->rounded = cuda::DeviceMatrix(spec.scheme.activation, a.rows, a.cols);
    enqueue_convert(state->given, state->rounded.view(), own);
    activations = state->rounded.view();
  }
  operands.activations = {activations};
  if (spec.bias) {
    std::vector<float> bias = rounded_bias(options.bias, options.output, w.rows);
    bias.resize(static_cast<std::size_t>(cuda::padded(w.rows)), 0.0F);
    state->bias = cuda::DeviceBuffer(bias.size() * sizeof(float));
    cuda::copy_to_device(bias.data(), state->bias.data(), state->bias.size());
    operands.bias = state->bias.as<const float>();
  }
  if (needs_static_scale(spec.scheme)) {
    operands.static_scale = calibrate(spec.scheme, activations, ScaleSource::absmax, own);
  }
  state->gemm = engine.prepare(spec, operands, own);
  state->gemm->launch(0, own);
  state->stream.synchronize();
  return DeviceRunner(std::move(state));
}

}  // namespace qgemm
