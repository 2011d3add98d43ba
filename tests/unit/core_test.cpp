#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>

#include "core/nearest.hpp"
#include "qgemm/dtype.hpp"
#include "qgemm/error.hpp"
#include "qgemm/matrix.hpp"
#include "qgemm/result.hpp"
#include "qgemm/scheme.hpp"
#include "qgemm/shape.hpp"

namespace qgemm {
namespace {

TEST(Float16, EveryValueSurvivesTheWayThereAndBack) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const Float16 half{static_cast<std::uint16_t>(bits)};
    const float value = to_float(half);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(to_float(to_float16(value))));
    } else {
      ASSERT_EQ(to_float16(value).bits, half.bits) << bits;
    }
  }
}

TEST(Float16, RoundsHalfToEvenEverywhere) {
  // Between any two neighbours the middle goes to the even one, and what is off the middle to the nearer.
  for (std::uint32_t bits = 0; bits < 0x7bff; ++bits) {
    const double low = static_cast<double>(to_float(Float16{static_cast<std::uint16_t>(bits)}));
    const double high = static_cast<double>(to_float(Float16{static_cast<std::uint16_t>(bits + 1)}));
    const auto middle = static_cast<float>((low + high) / 2);
    ASSERT_EQ(to_float16(middle).bits, bits % 2 == 0 ? bits : bits + 1) << bits;
    ASSERT_EQ(to_float16(std::nextafter(middle, 0.0F)).bits, bits);
    ASSERT_EQ(to_float16(std::nextafter(middle, 1e9F)).bits, bits + 1);
  }
  EXPECT_EQ(to_float16(65519.0F).bits, 0x7bff);
  EXPECT_EQ(to_float16(65520.0F).bits, 0x7c00);
  EXPECT_EQ(to_float16(-1e30F).bits, 0xfc00);
}

TEST(BFloat16, RoundsHalfToEvenAndKeepsNaN) {
  for (std::uint32_t bits = 0; bits < 0x7f7f; ++bits) {
    const auto middle = std::bit_cast<float>((bits << 16U) | 0x8000U);
    ASSERT_EQ(to_bfloat16(middle).bits, bits % 2 == 0 ? bits : bits + 1) << bits;
    ASSERT_EQ(to_bfloat16(std::nextafter(middle, 0.0F)).bits, bits);
  }
  EXPECT_EQ(to_bfloat16(std::numeric_limits<float>::max()).bits, 0x7f80);
  EXPECT_TRUE(std::isnan(to_float(to_bfloat16(std::bit_cast<float>(0x7f800001U)))));
}

TEST(E4M3, EveryValueSurvivesTheWayThereAndBack) {
  for (std::uint32_t bits = 0; bits < 0x100; ++bits) {
    const E4M3 code{static_cast<std::uint8_t>(bits)};
    const float value = to_float(code);
    EXPECT_EQ(std::isnan(value), (bits & 0x7fU) == 0x7fU) << bits;
    EXPECT_EQ(to_e4m3(value).bits, code.bits) << bits;
    if (std::isnan(value)) continue;
    // The definition: (−1)^s · 2^(e−7) · 1.m, and m · 2⁻⁹ where e = 0.
    const int exponent = static_cast<int>((bits >> 3U) & 0xfU), mantissa = static_cast<int>(bits & 7U);
    const float magnitude = exponent == 0 ? std::ldexp(static_cast<float>(mantissa), -9)
                                          : std::ldexp(static_cast<float>(8 + mantissa), exponent - 10);
    EXPECT_EQ(std::bit_cast<std::uint32_t>(value), std::bit_cast<std::uint32_t>(bits < 0x80 ? magnitude : -magnitude))
        << bits;
  }
}

TEST(E4M3, RoundsHalfToEvenEverywhere) {
  for (std::uint32_t bits = 0; bits < 0x7e; ++bits) {
    const float low = to_float(E4M3{static_cast<std::uint8_t>(bits)});
    const float high = to_float(E4M3{static_cast<std::uint8_t>(bits + 1)});
    const float middle = (low + high) / 2;  // exact
    for (const std::uint32_t sign : {0U, 0x80U}) {
      const auto code = [sign](float value) { return to_e4m3(sign != 0 ? -value : value).bits; };
      ASSERT_EQ(code(middle), sign | (bits % 2 == 0 ? bits : bits + 1)) << bits;
      ASSERT_EQ(code(std::nextafter(middle, 0.0F)), sign | bits) << bits;
      ASSERT_EQ(code(std::nextafter(middle, 1e9F)), sign | (bits + 1)) << bits;
    }
  }
}

