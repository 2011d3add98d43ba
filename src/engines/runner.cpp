#include "qgemm/runner.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

#include "engines/rounded_bias.hpp"
#include "engines/runner_spec.hpp"
#include "engines/select_engine.hpp"
#include "qgemm/error.hpp"
#include "quantize/activations.hpp"

namespace qgemm {

struct Runner::State {
  const HostEngine* engine = nullptr;
  Operands operands;
  std::unique_ptr<PreparedGemm> gemm;
};

Runner::Runner(std::unique_ptr<State> state) : state_(std::move(state)) {}
Runner::Runner(Runner&&) noexcept = default;
Runner& Runner::operator=(Runner&&) noexcept = default;
Runner::~Runner() = default;

void Runner::operator()() { state_->gemm->launch(0); }
ConstMatrixView Runner::output() const { return state_->gemm->output(); }
std::vector<float> Runner::activation_scales() const {
  const QuantizedActivations* activations = state_->gemm->activations();
  return activations == nullptr ? std::vector<float>{} : activations->scales;
}
std::string Runner::engine() const { return std::string(state_->engine->name()); }
std::string Runner::kernel() const { return state_->gemm->kernel(); }

namespace {

Matrix copy_of(const ConstMatrixView& view) {
  Matrix copy(view.dtype, view.rows, view.cols);
  const std::size_t size = size_of(view.dtype), row_bytes = static_cast<std::size_t>(view.cols) * size;
  for (std::int64_t r = 0; r < view.rows; ++r) {
    const auto* from = static_cast<const std::byte*>(view.data) + static_cast<std::size_t>(r * view.stride) * size;
    std::copy(from, from + row_bytes, static_cast<std::byte*>(copy.data()) + static_cast<std::size_t>(r) * row_bytes);
  }
  return copy;
}

void check_operand(const char* what, const ConstMatrixView& view) {
  if (view.data == nullptr || view.rows < 1 || view.cols < 1 || view.stride < view.cols) {
    throw InvalidInput(std::string("the ") + what +
                       " are no matrix: give data, at least one row and column, and a stride "
                       "of at least a row");
  }
  if (view.dtype != DType::f32 && view.dtype != DType::bf16 && view.dtype != DType::f16) {
    throw InvalidInput(std::string("the ") + what + " are " + std::string(name(view.dtype)) +
                       ": give f32, bf16 or f16");
  }
}

}  // namespace

Runner make_runner(std::string_view provider, const ConstMatrixView& a, const ConstMatrixView& w,
                   const RunnerOptions& options) {
  check_operand("activations", a);
  check_operand("weights", w);
  const GemmSpec spec = runner_spec(provider, {a.rows, a.cols}, {w.rows, w.cols}, options);

  auto state = std::make_unique<Runner::State>();
  state->engine = &select_engine(options.engine, spec);
  state->operands.weights = std::make_shared<LayerWeights>(copy_of(w), ScaleSource::absmax);
  state->operands.activations = a;
  state->operands.bias = rounded_bias(options.bias, options.output, w.rows);
  if (needs_static_scale(spec.scheme)) state->operands.static_scale = calibrate(spec.scheme, a, ScaleSource::absmax);
  state->gemm = state->engine->prepare(spec, state->operands);
  return Runner(std::move(state));
}

}  // namespace qgemm
