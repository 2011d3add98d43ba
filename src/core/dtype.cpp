#include "qgemm/dtype.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <string>

#include "qgemm/error.hpp"

namespace qgemm {
namespace {

struct TypeInfo {
  DType type;
  std::string_view name;
  std::size_t size;
};
constexpr std::array<TypeInfo, 6> types{{{DType::f32, "f32", 4},
                                         {DType::bf16, "bf16", 2},
                                         {DType::f16, "f16", 2},
                                         {DType::s8, "s8", 1},
                                         {DType::s32, "s32", 4},
                                         {DType::e4m3, "e4m3", 1}}};

}  // namespace

std::size_t size_of(DType type) { return types.at(static_cast<std::size_t>(type)).size; }
std::string_view name(DType type) { return types.at(static_cast<std::size_t>(type)).name; }

DType parse_dtype(std::string_view text) {
  for (const auto& info : types) {
    if (info.name == text) return info.type;
  }
  throw InvalidInput("unknown element type '" + std::string(text) + "': use f32, bf16, f16, s8, s32 or e4m3");
}

float to_float(Float16 value) {
  const std::uint32_t sign = (value.bits & 0x8000U) << 16U;
  const std::uint32_t exponent = (value.bits >> 10U) & 0x1fU;
  const std::uint32_t mantissa = value.bits & 0x3ffU;
  if (exponent == 0x1f) return std::bit_cast<float>(sign | 0x7f800000U | (mantissa << 13U));
  if (exponent != 0) return std::bit_cast<float>(sign | ((exponent + 112U) << 23U) | (mantissa << 13U));
  const float magnitude = static_cast<float>(mantissa) * 0x1p-24F;  // zero and subnormals, exact in float
  return sign != 0 ? -magnitude : magnitude;
}

Float16 to_float16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16U) & 0x8000U);
  const std::uint32_t magnitude = bits & 0x7fffffffU;
  if (magnitude > 0x7f800000U) return {static_cast<std::uint16_t>(sign | 0x7e00U)};
  if (magnitude >= 0x477ff000U)
    return {static_cast<std::uint16_t>(sign | 0x7c00U)};  // 65520 and above round to infinity
  if (magnitude < 0x38800000U) {
    // Below the smallest normal (2⁻¹⁴): adding 0.5 leaves the value in units of 2⁻²⁴ in the low mantissa bits, rounded.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
    return {static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000U))};
  }
  const std::uint32_t rounded = magnitude + 0xfffU + ((magnitude >> 13U) & 1U);
  return {static_cast<std::uint16_t>(sign | ((rounded - 0x38000000U) >> 13U))};
}

float to_float(E4M3 value) {
  const std::uint32_t sign = (value.bits & 0x80U) << 24U;
  const std::uint32_t magnitude = value.bits & 0x7fU;
  if (magnitude == 0x7f) return std::bit_cast<float>(sign | 0x7fc00000U);
  if (magnitude >= 8) return std::bit_cast<float>(sign | ((magnitude << 20U) + (120U << 23U)));
  const float subnormal = static_cast<float>(magnitude) * 0x1p-9F;
  return sign != 0 ? -subnormal : subnormal;
}

E4M3 to_e4m3(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint8_t>((bits >> 24U) & 0x80U);
  const std::uint32_t magnitude = bits & 0x7fffffffU;
  if (magnitude > 0x7f800000U) return {static_cast<std::uint8_t>(sign | 0x7fU)};
  if (magnitude >= 0x43e00000U) return {static_cast<std::uint8_t>(sign | 0x7eU)};  // 448
  if (magnitude < 0x3c800000U) {
    // Below the smallest normal (2⁻⁶): adding 2¹⁴ leaves the value in units of 2⁻⁹ in the low mantissa bits, rounded.
    const float shifted = std::bit_cast<float>(magnitude) + 0x1p14F;
    return {static_cast<std::uint8_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x46800000U))};
  }
  const std::uint32_t rounded = magnitude + 0x7ffffU + ((magnitude >> 20U) & 1U);
  return {static_cast<std::uint8_t>(sign | ((rounded - (120U << 23U)) >> 20U))};
}

}  // namespace qgemm
