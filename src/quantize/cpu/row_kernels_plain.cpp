// Plain C++ for any CPU: eight lanes that the compiler may or may not turn into vectors.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "qgemm/dtype.hpp"
#include "quantize/cpu/row_kernels.hpp"

namespace qgemm {
namespace {

struct Bf16Bits;
struct F16Bits;

struct V {
  static constexpr int width = 8;
  struct F {
    float lane[8];
  };
  struct I {
    std::int32_t lane[8];
  };

  template <class Out, class Function>
  static Out each(Function function) {
    Out out;
    for (int i = 0; i < width; ++i) out.lane[i] = function(i);
    return out;
  }
  static constexpr int width_16 = 16;
  struct I16 {
    std::uint16_t lane[16];
  };

  static I16 zero_16() { return {}; }
  static I16 load_16(const std::uint16_t* x) {
    I16 out;
    std::copy_n(x, width_16, out.lane);
    return out;
  }
  static I16 max_abs_16(const I16& largest, const I16& x) {
    I16 out;
    for (int i = 0; i < width_16; ++i) {
      out.lane[i] = std::max(largest.lane[i], static_cast<std::uint16_t>(x.lane[i] & 0x7fff));
    }
    return out;
  }
  static std::uint32_t reduce_max_16(const I16& x) { return *std::max_element(x.lane, x.lane + width_16); }
  static F load(const float* x) {
    return each<F>([x](int i) { return x[i]; });
  }
  static F load(const Bf16Bits* x) {
    const auto* in = reinterpret_cast<const std::uint16_t*>(x);
    return each<F>([in](int i) { return to_float(BFloat16{in[i]}); });
  }
  static F load(const F16Bits* x) {
    const auto* in = reinterpret_cast<const std::uint16_t*>(x);
    return each<F>([in](int i) { return to_float(Float16{in[i]}); });
  }
  static F load_f(const float* x) { return load(x); }
  static I load_int(const std::int32_t* x) {
    return each<I>([x](int i) { return x[i]; });
  }
  static F set(float x) {
    return each<F>([x](int) { return x; });
  }
  static I set_int(std::int32_t x) {
    return each<I>([x](int) { return x; });
  }
  static I abs_bits(const F& x) {
    return each<I>([&x](int i) { return std::bit_cast<std::int32_t>(x.lane[i]) & 0x7fffffff; });
  }
  static I max_int(const I& a, const I& b) {
    return each<I>([&](int i) { return std::max(a.lane[i], b.lane[i]); });
  }
  static std::int32_t reduce_max_int(const I& x) { return *std::max_element(x.lane, x.lane + width); }
  static F min(const F& a, const F& b) {
    return each<F>([&](int i) { return a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]; });
  }
  static F max(const F& a, const F& b) {
    return each<F>([&](int i) { return a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]; });
  }
  static float reduce_min(const F& x) { return *std::min_element(x.lane, x.lane + width); }
  static float reduce_max(const F& x) { return *std::max_element(x.lane, x.lane + width); }
  static F mul(const F& a, const F& b) {
    return each<F>([&](int i) { return a.lane[i] * b.lane[i]; });
  }
  static F add(const F& a, const F& b) {
    return each<F>([&](int i) { return a.lane[i] + b.lane[i]; });
  }
  static I add_int(const I& a, const I& b) {
    return each<I>([&](int i) { return a.lane[i] + b.lane[i]; });
  }
  /// Modulo 2³², as the vector instructions.
  static std::uint32_t bits(std::int32_t x) { return static_cast<std::uint32_t>(x); }
  static I sub_int(const I& a, const I& b) {
    return each<I>([&](int i) { return static_cast<std::int32_t>(bits(a.lane[i]) - bits(b.lane[i])); });
  }
  static I mul_int(const I& a, const I& b) {
    return each<I>([&](int i) { return static_cast<std::int32_t>(bits(a.lane[i]) * bits(b.lane[i])); });
  }
  static F to_f(const I& x) {
    return each<F>([&x](int i) { return static_cast<float>(x.lane[i]); });
  }
  /// Half to even: the default rounding mode, which nothing in this library changes.
  static I round_to_int(const F& x) {
    return each<I>([&x](int i) { return static_cast<std::int32_t>(std::lrint(x.lane[i])); });
  }

  template <bool Stream>
  static void store_bytes(const I& a, const I& b, const I& c, const I& d, std::uint8_t flip, std::uint8_t* q) {
    for (const I* part : {&a, &b, &c, &d}) {
      for (int i = 0; i < width; ++i) *q++ = static_cast<std::uint8_t>(std::clamp(part->lane[i], -128, 127)) ^ flip;
    }
  }
  static void fence() {}
  static void store(float* d, const F& x) { std::copy(x.lane, x.lane + width, d); }
  static void store(Bf16Bits* d, const F& x) {
    auto* out = reinterpret_cast<std::uint16_t*>(d);
    for (int i = 0; i < width; ++i) out[i] = to_bfloat16(x.lane[i]).bits;
  }
  static void store(F16Bits* d, const F& x) {
    auto* out = reinterpret_cast<std::uint16_t*>(d);
    for (int i = 0; i < width; ++i) out[i] = to_float16(x.lane[i]).bits;
  }

  class Divisor {
   public:
    explicit Divisor(float scale) : scale_(scale) {}
    F clamped(const F& x) const { return x; }
    template <bool Once>
    F divide(const F& x) const {
      if (scale_ == 0.0F) return set(0.0F);  // a zero scale stands for a row of zeros
      return each<F>([&](int i) { return std::clamp(x.lane[i] / scale_, -0x1p30F, 0x1p30F); });
    }

   private:
    float scale_;
  };
};

#include "quantize/cpu/row_loops.inl"

}  // namespace

const RowKernels plain_row_kernels = QGEMM_ROW_KERNELS("plain");

}  // namespace qgemm
