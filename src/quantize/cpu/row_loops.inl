// The row loops over a vector type `V`, included by one file an instruction set, each of which defines `V` in an
// unnamed namespace. No function of a library header may be called here: see RowEpilogue.
//
// `V::Divisor` divides with one rounding; `clamped` limits what it divides so that quotients stay within ±2³⁰.

struct Bf16Bits {
  std::uint16_t bits;
};
struct F16Bits {
  std::uint16_t bits;
};

constexpr std::int32_t infinity_bits = 0x7f800000;

/// The last count % width elements, padded with the row's own last element, which changes no minimum or maximum.
template <class T>
inline void load_tail(const T* x, std::int64_t count, T* padded) {
  for (int i = 0; i < V::width; ++i) padded[i] = x[i < count ? i : count - 1];
}

template <class T>
RowRange range_row(const void* data, std::int64_t count) {
  const T* x = static_cast<const T*>(data);
  V::I bits = V::set_int(0);
  V::F low = V::set(__builtin_inff()), high = V::set(-__builtin_inff());
  std::int64_t i = 0;
  const auto take = [&](V::F value) {
    bits = V::max_int(bits, V::abs_bits(value));
    low = V::min(low, value);
    high = V::max(high, value);
  };
  for (; i + V::width <= count; i += V::width) take(V::load(x + i));
  if (i < count) {
    T padded[V::width];
    load_tail(x + i, count - i, padded);
    take(V::load(padded));
  }
  return {V::reduce_min(low), V::reduce_max(high), V::reduce_max_int(bits) < infinity_bits};
}

/// Magnitudes of one sign order as their bits do, so 16-bit floats are compared without widening them.
template <class T>
std::uint32_t absmax_bits_row(const void* data, std::int64_t count) {
  if constexpr (sizeof(T) == 2) {
    const auto* x = static_cast<const std::uint16_t*>(data);
    V::I16 largest = V::zero_16();
    std::int64_t i = 0;
    for (; i + V::width_16 <= count; i += V::width_16) largest = V::max_abs_16(largest, V::load_16(x + i));
    if (i < count) {
      std::uint16_t padded[V::width_16] = {};
      for (std::int64_t j = i; j < count; ++j) padded[j - i] = x[j];
      largest = V::max_abs_16(largest, V::load_16(padded));
    }
    return V::reduce_max_16(largest);
  } else {
    const auto* x = static_cast<const T*>(data);
    V::I bits = V::set_int(0);
    std::int64_t i = 0;
    for (; i + V::width <= count; i += V::width) bits = V::max_int(bits, V::abs_bits(V::load(x + i)));
    if (i < count) {
      T padded[V::width];
      load_tail(x + i, count - i, padded);
      bits = V::max_int(bits, V::abs_bits(V::load(padded)));
    }
    return static_cast<std::uint32_t>(V::reduce_max_int(bits));
  }
}

template <class T, bool Ranged, bool Shifted, bool Stream>
bool quantize_row_to(const T* x, std::int64_t count, float scale, std::int32_t azp, std::uint8_t flip, std::uint8_t* q,
                     const T* next) {
  const V::Divisor divisor(scale);
  const V::I zero = V::set_int(azp);
  V::I bits = V::set_int(0);
  const auto quantized = [&](V::F value) {
    if constexpr (!Ranged) {
      bits = V::max_int(bits, V::abs_bits(value));
      value = divisor.clamped(value);
    }
    // A 16-bit float needs one correction only, whatever it is divided by: exact_division_test.cpp tries all mantissas.
    constexpr bool once = sizeof(T) == 2;
    const V::I q_value = V::round_to_int(divisor.template divide<once>(value));
    return Shifted ? V::add_int(q_value, zero) : q_value;
  };
  const auto quantize_four = [&](std::int64_t i) {
    V::store_bytes<Stream>(quantized(V::load(x + i)), quantized(V::load(x + i + V::width)),
                           quantized(V::load(x + i + 2 * V::width)), quantized(V::load(x + i + 3 * V::width)), flip,
                           q + i);
  };
  std::int64_t i = 0;
  if (next != nullptr) {
    for (; i + 4 * V::width <= count; i += 4 * V::width) {
      for (std::int64_t byte = 0; byte < static_cast<std::int64_t>(4 * V::width * sizeof(T)); byte += 64) {
        __builtin_prefetch(reinterpret_cast<const char*>(next + i) + byte, 0, 3);
      }
      quantize_four(i);
    }
  } else {
    for (; i + 4 * V::width <= count; i += 4 * V::width) quantize_four(i);
  }
  for (; i < count; i += V::width) {
    T padded[V::width];
    const std::int64_t left = count - i < V::width ? count - i : V::width;
    load_tail(x + i, left, padded);
    std::uint8_t bytes[4 * V::width];
    const V::I value = quantized(V::load(padded));
    V::store_bytes<false>(value, value, value, value, flip, bytes);
    for (std::int64_t j = 0; j < left; ++j) q[i + j] = bytes[j];
  }
  if constexpr (Stream) V::fence();  // streamed stores are ordered with nothing else
  return Ranged || V::reduce_max_int(bits) < infinity_bits;
}

