#include "engines/external/external_engine.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "device/thread_cpus.hpp"
#include "qgemm/error.hpp"
#include "quantize/activations.hpp"

namespace qgemm {
namespace {

std::shared_ptr<Matrix> copy_of(const ConstMatrixView& from, DType type) {
  auto copy = std::make_shared<Matrix>(type, from.rows, from.cols);
#pragma omp parallel for schedule(static)
  for (std::int64_t r = 0; r < from.rows; ++r) {
    if (type == from.dtype) {
      const std::size_t row_bytes = static_cast<std::size_t>(from.cols) * size_of(type);
      std::memcpy(copy->row<std::byte>(0) + static_cast<std::size_t>(r) * row_bytes,
                  static_cast<const std::byte*>(from.data) + static_cast<std::size_t>(r * from.stride) * size_of(type),
                  row_bytes);
    } else {
      for (std::int64_t c = 0; c < from.cols; ++c) set_element(copy->view(), r, c, element(from, r, c));
    }
  }
  return copy;
}

/// The operands with what their views look into.
struct OwnedOperands : ExternalOperands {
  std::shared_ptr<const LayerWeights> layer;
  std::vector<std::shared_ptr<Matrix>> copies;
  std::shared_ptr<Matrix> own_activations;
  QuantizedActivations quantized;
};

/// The first set is the layer's own matrix where it has the right type; the others are copies, made once a layer.
void add_weights(OwnedOperands& out, const ConstMatrixView& values, DType type, int sets, const std::string& form) {
  if (values.dtype == type) out.weights.push_back(values);
  while (static_cast<int>(out.weights.size()) < sets) {
    const std::string key = "external/" + form + "/" + std::to_string(out.weights.size());
    out.copies.push_back(out.layer->packed<Matrix>(key, [&] { return copy_of(values, type); }));
    out.weights.push_back(std::as_const(*out.copies.back()).view());
  }
}

std::shared_ptr<OwnedOperands> operands_for(const ExternalEngine& external, const GemmSpec& spec,
                                            const Operands& operands, int threads) {
  auto out = std::make_shared<OwnedOperands>();
  const Scheme& scheme = spec.scheme;
  out->provider = provider_name(scheme);
  out->scheme = scheme;
  out->shape = spec.shape;
  out->threads = threads;
  out->bias = operands.bias;
  out->layer = operands.weights;
  const int sets = operands.weight_sets;
  if (scheme.integer() && !external.wants_original_weights(out->provider)) {
    const QuantizedWeights& quantized = operands.weights->quantized(scheme.weight_scale);
    out->weight_scales = quantized.scales;
    out->weight_colsum = quantized.colsum;
    add_weights(*out, quantized.values.view(), DType::s8, sets,
                "s8/" + std::to_string(static_cast<int>(scheme.weight_scale)));
  } else if (scheme.integer()) {
    out->weights.assign(static_cast<std::size_t>(sets), operands.weights->original().view());
  } else {
    add_weights(*out, operands.weights->original().view(), scheme.weight, sets, std::string(name(scheme.weight)));
  }
  if (scheme.activation_quant == ActivationQuant::ahead) {
    out->quantized = allocate_activations(scheme, spec.shape.m, spec.shape.k, Int8Form::s8);
    quantize_activations(scheme, operands.static_scale, operands.activations, out->quantized);
    out->activations = std::as_const(out->quantized.values).view();
    out->activation_scales = out->quantized.scales;
    out->activation_azp = out->quantized.azp;
    return out;
  }
  out->own_activations = copy_of(operands.activations, operands.activations.dtype);
  out->activations = std::as_const(*out->own_activations).view();
  if (scheme.activation_quant == ActivationQuant::static_scale && operands.static_scale) {
    out->activation_scales = {operands.static_scale->scale};
    if (scheme.zero_point != ZeroPoint::none) out->activation_azp = {operands.static_scale->azp};
  }
  return out;
}

class ExternalGemm final : public PreparedGemm {
 public:
  ExternalGemm(const ExternalEngine& external, const GemmSpec& spec, const std::shared_ptr<OwnedOperands>& operands)
      : name_(external.name()), spec_(spec), bytes_(0) {
    for (const auto& set : operands->weights)
      bytes_ += set.rows * set.cols * static_cast<std::int64_t>(size_of(set.dtype));
    // Its library may start its threads as late as in the first call.
    const RoomForOtherThreads room;
    runner_ = external.prepare(operands);
    runner_->launch(0);
    check_external_output(name_, spec_, runner_->output());
  }