TEST(E4M3, SaturatesAndKeepsNaN) {
  const float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  for (const float value : {448.0F, std::nextafter(448.0F, 1e9F), 464.0F, 480.0F, 1e30F, infinity}) {
    EXPECT_EQ(to_e4m3(value).bits, 0x7e) << value;
    EXPECT_EQ(to_e4m3(-value).bits, 0xfe) << value;
  }
  EXPECT_EQ(to_e4m3(std::nextafter(448.0F, 0.0F)).bits, 0x7e);
  EXPECT_EQ(to_e4m3(nan).bits, 0x7f);
  EXPECT_EQ(to_e4m3(-nan).bits, 0xff);
  EXPECT_EQ(to_e4m3(0x1p-10F).bits, 0) << "half the smallest, to even";
  EXPECT_EQ(to_e4m3(std::numeric_limits<float>::denorm_min()).bits, 0);
  EXPECT_EQ(to_e4m3(-0.0F).bits, 0x80);
}

TEST(DTypes, NamesComeBack) {
  for (const auto type : {DType::f32, DType::bf16, DType::f16, DType::s8, DType::s32, DType::e4m3}) {
    EXPECT_EQ(parse_dtype(name(type)), type);
  }
  EXPECT_THROW(parse_dtype("int4"), InvalidInput);
}

TEST(Shapes, ParseWhatTheyPrintAndNothingElse) {
  EXPECT_EQ(parse_shape("16x4096x14336"), (Shape{16, 4096, 14336}));
  EXPECT_EQ(parse_shape(to_string(Shape{1, 2, 3})), (Shape{1, 2, 3}));
  for (const char* bad :
       {"", "x", "4x5", "4x5x", "x4x5", "0x1x1", "-1x2x3", "1x2x3x4", "1 x2x3", "1x2x99999999999999999999", "axbxc"}) {
    EXPECT_THROW(parse_shape(bad), InvalidInput) << bad;
  }
}

TEST(Matrices, RefuseSizesThatNoMemoryHas) {
  EXPECT_THROW(Matrix(DType::f32, -1, 2), InvalidInput);
  EXPECT_THROW(Matrix(DType::f32, std::int64_t{1} << 40, std::int64_t{1} << 40), OutOfMemory);
  EXPECT_THROW(Matrix(DType::s8, std::int64_t{1} << 31, std::int64_t{1} << 31), OutOfMemory);
  const Matrix aligned(DType::s8, 3, 5);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(aligned.data()) % 64, 0U);
}

TEST(Providers, HaveTheReferencesNamesAndComeBack) {
  const auto names = all_providers();
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
  for (const auto& provider : names) EXPECT_EQ(provider_name(parse_provider(provider)), provider);
  for (const char* type : {"int8", "fp8"}) {
    for (const char* w : {"tensor", "channel"}) {
      for (const char* a : {"tensor", "token"}) {
        for (const char* end : {"", "-noquant"}) {
          const std::string provider = std::string(type) + "-" + w + "-w-" + a + "-a" + end;
          EXPECT_NE(std::find(names.begin(), names.end(), provider), names.end()) << provider;
        }
      }
    }
  }
  EXPECT_EQ(parse_provider("torch-bf16"), parse_provider("bf16"));
}

TEST(Providers, SayWhatTheNamesSay) {
  const Scheme token = parse_provider("int8-channel-w-token-a");
  EXPECT_EQ(token.weight_scale, ScaleGranularity::per_channel);
  EXPECT_EQ(token.activation_scale, ScaleGranularity::per_token);
  EXPECT_EQ(token.activation_quant, ActivationQuant::dynamic);
  EXPECT_TRUE(token.quantizes_inside());
  // The reference's tensor-a is static: its scale is given, nothing is reduced inside the call.
  EXPECT_EQ(parse_provider("int8-tensor-w-tensor-a").activation_quant, ActivationQuant::static_scale);
  EXPECT_EQ(parse_provider("int8-tensor-w-dyntensor-a").activation_quant, ActivationQuant::dynamic);
  EXPECT_FALSE(parse_provider("int8-tensor-w-tensor-a-noquant").quantizes_inside());
  EXPECT_EQ(parse_provider("int8-tensor-w-token-a-azp").zero_point, ZeroPoint::per_token);
  EXPECT_EQ(parse_provider("int8-tensor-w-tensor-a-azp-noquant").zero_point, ZeroPoint::per_tensor);
  EXPECT_FALSE(parse_provider("bf16").quantized());
}

