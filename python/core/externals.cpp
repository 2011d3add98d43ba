// Products of other libraries: `external.hpp`, carried out by Python.
#include "externals.hpp"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "array_checks.hpp"
#include "arrays.hpp"
#include "device_views.hpp"
#include "parts.hpp"
#include "qgemm/error.hpp"

namespace qgemm::python {
namespace {

/// A Python object that is let go of with the lock, wherever its owner ends.
class Held {
 public:
  Held() = default;
  explicit Held(nb::object object) : object_(std::move(object)) {}
  Held(Held&& other) noexcept : object_(std::move(other.object_)) {}
  Held& operator=(Held&&) = delete;
  Held(const Held&) = delete;
  ~Held() {
    if (!object_.is_valid()) return;
    const nb::gil_scoped_acquire with_python;
    object_.reset();
  }
  nb::object& operator*() { return object_; }
  const nb::object& operator*() const { return object_; }

 private:
  nb::object object_;
};

using Shared = std::shared_ptr<const ExternalOperands>;

/// An array of any number of dimensions over memory of the operands, which live as long as it.
nb::object array_over(const Shared& operands, const void* data, DType type, const std::vector<std::size_t>& shape) {
  const nb::capsule owner(new Shared(operands), [](void* kept) noexcept { delete static_cast<Shared*>(kept); });
  return nb::cast(nb::ndarray<nb::array_api, nb::device::cpu>(const_cast<void*>(data), shape.size(), shape.data(),
                                                              owner, nullptr, dlpack_type(type)));
}

nb::object array_over(const Shared& operands, const ConstMatrixView& view) {
  return array_over(operands, view.data, view.dtype,
                    {static_cast<std::size_t>(view.rows), static_cast<std::size_t>(view.cols)});
}

/// Scales and their like as a column, [1, 1] or [rows, 1]; None where there are none.
template <class T>
nb::object column_over(const Shared& operands, const std::vector<T>& values) {
  if (values.empty()) return nb::none();
  return array_over(operands, values.data(), std::is_same_v<T, float> ? DType::f32 : DType::s32, {values.size(), 1});
}

using SharedOnDevice = std::shared_ptr<const DeviceExternalOperands>;

/// The same of operands on a GPU; DLPack's stream is no matter, since all of them is there.
nb::object array_over(const SharedOnDevice& operands, const void* data, DType type,
                      const std::vector<std::size_t>& shape) {
  const nb::capsule owner(new SharedOnDevice(operands),
                          [](void* kept) noexcept { delete static_cast<SharedOnDevice*>(kept); });
  return device_array(const_cast<void*>(data), shape, {}, dlpack_type(type), operands->stream.device, owner);
}

nb::object array_over(const SharedOnDevice& operands, const ConstDeviceMatrixView& view) {
  return array_over(operands, view.data, view.dtype,
                    {static_cast<std::size_t>(view.rows), static_cast<std::size_t>(view.cols)});
}

nb::object column_over(const SharedOnDevice& operands, const void* data, DType type, std::int64_t count) {
  if (count == 0) return nb::none();
  return array_over(operands, data, type, {static_cast<std::size_t>(count), 1});
}

std::string type_word(DType type) {
  return type == DType::bf16 ? "bfloat16" : type == DType::f16 ? "float16" : type == DType::f32 ? "float32" : "int8";
}

std::string scale_word(ScaleGranularity granularity) {
  switch (granularity) {
    case ScaleGranularity::per_tensor: return "tensor";
    case ScaleGranularity::per_channel: return "channel";
    case ScaleGranularity::per_token: return "token";
    case ScaleGranularity::none: break;
  }
  return "none";
}

std::string quantization_word(ActivationQuant when) {
  switch (when) {
    case ActivationQuant::dynamic: return "dynamic";
    case ActivationQuant::static_scale: return "static";
    case ActivationQuant::ahead: return "ahead";
    case ActivationQuant::none: break;
  }
  return "none";
}

/// What operands anywhere say of themselves.
nb::dict named(const auto& from) {
  nb::dict out;
  out["provider"] = from.provider;
  out["m"] = from.shape.m;
  out["n"] = from.shape.n;
  out["k"] = from.shape.k;
  out["output"] = type_word(from.scheme.output);
  out["a_scales_of"] = scale_word(from.scheme.activation_scale);
  out["w_scales_of"] = scale_word(from.scheme.weight_scale);
  out["a_quantized"] = quantization_word(from.scheme.activation_quant);
  return out;
}

/// The arguments of `External.prepare_on_gpu`.
nb::dict described(const SharedOnDevice& operands) {
  const DeviceExternalOperands& from = *operands;
  nb::dict out = named(from);
  out["threads"] = 1;
  out["a_scale"] = column_over(operands, from.activation_scales.data, DType::f32, from.activation_scales.count);
  out["a_azp"] = column_over(operands, from.activation_azp.data, DType::s32, from.activation_azp.count);
  out["w_scale"] = column_over(operands, from.weight_scales.data, DType::f32, from.weight_scales.count);
  out["w_colsum"] = column_over(operands, from.weight_colsum.data, DType::s32, from.weight_colsum.count);
  const auto n = static_cast<std::size_t>(from.bias.count);
  out["bias"] = n == 0 ? nb::none() : array_over(operands, from.bias.data, DType::f32, {n});
  return out;
}

/// The arguments of `External.prepare`.
nb::dict described(const Shared& operands) {
  const ExternalOperands& from = *operands;
  nb::dict out = named(from);
  out["threads"] = from.threads;
  out["a_scale"] = column_over(operands, from.activation_scales);
  out["a_azp"] = column_over(operands, from.activation_azp);
  out["w_scale"] = column_over(operands, from.weight_scales);
  out["w_colsum"] = column_over(operands, from.weight_colsum);
  out["bias"] = from.bias.empty() ? nb::none() : array_over(operands, from.bias.data(), DType::f32, {from.bias.size()});
  return out;
}

class PythonRunner final : public ExternalRunner {
 public:
  PythonRunner(Held calls, std::string kernel, std::atomic<bool>* stop)
      : calls_(std::move(calls)), kernel_(std::move(kernel)), stop_(stop) {}
  PythonRunner(const PythonRunner&) = delete;
  PythonRunner& operator=(const PythonRunner&) = delete;
  ~PythonRunner() override {
    const nb::gil_scoped_acquire with_python;
    view_ = Array();
  }

