#include "qgemm/quantize.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <random>
#include <vector>

#include "device/cpu_info.hpp"
#include "qgemm/error.hpp"
#include "quantize/activations.hpp"
#include "quantize/cpu/row_kernels.hpp"
#include "quantize/dequantize.hpp"
#include "quantize/reference.hpp"
#include "quantize/weights.hpp"
#include "random_matrix.hpp"
#include "test_seed.hpp"

namespace qgemm {
namespace {

using testing::random_matrix;
using testing::test_seed;
using testing::Values;

std::vector<const RowKernels*> kernels_here() {
  std::vector<const RowKernels*> kernels{&plain_row_kernels};
#if defined(__x86_64__)
  if (cpu_features().avx2) kernels.push_back(&avx2_row_kernels);
  if (cpu_features().avx512) kernels.push_back(&avx512_row_kernels);
#endif
  return kernels;
}

constexpr DType input_types[] = {DType::f32, DType::bf16, DType::f16};

TEST(RowKernels, QuantizeBitForBitAsTheReferenceOnEveryInstructionSet) {
  SCOPED_TRACE("QGEMM_TEST_SEED=" + std::to_string(test_seed()));
  std::mt19937_64 rng(test_seed());
  for (const RowKernels* kernels : kernels_here()) {
    for (int round = 0; round < 400; ++round) {
      const int type = static_cast<int>(rng() % 3);
      const auto kind = static_cast<Values>(rng() % testing::value_kinds);
      const auto count = static_cast<std::int64_t>(1 + rng() % 300);
      const Matrix x = random_matrix(rng, input_types[type], 1, count, kind);
      const StaticScale own = reference::scale_of_rows(x.view(), 0, 1, rng() % 2 == 0);
      // A scale of its own, and foreign ones: larger, smaller, with an all-ones mantissa, with a far zero point.
      const float scales[] = {own.scale, own.scale * 3, own.scale * 0.01F, 0x1.fffffep-7F, 1.0F, 0x1p-70F};
      for (const float scale : scales) {
        const std::int32_t azp = rng() % 3 == 0 ? static_cast<std::int32_t>(rng() % 2001) - 1000 : own.azp;
        const std::uint8_t flip = rng() % 2 == 0 ? 0x80 : 0;
        std::vector<std::uint8_t> q(static_cast<std::size_t>(count) + 1, 0xee);
        const QuantizeHints hints{.ranged = scale == own.scale && azp == own.azp && (type != 0 || azp == 0)};
        ASSERT_TRUE(kernels->quantize[type](x.data(), count, scale, azp, flip, q.data(), hints));
        for (std::int64_t i = 0; i < count; ++i) {
          const auto expected = reference::quantize_value(element(x.view(), 0, i), scale, azp);
          ASSERT_EQ(static_cast<std::int8_t>(q[static_cast<std::size_t>(i)] ^ flip), expected)
              << kernels->name << " " << name(input_types[type]) << " x=" << element(x.view(), 0, i)
              << " scale=" << scale << " azp=" << azp << " at " << i << " of " << count;
        }
        EXPECT_EQ(q.back(), 0xee) << kernels->name << " wrote past the row";
      }
    }
  }
}

TEST(RowKernels, DivideExactlyNearEveryTie) {
  // Quotients one ulp around h + 0.5 are where a division that is not correctly rounded shows.
  SCOPED_TRACE("QGEMM_TEST_SEED=" + std::to_string(test_seed()));
  std::mt19937_64 rng(test_seed());
  std::uniform_real_distribution<float> mantissa(1.0F, 2.0F);
  for (const RowKernels* kernels : kernels_here()) {
    for (int round = 0; round < 3000; ++round) {
      const float scale = std::ldexp(mantissa(rng), static_cast<int>(rng() % 100) - 50);
      std::vector<float> x;
      for (int i = 0; i < 64; ++i) {
        const float tie = (static_cast<float>(rng() % 255) - 127.5F) * scale;
        const int step = static_cast<int>(rng() % 5) - 2;
        float value = tie;
        for (int s = 0; s < std::abs(step); ++s) value = std::nextafter(value, step > 0 ? 1e30F : -1e30F);
        x.push_back(value);
      }
      std::vector<std::uint8_t> q(x.size());
      ASSERT_TRUE(kernels->quantize[0](x.data(), 64, scale, 0, 0, q.data(), {}));
      for (std::size_t i = 0; i < x.size(); ++i) {
        ASSERT_EQ(static_cast<std::int8_t>(q[i]), reference::quantize_value(x[i], scale, 0))
            << kernels->name << " x=" << x[i] << " scale=" << scale;
      }
    }
  }
}

TEST(QuantizeE4M3, ReferenceFollowsTheDefinition) {
  Matrix x(DType::f32, 2, 4);
  const float values[] = {-2.0F, 0.0F, 1.0F, 3.0F, 0.0F, 0.0F, -0.0F, 0.0F};
  std::memcpy(x.data(), values, sizeof values);
  const auto token = reference::quantize_activations(parse_provider("fp8-channel-w-token-a"), {}, x.view());
  EXPECT_EQ(token.values.dtype(), DType::e4m3);
  EXPECT_EQ(token.scales, (std::vector<float>{3.0F / 448.0F, 0.0F}));
  EXPECT_TRUE(token.azp.empty());
  EXPECT_EQ(element(token.values.view(), 0, 0), -288.0F);  // −298.67 between −288 and −320
  EXPECT_EQ(element(token.values.view(), 0, 2), 144.0F);   // 149.33 between 144 and 160
  EXPECT_EQ(element(token.values.view(), 0, 3), 448.0F);
  for (int c = 0; c < 4; ++c) EXPECT_EQ(token.values.row<E4M3>(1)[c].bits, 0);
  const auto tensor = reference::quantize_activations(parse_provider("fp8-channel-w-dyntensor-a"), {}, x.view());
  EXPECT_EQ(tensor.scales, std::vector<float>{3.0F / 448.0F});
  EXPECT_EQ(tensor.values.row<E4M3>(1)[2].bits, 0x80) << "a negative zero stays one";
  const StaticScale given{0x1p-8F, 0};
  const auto fixed = reference::quantize_activations(parse_provider("fp8-channel-w-tensor-a"), given, x.view());
  EXPECT_EQ(fixed.scales, std::vector<float>{0x1p-8F});
  EXPECT_EQ(element(fixed.values.view(), 0, 2), 256.0F);
  EXPECT_EQ(element(fixed.values.view(), 0, 3), 448.0F) << "saturated: 768";
  const auto weights =
      reference::quantize_weights(x.view(), ScaleGranularity::per_channel, ScaleSource::absmax, DType::e4m3);
  EXPECT_EQ(weights.scales, token.scales);
  EXPECT_TRUE(weights.colsum.empty());
  EXPECT_EQ(std::memcmp(weights.values.data(), token.values.data(), token.values.bytes()), 0);
  set_element(x.view(), 1, 1, std::numeric_limits<float>::infinity());
  EXPECT_THROW(reference::quantize_activations(parse_provider("fp8-channel-w-token-a"), {}, x.view()), InvalidInput);
}

TEST(RowKernels, FindTheRangeAndWhatIsNotFinite) {
  std::mt19937_64 rng(test_seed());
  for (const RowKernels* kernels : kernels_here()) {
    for (int type = 0; type < 3; ++type) {
      for (std::int64_t count : {1, 2, 7, 8, 9, 15, 16, 17, 33, 100}) {
        const Matrix x = random_matrix(rng, input_types[type], 1, count, Values::normal);
        const RowRange range = kernels->range[type](x.data(), count);
        EXPECT_TRUE(range.finite);
        float low = 1e30F, high = -1e30F;
        for (std::int64_t i = 0; i < count; ++i) {
          low = std::min(low, element(x.view(), 0, i));
          high = std::max(high, element(x.view(), 0, i));
        }
        EXPECT_EQ(range.min, low);
        EXPECT_EQ(range.max, high);
        Matrix largest(input_types[type], 1, 1);
        set_element(largest.view(), 0, 0, std::max(std::abs(low), std::abs(high)));
        const std::uint32_t expected_bits =
            type == 0 ? *largest.row<std::uint32_t>(0) : std::uint32_t{*largest.row<std::uint16_t>(0)};
        EXPECT_EQ(kernels->absmax_bits[type](x.data(), count), expected_bits) << kernels->name << " " << count;
        for (const float bad : {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
                                std::numeric_limits<float>::quiet_NaN()}) {
          const auto at = static_cast<std::int64_t>(rng() % static_cast<std::uint64_t>(count));
          Matrix broken = random_matrix(rng, input_types[type], 1, count, Values::normal);
          set_element(broken.view(), 0, at, bad);
          std::vector<std::uint8_t> q(static_cast<std::size_t>(count));
          EXPECT_FALSE(kernels->range[type](broken.data(), count).finite) << kernels->name << " " << at;
          constexpr std::uint32_t infinity_bits[] = {0x7f800000U, 0x7f80U, 0x7c00U};
          EXPECT_GE(kernels->absmax_bits[type](broken.data(), count), infinity_bits[type])
              << kernels->name << " " << at;
          EXPECT_FALSE(kernels->quantize[type](broken.data(), count, 1, 0, 0, q.data(), {}));
        }
      }
    }
  }
}

TEST(RowKernels, DequantizeBitForBitAsTheReferenceOnEveryInstructionSet) {
  SCOPED_TRACE("QGEMM_TEST_SEED=" + std::to_string(test_seed()));
  std::mt19937_64 rng(test_seed());
  std::normal_distribution<float> normal;
  for (int round = 0; round < 600; ++round) {
    const std::int64_t n = 1 + static_cast<std::int64_t>(rng() % 70), m = 1 + static_cast<std::int64_t>(rng() % 3);
    const auto fill = [&](std::size_t count) {
      std::vector<float> values(count);
      for (auto& value : values) value = normal(rng);
      return values;
    };
    const bool extreme = rng() % 4 == 0;
    std::vector<std::int32_t> sums(static_cast<std::size_t>(m * n)), colsum(static_cast<std::size_t>(n)), azp;
    for (auto& sum : sums) sum = static_cast<std::int32_t>(rng()) >> (extreme ? 0 : 8);
    for (auto& sum : colsum) sum = static_cast<std::int32_t>(rng()) >> (extreme ? 7 : 15);
    if (rng() % 2 == 0) azp.resize(rng() % 2 == 0 ? 1 : static_cast<std::size_t>(m));
    for (auto& zero : azp) zero = static_cast<std::int32_t>(rng() % 256) - 128;
    const auto scale_a = fill(rng() % 2 == 0 ? 1 : static_cast<std::size_t>(m));
    const auto scale_w = fill(rng() % 2 == 0 ? 1 : static_cast<std::size_t>(n));
    const auto bias = fill(rng() % 2 == 0 ? 0 : static_cast<std::size_t>(n));
    const Epilogue epilogue{scale_a, scale_w, azp, colsum, bias};
    for (int type = 0; type < 3; ++type) {
      Matrix d(input_types[type], m, n), expected(input_types[type], m, n);
      dequantize_rows(sums.data(), n, epilogue, 0, m, d.view());
      for (std::int64_t r = 0; r < m; ++r) {
        for (std::int64_t c = 0; c < n; ++c) {
          set_element(expected.view(), r, c,
                      reference::dequantized(sums[static_cast<std::size_t>(r * n + c)], r, c, epilogue));
        }
      }
      ASSERT_EQ(std::memcmp(d.data(), expected.data(), d.bytes()), 0) << name(input_types[type]) << " round " << round;
    }
    // Sums that wrapped on the way come out right where the difference is known to fit.
    if (!azp.empty() && !extreme) {
      constexpr std::int32_t far = 40'000;
      std::vector<std::int32_t> wrapped = sums, moved = azp;
      for (auto& zero : moved) zero += far;
      for (std::size_t i = 0; i < wrapped.size(); ++i) {
        wrapped[i] = static_cast<std::int32_t>(static_cast<std::uint32_t>(wrapped[i]) +
                                               static_cast<std::uint32_t>(far) *
                                                   static_cast<std::uint32_t>(colsum[i % static_cast<std::size_t>(n)]));
      }
      Matrix exact(DType::f32, m, n), modulo(DType::f32, m, n);
      dequantize_rows(sums.data(), n, epilogue, 0, m, exact.view());
      dequantize_rows(wrapped.data(), n, {scale_a, scale_w, moved, colsum, bias, true}, 0, m, modulo.view());
      ASSERT_EQ(std::memcmp(exact.data(), modulo.data(), exact.bytes()), 0);
      for (const RowKernels* kernels : kernels_here()) {
        const RowEpilogue row{scale_a[0],    scale_w.data(), scale_w.size() == 1 ? 0 : 1,         moved[0],
                              colsum.data(), true,           bias.empty() ? nullptr : bias.data()};
        kernels->dequantize[0](wrapped.data(), n, row, modulo.data());
        ASSERT_EQ(std::memcmp(exact.data(), modulo.data(), static_cast<std::size_t>(n) * 4), 0) << kernels->name;
      }
    }
    // Each instruction set by itself, on the first row without a zero point.
    for (const RowKernels* kernels : kernels_here()) {
      const RowEpilogue row{scale_a[0], scale_w.data(), scale_w.size() == 1 ? 0 : 1,         0,
                            nullptr,    true,           bias.empty() ? nullptr : bias.data()};
      for (int type = 0; type < 3; ++type) {
        Matrix d(input_types[type], 1, n);
        kernels->dequantize[type](sums.data(), n, row, d.data());
        for (std::int64_t c = 0; c < n; ++c) {
          Matrix one(input_types[type], 1, 1);
          set_element(one.view(), 0, 0,
                      reference::dequantized(sums[static_cast<std::size_t>(c)], 0, c,
                                             {{scale_a.data(), 1}, scale_w, {}, {}, bias}));
          ASSERT_EQ(element(d.view(), 0, c), element(one.view(), 0, 0)) << kernels->name;
        }
      }
    }
  }
}

TEST(Quantize, EverySchemeMatchesTheReference) {
  SCOPED_TRACE("QGEMM_TEST_SEED=" + std::to_string(test_seed()));
  std::mt19937_64 rng(test_seed());
  for (int round = 0; round < 300; ++round) {
    const auto providers = all_providers();
    const Scheme scheme = parse_provider(providers[rng() % providers.size()]);
    if (!scheme.integer()) continue;
    const auto m = static_cast<std::int64_t>(1 + rng() % 40), k = static_cast<std::int64_t>(1 + rng() % 600);
    const Matrix a =
        random_matrix(rng, input_types[rng() % 3], m, k, static_cast<Values>(rng() % testing::value_kinds));
    std::optional<StaticScale> given;
    if (needs_static_scale(scheme)) {
      given = calibrate(scheme, a.view(), rng() % 2 == 0 ? ScaleSource::absmax : ScaleSource::constant);
    }
    const auto form = rng() % 2 == 0 ? Int8Form::s8 : Int8Form::u8_shifted;
    auto actual = allocate_activations(scheme, m, k, form);
    quantize_activations(scheme, given, a.view(), actual);
    const auto expected = reference::quantize_activations(scheme, given, a.view());
    ASSERT_EQ(actual.scales, expected.scales) << provider_name(scheme);
    ASSERT_EQ(actual.azp, expected.azp) << provider_name(scheme);
    for (std::int64_t r = 0; r < m; ++r) {
      for (std::int64_t c = 0; c < k; ++c) ASSERT_EQ(actual.q(r, c), expected.q(r, c)) << provider_name(scheme);
    }
  }
}

TEST(Quantize, WeightsMatchTheReference) {
  SCOPED_TRACE("QGEMM_TEST_SEED=" + std::to_string(test_seed()));
  std::mt19937_64 rng(test_seed());
  for (int round = 0; round < 20; ++round) {
    const auto n = static_cast<std::int64_t>(1 + rng() % 40), k = static_cast<std::int64_t>(1 + rng() % 600);
    const Matrix w =
        random_matrix(rng, input_types[rng() % 3], n, k, static_cast<Values>(rng() % testing::value_kinds));
    for (const auto granularity : {ScaleGranularity::per_tensor, ScaleGranularity::per_channel}) {
      for (const auto source : {ScaleSource::absmax, ScaleSource::constant}) {
        const auto actual = quantize_weights(w.view(), granularity, source);
        const auto expected = reference::quantize_weights(w.view(), granularity, source);
        ASSERT_EQ(actual.scales, expected.scales);
        ASSERT_EQ(actual.colsum, expected.colsum);
        ASSERT_EQ(std::memcmp(actual.values.data(), expected.values.data(), actual.values.bytes()), 0);
      }
    }
  }
}

TEST(Quantize, LargeMatricesStreamTheSameBytes) {
  std::mt19937_64 rng(test_seed());
  const std::int64_t k = 4096, m = total_last_level_bytes() / 2 / k + 3;
  Matrix x(DType::bf16, m, k), q(DType::s8, m, k);
  for (std::int64_t i = 0; i < m * k; ++i) {
    x.row<BFloat16>(0)[i].bits = static_cast<std::uint16_t>((rng() & 0x83ffU) | 0x3c00U);  // ±2⁻⁷ … ±1
  }
  const auto scales = quantize_per_token(x.view(), q.view());
  for (int i = 0; i < 20000; ++i) {
    const auto r = static_cast<std::int64_t>(rng() % static_cast<std::uint64_t>(m));
    const auto c = static_cast<std::int64_t>(rng() % static_cast<std::uint64_t>(k));
    ASSERT_EQ(q.row<std::int8_t>(r)[c],
              reference::quantize_value(element(x.view(), r, c), scales.scales[static_cast<std::size_t>(r)], 0));
  }
}

TEST(Quantize, WorksOnPartsOfLargerMatrices) {
  std::mt19937_64 rng(test_seed());
  const Matrix x = random_matrix(rng, DType::bf16, 9, 50, Values::normal);
  Matrix q(DType::s8, 9, 64);
  std::memset(q.data(), 0x55, q.bytes());
  const ConstMatrixView part{x.row<BFloat16>(2) + 5, DType::bf16, 4, 31, 50};
  const auto scales = quantize_per_token(part, {q.row<std::int8_t>(1) + 3, DType::s8, 4, 31, 64});
  for (std::int64_t r = 0; r < 9; ++r) {
    for (std::int64_t c = 0; c < 64; ++c) {
      const bool inside = r >= 1 && r < 5 && c >= 3 && c < 34;
      const int expected = inside ? reference::quantize_value(element(part, r - 1, c - 3),
                                                              scales.scales[static_cast<std::size_t>(r - 1)], 0)
                                  : 0x55;
      ASSERT_EQ(q.row<std::int8_t>(r)[c], expected) << r << "," << c;
    }
  }
}

TEST(Quantize, E4M3MatchesTheReference) {
  SCOPED_TRACE("QGEMM_TEST_SEED=" + std::to_string(test_seed()));
  std::mt19937_64 rng(test_seed());
  for (const DType type : input_types) {
    for (int kind = 0; kind < testing::value_kinds; ++kind) {
      const Matrix x = random_matrix(rng, type, 7, 45, static_cast<Values>(kind));
      for (const char* provider : {"fp8-channel-w-token-a", "fp8-channel-w-dyntensor-a"}) {
        const Scheme scheme = parse_provider(provider);
        const auto expected = reference::quantize_activations(scheme, std::nullopt, x.view());
        Matrix q(DType::e4m3, 7, 45), again(DType::e4m3, 7, 45);
        const bool per_token = scheme.activation_scale == ScaleGranularity::per_token;
        const auto found = per_token ? quantize_per_token(x.view(), q.view()) : quantize_per_tensor(x.view(), q.view());
        EXPECT_EQ(found.scales, expected.scales);
        EXPECT_EQ(std::memcmp(q.data(), expected.values.data(), q.bytes()), 0) << provider << ", values " << kind;
        if (per_token || !(found.scales[0] > 0)) continue;
        quantize_static(x.view(), again.view(), found.scales[0]);
        EXPECT_EQ(std::memcmp(again.data(), q.data(), q.bytes()), 0);
      }
    }
  }
  Matrix x(DType::f32, 2, 2), q(DType::e4m3, 2, 2);
  std::memset(x.data(), 0, x.bytes());
  EXPECT_THROW(quantize_per_token(x.view(), q.view(), false), InvalidInput);
  EXPECT_THROW(quantize_static(x.view(), q.view(), 1.0F, 3), InvalidInput);
}

TEST(Quantize, RefusesWhatItCannotTake) {
  Matrix x(DType::bf16, 4, 8), q(DType::s8, 4, 8), narrow(DType::s8, 4, 7), wrong(DType::f32, 4, 8);
  std::memset(x.data(), 0, x.bytes());
  EXPECT_THROW(quantize_per_token(x.view(), narrow.view()), InvalidInput);
  EXPECT_THROW(quantize_per_token(x.view(), wrong.view()), InvalidInput);
  EXPECT_THROW(quantize_per_token(q.view(), q.view()), InvalidInput);
  EXPECT_THROW(quantize_static(x.view(), q.view(), 0.0F), InvalidInput);
  EXPECT_THROW(quantize_static(x.view(), q.view(), std::numeric_limits<float>::quiet_NaN()), InvalidInput);
  set_element(x.view(), 2, 3, std::numeric_limits<float>::infinity());
  for (const bool symmetric : {false, true}) {
    try {
      quantize_per_token(x.view(), q.view(), symmetric);
      FAIL() << "infinity went unnoticed";
    } catch (const InvalidInput& error) {
      EXPECT_NE(std::string(error.what()).find("row 2"), std::string::npos) << error.what();
    }
    EXPECT_THROW(quantize_per_tensor(x.view(), q.view(), symmetric), InvalidInput);
  }
  EXPECT_THROW(quantize_static(x.view(), q.view(), 1.0F), InvalidInput);
}

TEST(Quantize, FollowsTheDefinitionsOfItsPage) {
  Matrix x(DType::f32, 1, 4), q(DType::s8, 1, 4);
  const float values[] = {-2.0F, 0.0F, 1.0F, 3.0F};
  std::memcpy(x.data(), values, sizeof values);
  const auto symmetric = quantize_per_token(x.view(), q.view());
  EXPECT_EQ(symmetric.scales[0], 3.0F / 127.0F);
  EXPECT_TRUE(symmetric.azp.empty());
  EXPECT_EQ(q.row<std::int8_t>(0)[0], -85);  // −2 / (3/127) = −84.67
  EXPECT_EQ(q.row<std::int8_t>(0)[3], 127);
  const auto shifted = quantize_per_token(x.view(), q.view(), false);
  EXPECT_EQ(shifted.scales[0], 5.0F / 255.0F);
  EXPECT_EQ(shifted.azp[0], -26);  // −128 + 2/(5/255)
  EXPECT_EQ(q.row<std::int8_t>(0)[0], -128);
  EXPECT_EQ(q.row<std::int8_t>(0)[1], -26);
  EXPECT_EQ(q.row<std::int8_t>(0)[3], 127);
}

}  // namespace
}  // namespace qgemm