template <class T>
bool quantize_row(const void* x, std::int64_t count, float scale, std::int32_t azp, std::uint8_t flip, std::uint8_t* q,
                  const QuantizeHints& hints) {
  constexpr decltype(&quantize_row_to<T, false, false, false>) variants[] = {
      quantize_row_to<T, false, false, false>, quantize_row_to<T, false, false, true>,
      quantize_row_to<T, false, true, false>,  quantize_row_to<T, false, true, true>,
      quantize_row_to<T, true, false, false>,  quantize_row_to<T, true, false, true>,
      quantize_row_to<T, true, true, false>,   quantize_row_to<T, true, true, true>};
  const auto run = variants[(hints.ranged ? 4 : 0) + (azp != 0 ? 2 : 0) + (hints.stream ? 1 : 0)];
  return run(static_cast<const T*>(x), count, scale, azp, flip, q, static_cast<const T*>(hints.next));
}

/// One vector of results from `sums`, with the scales, zero points and biases of the same columns.
inline V::F dequantized(const std::int32_t* sums, const float* scale_w, V::F one_scale_w, V::F scale_a,
                        const RowEpilogue& e, const std::int32_t* colsum, const float* bias) {
  V::F value;
  if (e.azp == 0) {
    value = V::to_f(V::load_int(sums));
  } else if (e.azp_fits_32) {
    value = V::to_f(V::sub_int(V::load_int(sums), V::mul_int(V::set_int(e.azp), V::load_int(colsum))));
  } else {
    float wide[V::width];
    for (int j = 0; j < V::width; ++j) {
      wide[j] = static_cast<float>(static_cast<std::int64_t>(sums[j]) - static_cast<std::int64_t>(e.azp) * colsum[j]);
    }
    value = V::load_f(wide);
  }
  value = V::mul(scale_a, V::mul(e.scale_w_stride != 0 ? V::load_f(scale_w) : one_scale_w, value));
  return bias != nullptr ? V::add(value, V::load_f(bias)) : value;
}

template <class T>
void dequantize_row(const std::int32_t* sums, std::int64_t count, const RowEpilogue& e, void* out) {
  T* d = static_cast<T*>(out);
  const V::F scale_a = V::set(e.scale_a), scale_w = V::set(e.scale_w[0]);
  const std::int64_t step = e.scale_w_stride;
  std::int64_t i = 0;
  for (; i + V::width <= count; i += V::width) {
    V::store(d + i, dequantized(sums + i, e.scale_w + step * i, scale_w, scale_a, e, e.colsum + (e.azp != 0 ? i : 0),
                                e.bias != nullptr ? e.bias + i : nullptr));
  }
  if (i == count) return;
  const std::int64_t left = count - i;
  std::int32_t tail_sums[V::width] = {}, tail_colsum[V::width] = {};
  float tail_scale[V::width] = {}, tail_bias[V::width] = {};
  T tail_d[V::width];
  for (std::int64_t j = 0; j < left; ++j) {
    tail_sums[j] = sums[i + j];
    if (e.azp != 0) tail_colsum[j] = e.colsum[i + j];
    tail_scale[j] = e.scale_w[step * (i + j)];
    if (e.bias != nullptr) tail_bias[j] = e.bias[i + j];
  }
  V::store(tail_d, dequantized(tail_sums, tail_scale, scale_w, scale_a, e, tail_colsum,
                               e.bias != nullptr ? tail_bias : nullptr));
  for (std::int64_t j = 0; j < left; ++j) d[i + j] = tail_d[j];
}

#define QGEMM_ROW_KERNELS(name)                                                        \
  {                                                                                    \
    name, {range_row<float>, range_row<Bf16Bits>, range_row<F16Bits>},                 \
        {absmax_bits_row<float>, absmax_bits_row<Bf16Bits>, absmax_bits_row<F16Bits>}, \
        {quantize_row<float>, quantize_row<Bf16Bits>, quantize_row<F16Bits>}, {        \
      dequantize_row<float>, dequantize_row<Bf16Bits>, dequantize_row<F16Bits>         \
    }                                                                                  \
  }