  std::string kernel() const override { return kernel_; }
  void launch(int set) override {
    const nb::gil_scoped_acquire with_python;
    try {
      view_ = Array();
      *last_ = nb::object();  // its memory is free for this call, as where a caller lets go of each result
      *last_ = (*calls_)[set]();
    } catch (const nb::python_error& error) {
      if (stop_ != nullptr && error.matches(PyExc_KeyboardInterrupt)) *stop_ = true;
      rethrow(error, false);
    }
  }
  ConstMatrixView output() const override {
    const nb::gil_scoped_acquire with_python;
    if (!nb::try_cast<Array>(*last_, view_)) {
      const auto type = nb::cast<std::string>((*last_).type().attr("__name__"));
      throw InvalidInput("what it returned is a " + type + ": return D as an array in the host's memory");
    }
    return matrix("what it returned", view_);
  }

 private:
  Held calls_;
  std::string kernel_;
  std::atomic<bool>* stop_;
  Held last_;
  mutable Array view_;  // of `last_`
};

/// On a GPU: a function of the operand set, which enqueues on the stream that the operands name.
class PythonDeviceRunner final : public DeviceExternalRunner {
 public:
  PythonDeviceRunner(Held launch, std::string kernel, const SharedOnDevice& operands, std::atomic<bool>* stop)
      : launch_(std::move(launch)),
        kernel_(std::move(kernel)),
        device_(operands->stream.device),
        stop_(stop),
        last_(operands->weights.size()) {}
  PythonDeviceRunner(const PythonDeviceRunner&) = delete;
  PythonDeviceRunner& operator=(const PythonDeviceRunner&) = delete;
  ~PythonDeviceRunner() override {
    const nb::gil_scoped_acquire with_python;
    view_ = Array();
    last_.clear();
  }

  std::string kernel() const override { return kernel_; }
  void launch(int set) override {
    const nb::gil_scoped_acquire with_python;
    nb::object& last = last_[static_cast<std::size_t>(set)];
    try {
      view_ = Array();
      last = nb::object();  // its memory is free for this call, as where a caller lets go of each result
      last = (*launch_)(set);
    } catch (const nb::python_error& error) {
      if (stop_ != nullptr && error.matches(PyExc_KeyboardInterrupt)) *stop_ = true;
      rethrow(error, false);
    }
  }
  ConstDeviceMatrixView output(int set) const override {
    const nb::gil_scoped_acquire with_python;
    const nb::object& last = last_[static_cast<std::size_t>(set)];
    if (!last.is_valid()) throw InvalidInput("what it returned is gone: its last call failed");
    if (!nb::try_cast<Array>(last, view_)) {
      const auto type = nb::cast<std::string>(last.type().attr("__name__"));
      throw InvalidInput("what it returned is a " + type + ": return D as an array on the GPU");
    }
    return device_matrix("what it returned", view_, device_);
  }

