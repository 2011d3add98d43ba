#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace qgemm {

/// Element types of operands and results. `e4m3` is the OCP 8-bit float with 4 exponent bits ("FP8").
enum class DType : std::uint8_t { f32, bf16, f16, s8, s32, e4m3 };

/// Bytes of one element.
std::size_t size_of(DType type);

/// "f32", "bf16", "f16", "s8", "s32", "e4m3".
std::string_view name(DType type);

/// The inverse of `name`; throws `InvalidInput` naming the known types.
DType parse_dtype(std::string_view text);

/// Storage of a bfloat16: the upper half of a float32.
struct BFloat16 {
  std::uint16_t bits = 0;
};

/// Storage of an IEEE binary16.
struct Float16 {
  std::uint16_t bits = 0;
};

/// Storage of an OCP 8-bit float with 4 exponent and 3 mantissa bits: ±2⁻⁹ … ±448, no infinity.
struct E4M3 {
  std::uint8_t bits = 0;
};

inline float to_float(float value) { return value; }

inline float to_float(BFloat16 value) { return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16U); }

float to_float(Float16 value);

float to_float(E4M3 value);

/// Rounds half to even; NaN stays NaN (quiet), overflow becomes infinity.
inline BFloat16 to_bfloat16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffU) > 0x7f800000U) return {static_cast<std::uint16_t>((bits >> 16U) | 0x40U)};
  return {static_cast<std::uint16_t>((bits + 0x7fffU + ((bits >> 16U) & 1U)) >> 16U)};
}

/// Rounds half to even, subnormals included; NaN stays NaN (quiet), overflow becomes infinity.
Float16 to_float16(float value);

/// Rounds half to even, subnormals included; what lies past ±448, infinity too, becomes ±448, NaN 0x7f or 0xff.
E4M3 to_e4m3(float value);

}  // namespace qgemm
