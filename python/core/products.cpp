// Quantization and products: `quantize.hpp`, `scaled_mm.hpp`, `runner.hpp`.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "array_checks.hpp"
#include "arrays.hpp"
#include "parts.hpp"
#include "qgemm/error.hpp"
#include "qgemm/quantize.hpp"
#include "qgemm/runner.hpp"
#include "qgemm/scaled_mm.hpp"

namespace qgemm::python {
namespace {

void store(const ActivationScales& found, std::span<float> scales, std::optional<std::span<std::int32_t>> azp) {
  if (scales.size() != found.scales.size()) {
    throw InvalidInput("scales has " + std::to_string(scales.size()) + " elements: give " +
                       std::to_string(found.scales.size()));
  }
  std::copy(found.scales.begin(), found.scales.end(), scales.begin());
  if (!azp) return;
  if (azp->size() != found.azp.size()) {
    throw InvalidInput("azp has " + std::to_string(azp->size()) + " elements: give " +
                       std::to_string(found.azp.size()));
  }
  std::copy(found.azp.begin(), found.azp.end(), azp->begin());
}

void quantize_dynamic(const Array& x, const WritableArray& q, const WritableArray& scales,
                      const std::optional<WritableArray>& azp, bool per_token) {
  const ConstMatrixView from = matrix("input", x);
  const MatrixView to = writable_matrix("output", q);
  const std::span<float> scale_values = writable_floats("scales", scales);
  std::optional<std::span<std::int32_t>> azp_values;
  if (azp) azp_values = writable_integers("azp", *azp);
  const nb::gil_scoped_release others_may_run;
  store(per_token ? quantize_per_token(from, to, !azp) : quantize_per_tensor(from, to, !azp), scale_values, azp_values);
}

void quantize_with(const Array& x, const WritableArray& q, float scale, std::int32_t azp) {
  const ConstMatrixView from = matrix("input", x);
  const MatrixView to = writable_matrix("output", q);
  const nb::gil_scoped_release others_may_run;
  quantize_static(from, to, scale, azp);
}

/// A bias of any float type as float32.
std::vector<float> bias_values(const std::optional<Array>& bias) {
  if (!bias) return {};
  const nb::dlpack::dtype type = bias->dtype();
  const auto count = static_cast<std::int64_t>(bias->size());
  if (bias->device_type() != nb::device::cpu::value || bias->ndim() != 1 || (count > 1 && bias->stride(0) != 1))
    throw InvalidInput("bias has to be one dense row of N values in the host's memory");
  DType held = DType::f32;
  if (type.bits == 16)
    held = type.code == static_cast<std::uint8_t>(nb::dlpack::dtype_code::Bfloat) ? DType::bf16 : DType::f16;
  else if (type.bits != 32 || type.code != static_cast<std::uint8_t>(nb::dlpack::dtype_code::Float))
    throw InvalidInput("bias has to be bfloat16, float16 or float32");
  const ConstMatrixView view{bias->data(), held, 1, count, count};
  std::vector<float> values(static_cast<std::size_t>(count));
  for (std::int64_t n = 0; n < count; ++n) values[static_cast<std::size_t>(n)] = element(view, 0, n);
  return values;
}

/// With a zero point a row `azp_adj` has to be the column sums, which the product finds for itself.
void check_column_sums(std::span<const std::int32_t> azp_adj, const ConstMatrixView& w) {
  if (static_cast<std::int64_t>(azp_adj.size()) != w.rows)
    throw InvalidInput("azp_adj has " + std::to_string(azp_adj.size()) + " values: give " + std::to_string(w.rows));
  if (w.dtype != DType::s8) return;  // refused where it is multiplied
  for (std::int64_t n = 0; n < w.rows; ++n) {
    std::int64_t sum = 0;
    for (std::int64_t k = 0; k < w.cols; ++k) sum += w.row<std::int8_t>(n)[k];
    if (sum != azp_adj[static_cast<std::size_t>(n)]) {
      throw InvalidInput("azp_adj is not the column sums of b (column " + std::to_string(n) +
                         "): with azp give those, without azp what is folded ahead");
    }
  }
}

void multiply(const Array& a, const Array& b, const Array& scale_a, const Array& scale_b, const WritableArray& d,
              const std::optional<Array>& bias, const std::optional<Array>& azp_adj, const std::optional<Array>& azp,
              const std::string& engine) {
  const ConstMatrixView left = matrix("a", a), right = transposed_matrix("b", b);
  const MatrixView out = writable_matrix("output", d);
  const auto scales_a = floats("scale_a", scale_a), scales_b = floats("scale_b", scale_b);
  const std::vector<float> bias_of_channels = bias_values(bias);
  std::span<const std::int32_t> adjustment, zero_points;
  if (azp_adj) adjustment = integers("azp_adj", *azp_adj);
  if (azp) zero_points = integers("azp", *azp);
  const nb::gil_scoped_release others_may_run;
  if (azp) {
    check_column_sums(adjustment, right);
    scaled_mm_azp(left, right, scales_a, scales_b, zero_points, out, bias_of_channels, engine);
  } else if (azp_adj) {
    scaled_mm_folded_azp(left, right, scales_a, scales_b, adjustment, out, bias_of_channels, engine);
  } else {
    scaled_mm(left, right, scales_a, scales_b, out, bias_of_channels, engine);
  }
}

/// `qgemm::Runner` with the array it reads, which lives as long.
class BoundRunner {
 public:
  BoundRunner(const std::string& provider, Array a, const Array& w, const std::string& output,
              const std::string& engine, const std::optional<Array>& bias)
      : a_(std::move(a)) {
    RunnerOptions options;
    options.engine = engine;
    options.output = output_dtype(output);
    options.bias = bias_values(bias);
    const ConstMatrixView activations = matrix("a", a_), weights = matrix("b", w);
    const nb::gil_scoped_release others_may_run;
    runner_ = std::make_unique<Runner>(make_runner(provider, activations, weights, options));
  }

