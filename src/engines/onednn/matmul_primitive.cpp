#include "engines/onednn/matmul_primitive.hpp"

#include <omp.h>

#include <cstdint>
#include <optional>

#include "engines/onednn/translate_errors.hpp"
#include "qgemm/error.hpp"

namespace qgemm::onednn {
namespace {

using Dims = dnnl::memory::dims;
using Type = dnnl::memory::data_type;

const dnnl::engine& cpu() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

Type type_of(DType type) {
  switch (type) {
    case DType::f32: return Type::f32;
    case DType::bf16: return Type::bf16;
    case DType::s8: return Type::s8;
    case DType::s32: return Type::s32;
    default: throw InvalidInput("oneDNN's products take no " + std::string(name(type)) + " operands on a CPU");
  }
}

struct Descriptors {
  dnnl::memory::desc source, weights, bias, result;
};

Descriptors descriptors_of(const MatmulSpec& spec, const std::optional<dnnl::memory::desc>& layout) {
  Descriptors d;
  const Type source = spec.operand == DType::s8 ? Type::u8 : type_of(spec.operand);
  d.source = {Dims{spec.rows, spec.k}, source, Dims{spec.k, 1}};
  d.weights =
      layout ? *layout
             : dnnl::memory::desc(Dims{spec.k, spec.channels}, type_of(spec.operand), dnnl::memory::format_tag::any);
  d.bias = {Dims{1, spec.channels}, Type::f32, Dims{spec.channels, 1}};
  d.result = {Dims{spec.rows, spec.channels}, type_of(spec.result), Dims{spec.channels, 1}};
  return d;
}

/// The one place that knows which of the two interfaces it is compiled against.
dnnl::matmul::primitive_desc describe(const MatmulSpec& spec, const std::optional<dnnl::memory::desc>& layout) {
  const Descriptors d = descriptors_of(spec, layout);
  dnnl::primitive_attr attributes;
  // A scratchpad of the library's own would be shared by all calls of a thread, and grow inside one.
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
#if DNNL_VERSION_MAJOR >= 3
  return spec.bias ? dnnl::matmul::primitive_desc(cpu(), d.source, d.weights, d.bias, d.result, attributes)
                   : dnnl::matmul::primitive_desc(cpu(), d.source, d.weights, d.result, attributes);
#else
  const auto operation = spec.bias ? dnnl::matmul::desc(d.source, d.weights, d.bias, d.result)
                                   : dnnl::matmul::desc(d.source, d.weights, d.result);
  return {operation, attributes, cpu()};
#endif
}

}  // namespace

std::string library_version() {
  const dnnl_version_t* v = dnnl_version();
  return std::to_string(v->major) + "." + std::to_string(v->minor) + "." + std::to_string(v->patch);
}

MatmulPrimitive::MatmulPrimitive(const MatmulSpec& spec, const std::optional<dnnl::memory::desc>& layout)
    : spec_(spec) {
  translate_errors("compiling a product of " + std::string(name(spec.operand)) + " operands", [&] {
    const SingleThreaded one;
    description_ = describe(spec, layout);
    const std::string found = implementation();
    if (found.starts_with("ref")) {
      throw Unavailable("oneDNN " + library_version() + " has only its reference loops (" + found + ") for " +
                        std::string(name(spec.operand)) + " products on this CPU, which are far too slow to measure");
    }
    primitive_ = dnnl::matmul(description_);
  });
}

std::string MatmulPrimitive::implementation() const { return description_.impl_info_str(); }

MatmulCall::MatmulCall(const MatmulPrimitive& primitive, void* scratch) : primitive_(&primitive.primitive_) {
  translate_errors("binding a product's arguments", [&] {
    const MatmulSpec& spec = primitive.spec_;
    const Descriptors d = descriptors_of(spec, primitive.weight_layout());
    stream_ = dnnl::stream(cpu());
    source_ = dnnl::memory(d.source, cpu(), nullptr);
    result_ = dnnl::memory(d.result, cpu(), nullptr);
    scratch_ = dnnl::memory(primitive.description_.scratchpad_desc(), cpu(), scratch);
    const auto pass = [&](int name, const dnnl::memory& memory) {
      arguments_.at(static_cast<std::size_t>(count_++)) = {name, memory.get(true)};
    };
    pass(DNNL_ARG_WEIGHTS, {});  // the first: `run` fills it in
    pass(DNNL_ARG_SRC, source_);
    pass(DNNL_ARG_DST, result_);
    pass(DNNL_ARG_SCRATCHPAD, scratch_);
    if (spec.bias) {
      bias_ = dnnl::memory(d.bias, cpu(), nullptr);
      pass(DNNL_ARG_BIAS, bias_);
    }
  });
}

void MatmulCall::run(const void* source, const dnnl::memory& weights, void* result, const float* bias) {
  translate_errors("running a product", [&] {
    // oneDNN's interface knows no constant memory; it only reads these.
    source_.set_data_handle(const_cast<void*>(source));
    result_.set_data_handle(result);
    if (bias_) bias_.set_data_handle(const_cast<float*>(bias));
    arguments_[0].memory = weights.get();
    dnnl::error::wrap_c_api(dnnl_primitive_execute(primitive_->get(), stream_.get(), count_, arguments_.data()),
                            "could not execute a product");
  });
}

dnnl::memory weight_memory(const dnnl::memory::desc& layout, void* storage) {
  return translate_errors("placing weights", [&] { return dnnl::memory(layout, cpu(), storage); });
}

void pack_weights(const void* rows, DType dtype, std::int64_t channels, std::int64_t k, dnnl::memory& packed) {
  translate_errors("packing weights", [&] {
    // W[channels,k] row-major is [k,channels] column-major: no copy to transpose it.
    dnnl::memory plain({Dims{k, channels}, type_of(dtype), Dims{1, k}}, cpu(), const_cast<void*>(rows));
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    const dnnl::reorder::primitive_desc description(plain, packed, attributes);
    dnnl::memory scratch(description.scratchpad_desc(), cpu());
    dnnl::stream stream(cpu());
    dnnl::reorder(description)
        .execute(stream, {{DNNL_ARG_FROM, plain}, {DNNL_ARG_TO, packed}, {DNNL_ARG_SCRATCHPAD, scratch}});
    stream.wait();
  });
}

SingleThreaded::SingleThreaded() : team_(omp_get_max_threads()) { omp_set_num_threads(1); }
SingleThreaded::~SingleThreaded() { omp_set_num_threads(team_); }

}  // namespace qgemm::onednn