TEST(Providers, UnknownNamesAreToldTheNearest) {
  try {
    parse_provider("int8-chanel-w-token-a");
    FAIL();
  } catch (const InvalidInput& error) {
    EXPECT_NE(std::string(error.what()).find("int8-channel-w-token-a"), std::string::npos) << error.what();
  }
  EXPECT_THROW(parse_provider("fp8-tensor-w-token-a-azp"), InvalidInput);  // there is no such scheme
}

TEST(Providers, PatternsExpandInTableOrderEachOnce) {
  const std::vector<std::string> defaults{"bf16", "int8-tensor-w-tensor-a"};
  EXPECT_EQ(expand_providers({"default"}, defaults), defaults);
  EXPECT_EQ(expand_providers({"int8-tensor-w-tensor-a", "torch-bf16", "default"}, defaults), defaults);
  EXPECT_EQ(expand_providers({"torch-*"}, {}), std::vector<std::string>{"bf16"});
  EXPECT_EQ(expand_providers({"all"}, {}), all_providers());
  EXPECT_EQ(expand_providers({"int8-channel-*token-a"}, {}), std::vector<std::string>{"int8-channel-w-token-a"});
  EXPECT_THROW(expand_providers({"int9-*"}, {}), InvalidInput);
}

TEST(Providers, KIsBoundedWhereSumsCouldOverflow) {
  EXPECT_EQ(max_k(parse_provider("int8-channel-w-token-a")), 133'144);
  EXPECT_EQ(max_k(parse_provider("int8-channel-w-token-a-azp")), 131'071);
  EXPECT_EQ(max_k(parse_provider("int8-tensor-w-tensor-a")), 131'071);
  EXPECT_EQ(max_k(parse_provider("bf16")), std::numeric_limits<std::int64_t>::max());
  EXPECT_LE(std::int64_t{127} * 127 * 133'144, std::numeric_limits<std::int32_t>::max());
  EXPECT_GT(std::int64_t{127} * 127 * 133'145, std::numeric_limits<std::int32_t>::max());
  EXPECT_LE(std::int64_t{128} * 128 * 131'071, std::numeric_limits<std::int32_t>::max());
}

TEST(Nearest, FindsTypingErrorsAndParts) {
  const std::vector<std::string> names{"meta-llama/Llama-3-8b", "Qwen/Qwen2.5-7B-Instruct",
                                       "mistralai/Mistral-7B-v0.1"};
  EXPECT_EQ(nearest("mistral", names, 1), std::vector<std::string>{"mistralai/Mistral-7B-v0.1"});
  EXPECT_EQ(nearest("meta-llama/Lama-3-8b", names, 1), std::vector<std::string>{"meta-llama/Llama-3-8b"});
  EXPECT_EQ(join_or({"a", "b", "c"}), "a, b or c");
  EXPECT_TRUE(nearest("", {}, 3).empty());
}

TEST(Patterns, StarsStandForAnything) {
  EXPECT_TRUE(matches_pattern("gate_up", "*"));
  EXPECT_TRUE(matches_pattern("gate_up", "g*_*p"));
  EXPECT_FALSE(matches_pattern("gate_up", "g*x"));
  EXPECT_TRUE(matches_pattern("", "**"));
  EXPECT_FALSE(matches_pattern("a", ""));
  EXPECT_FALSE(matches_pattern(std::string(5000, 'a'), "*a*a*a*a*a*a*a*a*a*b"));  // would take years by backtracking
}

TEST(Outcomes, NamesComeBack) {
  for (const auto outcome : {Outcome::ok, Outcome::noisy, Outcome::unsupported, Outcome::incorrect, Outcome::failed,
                             Outcome::out_of_memory, Outcome::skipped}) {
    EXPECT_EQ(parse_outcome(name(outcome)), outcome);
  }
  EXPECT_THROW(parse_outcome("great"), InvalidInput);
  EXPECT_EQ(parse_cache_state("hot"), CacheState::hot);
  EXPECT_THROW(parse_cache_state("lukewarm"), InvalidInput);
}

}  // namespace
}  // namespace qgemm