  void operator()() {
    const nb::gil_scoped_release others_may_run;
    (*runner_)();
  }
  ConstMatrixView output() const { return runner_->output(); }
  std::vector<float> activation_scales() const { return runner_->activation_scales(); }
  std::string engine() const { return runner_->engine(); }
  std::string kernel() const { return runner_->kernel(); }

 private:
  Array a_;
  std::unique_ptr<Runner> runner_;
};

}  // namespace

void add_products(nb::module_& module) {
  module.def("quantize_dynamic", &quantize_dynamic, nb::arg("input"), nb::arg("output"), nb::arg("scales"),
             nb::arg("azp").none(), nb::arg("per_token"));
  module.def("quantize_static", &quantize_with, nb::arg("input"), nb::arg("output"), nb::arg("scale"), nb::arg("azp"));
  module.def("scaled_mm", &multiply, nb::arg("a"), nb::arg("b"), nb::arg("scale_a"), nb::arg("scale_b"),
             nb::arg("output"), nb::arg("bias").none(), nb::arg("azp_adj").none(), nb::arg("azp").none(),
             nb::arg("engine"));
  nb::class_<BoundRunner>(module, "Runner")
      .def(nb::init<const std::string&, Array, const Array&, const std::string&, const std::string&,
                    const std::optional<Array>&>(),
           nb::arg("provider"), nb::arg("a"), nb::arg("b"), nb::arg("output") = "bfloat16", nb::arg("engine") = "auto",
           nb::arg("bias").none() = nb::none())
      .def("__call__", &BoundRunner::operator())
      // Read-only memory of the runner's, which it keeps alive; valid until the next call.
      .def("output",
           [](nb::handle self) {
             const ConstMatrixView d = nb::cast<BoundRunner&>(self).output();
             const std::size_t shape[] = {static_cast<std::size_t>(d.rows), static_cast<std::size_t>(d.cols)};
             const std::int64_t strides[] = {d.stride, 1};
             return nb::ndarray<nb::array_api, nb::device::cpu>(const_cast<void*>(d.data), 2, shape, self, strides,
                                                                dlpack_type(d.dtype), nb::device::cpu::value, 0);
           })
      .def("activation_scales", &BoundRunner::activation_scales)
      .def_prop_ro("engine", &BoundRunner::engine)
      .def_prop_ro("kernel", &BoundRunner::kernel);
}

}  // namespace qgemm::python