 private:
  Held launch_;
  std::string kernel_;
  int device_;
  std::atomic<bool>* stop_;
  std::vector<nb::object> last_;  // of each set
  mutable Array view_;
};

class PythonExternal final : public ExternalEngine {
 public:
  PythonExternal(nb::object external, std::atomic<bool>* stop)
      : name_(nb::cast<std::string>(external.attr("name"))),
        description_(nb::cast<std::string>(external.attr("description"))),
        providers_(nb::cast<std::vector<std::string>>(external.attr("providers"))),
        original_weights_(nb::cast<bool>(external.attr("original_weights"))),
        external_(std::move(external)),
        stop_(stop) {}

  std::string name() const override { return name_; }
  std::string description() const override { return description_; }
  std::vector<std::string> providers() const override { return providers_; }
  bool wants_original_weights(const std::string& /*provider*/) const override { return original_weights_; }
  std::unique_ptr<ExternalRunner> prepare(Shared operands) const override {
    const nb::gil_scoped_acquire with_python;
    try {
      nb::list weights;
      for (const auto& set : operands->weights) weights.append(array_over(operands, set));
      const nb::object made =
          (*external_).attr("prepare")(array_over(operands, operands->activations), weights, described(operands));
      auto kernel = nb::cast<std::string>(made[1]);
      return std::make_unique<PythonRunner>(Held(made[0]), std::move(kernel), stop_);
    } catch (const nb::python_error& error) {
      if (stop_ != nullptr && error.matches(PyExc_KeyboardInterrupt)) *stop_ = true;
      rethrow(error, false);
    }
  }

  std::unique_ptr<DeviceExternalRunner> prepare_on_device(SharedOnDevice operands) const override {
    const nb::gil_scoped_acquire with_python;
    try {
      nb::list activations, weights;
      for (const auto& set : operands->activations) activations.append(array_over(operands, set));
      for (const auto& set : operands->weights) weights.append(array_over(operands, set));
      const nb::object made =
          (*external_)
              .attr("prepare_on_gpu")(activations, weights, described(operands), operands->stream.device,
                                      reinterpret_cast<std::uintptr_t>(operands->stream.handle));
      auto kernel = nb::cast<std::string>(made[1]);
      return std::make_unique<PythonDeviceRunner>(Held(made[0]), std::move(kernel), operands, stop_);
    } catch (const nb::python_error& error) {
      if (stop_ != nullptr && error.matches(PyExc_KeyboardInterrupt)) *stop_ = true;
      rethrow(error, false);
    }
  }

 private:
  std::string name_, description_;
  std::vector<std::string> providers_;
  bool original_weights_;
  Held external_;
  std::atomic<bool>* stop_;
};

/// The first line of what an exception says, behind its type's name but for the plainest.
std::string sentence(const nb::python_error& error, bool with_type) {
  auto text = nb::cast<std::string>(nb::str(error.value()));
  text = text.substr(0, text.find('\n'));
  const auto type = nb::cast<std::string>(error.type().attr("__name__"));
  if (text.empty()) return type;
  return with_type ? type + ": " + text : text;
}

}  // namespace

void rethrow(const nb::python_error& error, bool given) {
  if (error.matches(PyExc_MemoryError)) throw OutOfMemory(sentence(error, false));
  if (error.matches(PyExc_NotImplementedError)) throw Unavailable(sentence(error, false));
  if (given && (error.matches(PyExc_ValueError) || error.matches(PyExc_TypeError))) {
    throw InvalidInput(sentence(error, false));
  }
  if (given && (error.matches(PyExc_RuntimeError) || error.matches(PyExc_ImportError))) {
    throw Unavailable(sentence(error, false));
  }
  throw Error(sentence(error, true));
}

std::shared_ptr<const ExternalEngine> external_of(nb::object external, std::atomic<bool>* stop) {
  return std::make_shared<PythonExternal>(std::move(external), stop);
}

}  // namespace qgemm::python