  std::string kernel() const override { return runner_->kernel(); }
  void launch(int set) override { runner_->launch(set); }
  void launch_quantize() override {}
  void launch_product(int set) override { runner_->launch(set); }
  ConstMatrixView output() const override {
    const ConstMatrixView d = runner_->output();
    check_external_output(name_, spec_, d);
    return d;
  }
  const QuantizedActivations* activations() const override { return nullptr; }
  bool accumulate(std::span<std::int32_t> /*sums*/) override { return false; }
  std::int64_t weight_bytes() const override { return bytes_; }
  bool opaque() const override { return true; }

 private:
  std::string name_;
  GemmSpec spec_;
  std::int64_t bytes_;
  std::unique_ptr<ExternalRunner> runner_;
};

class HostedExternal final : public HostEngine {
 public:
  HostedExternal(std::shared_ptr<const ExternalEngine> external, int threads)
      : external_(std::move(external)),
        name_(external_->name()),
        providers_(external_->providers()),
        threads_(threads) {}

  std::string_view name() const override { return name_; }
  std::string description() const override { return external_->description(); }
  Support supports(const GemmSpec& spec) const override { return external_supports(name_, providers_, spec); }
  std::int64_t set_bytes(const GemmSpec& spec) const override {
    return spec.shape.n * spec.shape.k * static_cast<std::int64_t>(size_of(spec.scheme.weight));
  }
  /// Libraries that run one operation after the other hold int32 sums, float32 values and D at once, and some make
  /// another form of the weights in every call.
  std::int64_t memory_bytes(const GemmSpec& spec, int sets) const override {
    const auto& [m, n, k] = spec.shape;
    const std::int64_t packed = external_->wants_original_weights(provider_name(spec.scheme)) ? 2 * n * k : 0;
    return (set_bytes(spec) + packed) * sets + 4 * n * k + 12 * m * k + 16 * m * n;
  }
  std::unique_ptr<PreparedGemm> prepare(const GemmSpec& spec, const Operands& operands) const override {
    if (const Support support = supports(spec); !support.ok) throw Unavailable(support.reason);
    return std::make_unique<ExternalGemm>(*external_, spec, operands_for(*external_, spec, operands, threads_));
  }

 private:
  std::shared_ptr<const ExternalEngine> external_;
  std::string name_;
  std::vector<std::string> providers_;
  int threads_;
};

std::string matrix_text(std::int64_t rows, std::int64_t cols, DType type) {
  return "[" + std::to_string(rows) + ", " + std::to_string(cols) + "] of " + std::string(name(type));
}

template <class View>
void check_output(const std::string& name, const GemmSpec& spec, const View& d) {
  const auto& [m, n, k] = spec.shape;
  if (d.data != nullptr && d.rows == m && d.cols == n && d.stride == n && d.dtype == spec.scheme.output) return;
  throw InvalidInput("what " + name + " gave is " + matrix_text(d.rows, d.cols, d.dtype) + ": it has to be " +
                     matrix_text(m, n, spec.scheme.output) + ", row after row");
}

}  // namespace

void check_external_name(const std::string& name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
  if (!name.empty() && name.size() <= 64 && plain) return;
  throw InvalidInput("'" + name.substr(0, 64) +
                     "' is no name of an external: use up to 64 letters, digits, -, _ and .");
}

Support external_supports(const std::string& name, const std::vector<std::string>& providers, const GemmSpec& spec) {
  const std::string provider = provider_name(spec.scheme);
  if (std::find(providers.begin(), providers.end(), provider) == providers.end()) {
    return Support::no("the external " + name + " has no " + provider);
  }
  if (spec.scheme.weight == DType::e4m3) return Support::no("externals have no FP8 products so far");
  return Support::yes();
}

void check_external_output(const std::string& name, const GemmSpec& spec, const ConstMatrixView& d) {
  check_output(name, spec, d);
}

void check_external_output(const std::string& name, const GemmSpec& spec, const ConstDeviceMatrixView& d) {
  check_output(name, spec, d);
}

std::unique_ptr<HostEngine> make_external(std::shared_ptr<const ExternalEngine> external, int threads) {
  check_external_name(external->name());
  return std::make_unique<HostedExternal>(std::move(external), threads);
}

}  // namespace qgemm
