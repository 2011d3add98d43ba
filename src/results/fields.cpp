#include "results/fields.hpp"

#include <array>

namespace qgemm {
namespace {

template <auto Member>
constexpr Field field(std::string_view name) {
  return {.name = name,
          .get = [](const Result& r) { return write_value(r.*Member); },
          .set = [](Result& r, const Json& json) { read_value(json, r.*Member); }};
}

/// A field that says which case the row is.
template <auto Member>
constexpr Field key(std::string_view name) {
  Field f = field<Member>(name);
  f.required = true;
  return f;
}

template <auto Member>
constexpr Field size_key(std::string_view name) {
  Field f = key<Member>(name);
  f.set = [](Result& r, const Json& json) { read_dimension(json, r.*Member); };
  return f;
}

template <auto Member>
constexpr Field shape_key(std::string_view name) {
  return {.name = name,
          .required = true,
          .get = [](const Result& r) { return write_value(r.shape.*Member); },
          .set = [](Result& r, const Json& json) { read_dimension(json, r.shape.*Member); }};
}

template <auto Member>
constexpr Field raw(std::string_view name) {
  Field f = field<Member>(name);
  f.raw = true;
  return f;
}

constexpr std::array fields{
    key<&Result::model>("model"),
    key<&Result::layer>("layer"),
    size_key<&Result::tp>("tp"),
    shape_key<&Shape::m>("m"),
    shape_key<&Shape::n>("n"),
    shape_key<&Shape::k>("k"),
    key<&Result::provider>("provider"),
    key<&Result::engine>("engine"),
    field<&Result::kernel>("kernel"),
    key<&Result::cache>("cache"),
    key<&Result::outcome>("outcome"),
    field<&Result::message>("message"),
    field<&Result::median_us>("median_us"),
    field<&Result::p20_us>("p20_us"),
    field<&Result::p80_us>("p80_us"),
    field<&Result::samples>("samples"),
    field<&Result::noise_pct>("noise_pct"),
    field<&Result::drift_pct>("drift_pct"),
    raw<&Result::samples_us>("samples_us"),
    raw<&Result::samples_mhz>("samples_mhz"),
    field<&Result::clock_exponent>("clock_exponent"),
    field<&Result::tflops>("tflops"),
    field<&Result::tflops_low>("tflops_low"),
    field<&Result::tflops_high>("tflops_high"),
    field<&Result::speedup>("speedup"),
    field<&Result::speedup_noise_pct>("speedup_noise_pct"),
    field<&Result::speedup_f32>("speedup_f32"),
    field<&Result::limit_us>("limit_us"),
    field<&Result::limit_share>("limit_share"),
    field<&Result::bound>("bound"),
    field<&Result::quantize_us>("quantize_us"),
    field<&Result::gemm_us>("gemm_us"),
    field<&Result::launch_us>("launch_us"),
    field<&Result::sqnr_db>("sqnr_db"),
    field<&Result::rel_error>("rel_error"),
    field<&Result::max_abs_error>("max_abs_error"),
    field<&Result::exact>("exact"),
    field<&Result::clock_mhz>("clock_mhz"),
    field<&Result::power_w>("power_w"),
    field<&Result::temperature_c>("temperature_c"),
    field<&Result::throttle>("throttle"),
    field<&Result::typical_clock_us>("typical_clock_us"),
    field<&Result::working_set_bytes>("working_set_bytes"),
    field<&Result::repro>("repro"),
};

}  // namespace

std::span<const Field> row_fields() { return fields; }

}  // namespace qgemm
