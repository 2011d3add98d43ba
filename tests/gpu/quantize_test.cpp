#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "cuda/graph.hpp"
#include "gpu_test.hpp"
#include "placed_copy.hpp"
#include "qgemm/error.hpp"
#include "quantize/activations.hpp"
#include "quantize/cuda/device_quantize.hpp"
#include "quantize/cuda/row_kernels.hpp"
#include "quantize/reference.hpp"
#include "random_matrix.hpp"
#include "test_seed.hpp"

namespace qgemm {
namespace {

using testing::on_host;
using testing::placed;
using testing::random_matrix;
using testing::test_seed;
using testing::Values;

constexpr DType input_types[] = {DType::f32, DType::bf16, DType::f16};

std::vector<Scheme> quantizing_schemes() {
  std::vector<Scheme> schemes;
  for (const auto& provider : all_providers()) {
    const Scheme scheme = parse_provider(provider);
    if (scheme.quantized() && scheme.weight_scale == ScaleGranularity::per_channel) schemes.push_back(scheme);
  }
  return schemes;
}

/// Uniformly random bits, so that all exponents occur: subnormals, the largest, both zeros. Finite.
Matrix random_bits(std::mt19937_64& rng, DType type, std::int64_t rows, std::int64_t cols) {
  Matrix out(type, rows, cols);
  for (std::int64_t i = 0; i < rows * cols; ++i) {
    do {
      if (type == DType::f32) {
        out.row<std::uint32_t>(0)[i] = static_cast<std::uint32_t>(rng());
      } else {
        out.row<std::uint16_t>(0)[i] = static_cast<std::uint16_t>(rng());
      }
    } while (!std::isfinite(element(out.view(), i / cols, i % cols)));
  }
  return out;
}

/// A matrix of one of all kinds of values.
Matrix any_matrix(std::mt19937_64& rng, DType type, std::int64_t rows, std::int64_t cols) {
  const int kind = static_cast<int>(rng() % (testing::value_kinds + 2));
  if (kind < testing::value_kinds) return random_matrix(rng, type, rows, cols, static_cast<Values>(kind));
  if (kind == testing::value_kinds) return random_bits(rng, type, rows, cols);
  // Rows of scales of their own, near ties of them; the largest is one of f16.
  Matrix out(type, rows, cols);
  for (std::int64_t r = 0; r < rows; ++r) {
    const float scale =
        std::ldexp(1.0F + static_cast<float>(rng() % 1024) / 1024.0F, static_cast<int>(rng() % 20) - 12);
    for (std::int64_t c = 0; c < cols; ++c) {
      set_element(out.view(), r, c, (static_cast<float>(rng() % 510) - 254.5F) / 2.0F * scale);
    }
    set_element(out.view(), r, static_cast<std::int64_t>(rng() % static_cast<std::uint64_t>(cols)), 127.0F * scale);
  }
  return out;
}

/// Scales that somebody could give: fitting, far too small and large, of awkward bits.
StaticScale any_static_scale(std::mt19937_64& rng, const Scheme& scheme, const Matrix& a) {
  const bool symmetric = scheme.zero_point == ZeroPoint::none;
  StaticScale own = reference::scale_of_rows(a.view(), 0, a.rows(), symmetric, scheme.activation);
  switch (rng() % 9) {
    case 0: own.scale *= 3; break;
    case 1: own.scale *= 0.01F; break;
    case 2: own.scale = 0x1.fffffep-7F; break;
    case 3: own.scale = 1.0F; break;
    case 4: own.scale = rng() % 2 == 0 ? 0x1p-70F : 0x1.8p90F; break;
    case 5: own.scale *= std::ldexp(1.0F + static_cast<float>(rng() % (1U << 23U)) * 0x1p-23F, -3); break;  // clips
    case 6:  // any size: limits that are subnormal, infinite
      own.scale =
          std::ldexp(1.0F + static_cast<float>(rng() % (1U << 23U)) * 0x1p-23F, static_cast<int>(rng() % 60) - 40);
      break;
    default: break;
  }
  if (!std::isfinite(own.scale)) own.scale = 1.0F;
  if (!symmetric && rng() % 3 == 0) own.azp = static_cast<std::int32_t>(rng() % 4'000'001) - 2'000'000;
  if (!symmetric && rng() % 3 == 0) own.azp = 0;
  return own;
}

/// Bit for bit, padding included.
void expect_equal(const Scheme& scheme, const cuda::DeviceActivations& actual, const QuantizedActivations& expected,
                  const Matrix& a) {
  const auto got = cuda::download(actual);
  ASSERT_EQ(got.scales, expected.scales);
  ASSERT_EQ(got.azp, expected.azp);
  ASSERT_EQ(got.values.dtype(), scheme.activation);
  const Matrix raw = on_host(actual.values.view());
  for (std::int64_t r = 0; r < raw.rows(); ++r) {
    const auto* row = raw.row<std::uint8_t>(r);
    ASSERT_EQ(std::memcmp(row, got.values.row<std::uint8_t>(r), static_cast<std::size_t>(a.cols())), 0);
    for (std::int64_t c = 0; c < raw.cols(); ++c) {
      const int wanted = c < a.cols() ? expected.values.row<std::uint8_t>(r)[c] : 0;
      ASSERT_EQ(row[c], wanted) << "at " << r << "," << c << " of " << a.rows() << "," << a.cols()
                                << " x=" << (c < a.cols() ? element(a.view(), r, c) : 0.0F)
                                << " scale=" << expected.scale(r) << " azp=" << expected.zero_point(r);
    }
  }
}

class GpuQuantize : public testing::GpuTest {
 protected:
  void check_one(std::mt19937_64& rng, const Scheme& scheme, const Matrix& a, std::int64_t stride = 0,
                 std::int64_t offset = 0) {
    SCOPED_TRACE(provider_name(scheme) + " " + std::string(name(a.dtype())) + " " + std::to_string(a.rows()) + " × " +
                 std::to_string(a.cols()) + " stride " + std::to_string(stride) + " offset " + std::to_string(offset));
    std::optional<StaticScale> given;
    if (needs_static_scale(scheme)) given = any_static_scale(rng, scheme, a);
    const auto input = placed(a, stride, offset);
    auto actual = cuda::allocate_activations(scheme, a.rows(), a.cols(), given, stream());
    cuda::enqueue_quantize(scheme, input.view, actual, stream());
    cuda::enqueue_quantize(scheme, input.view, actual, stream());  // what a call leaves behind must not harm the next
    cuda::check_activations(actual, stream());
    expect_equal(scheme, actual, reference::quantize_activations(scheme, given, a.view()), a);
  }
};

TEST_F(GpuQuantize, EverySchemeAndTypeMatchesTheReference) {
  SCOPED_TRACE("QGEMM_TEST_SEED=" + std::to_string(test_seed()));
  std::mt19937_64 rng(test_seed());
  for (const Scheme& scheme : quantizing_schemes()) {
    for (const DType type : input_types) {
      for (int round = 0; round < 24; ++round) {
        const auto m = static_cast<std::int64_t>(1 + rng() % 40);
        auto k = static_cast<std::int64_t>(1 + rng() % 700);
        if (round % 2 == 0) k = (k + 7) / 8 * 8;  // held in registers; else element by element
        ASSERT_NO_FATAL_FAILURE(check_one(rng, scheme, any_matrix(rng, type, m, k)));
      }
    }
  }
}

TEST_F(GpuQuantize, LongRowsMatchTheReference) {
  SCOPED_TRACE("QGEMM_TEST_SEED=" + std::to_string(test_seed()));
  std::mt19937_64 rng(test_seed());
  // One, two, four, eight pieces a thread; the longest held (65,536 of 16 bits, 32,768 of 32), and past it; odd ones.
  constexpr std::int64_t lengths[] = {1024,   4096,   4104,   8192,   11008,  14336,  16392, 28672,
                                      32'768, 32'776, 49'999, 50'000, 65'536, 65'544, 70'001};
  for (const Scheme& scheme : quantizing_schemes()) {
    if (scheme.activation_quant == ActivationQuant::ahead) continue;
    for (const DType type : input_types) {
      for (const std::int64_t k : lengths) {
        const auto m = static_cast<std::int64_t>(1 + rng() % 2);
        ASSERT_NO_FATAL_FAILURE(check_one(rng, scheme, any_matrix(rng, type, m, k)));
      }
    }
  }
}

TEST_F(GpuQuantize, ManyRowsMatchTheReference) {
  SCOPED_TRACE("QGEMM_TEST_SEED=" + std::to_string(test_seed()));
  std::mt19937_64 rng(test_seed());
  for (const Scheme& scheme : quantizing_schemes()) {
    if (scheme.activation_quant == ActivationQuant::ahead) continue;
    for (const DType type : input_types) {
      for (const std::int64_t k : {8, 72, 200, 264, 520, 1096}) {  // blocks of four rows and fewer
        const auto m = static_cast<std::int64_t>(600 + rng() % 100);
        ASSERT_NO_FATAL_FAILURE(check_one(rng, scheme, any_matrix(rng, type, m, k)));
      }
    }
  }
}

TEST_F(GpuQuantize, TakesPartsOfLargerMatrices) {
  SCOPED_TRACE("QGEMM_TEST_SEED=" + std::to_string(test_seed()));
  std::mt19937_64 rng(test_seed());
  for (const Scheme& scheme : quantizing_schemes()) {
    for (const DType type : input_types) {
      const Matrix a = any_matrix(rng, type, 7, 136);
      ASSERT_NO_FATAL_FAILURE(check_one(rng, scheme, a, 144));     // aligned rows
      ASSERT_NO_FATAL_FAILURE(check_one(rng, scheme, a, 137));     // rows that are not
      ASSERT_NO_FATAL_FAILURE(check_one(rng, scheme, a, 144, 3));  // a start that is not
      ASSERT_NO_FATAL_FAILURE(check_one(rng, scheme, a, 0, 1));    // dense, but not aligned
    }
  }
}

TEST_F(GpuQuantize, EveryNumberOfPiecesGivesTheSame) {
  SCOPED_TRACE("QGEMM_TEST_SEED=" + std::to_string(test_seed()));
  std::mt19937_64 rng(test_seed());
  for (const Scheme& scheme : quantizing_schemes()) {
    if (scheme.activation_quant == ActivationQuant::ahead || scheme.dynamic_tensor) continue;
    const bool own = scheme.activation_scale == ScaleGranularity::per_token;
    for (const DType type : input_types) {
      for (const int pieces : {1, 2, 4, 8}) {
        const Matrix a = any_matrix(rng, type, 5, 3080);
        std::optional<StaticScale> given;
        if (!own) given = any_static_scale(rng, scheme, a);
        const auto input = placed(a);
        auto actual = cuda::allocate_activations(scheme, 5, 3080, given, stream());
        cuda::RowArguments arguments;
        arguments.x = input.view.data;
        arguments.rows = 5;
        arguments.k = arguments.x_stride = 3080;
        arguments.q = static_cast<std::uint8_t*>(actual.values.data());
        arguments.q_stride = actual.values.stride();
        arguments.scales = actual.scales.as<float>();
        arguments.azp = actual.azp.as<std::int32_t>();
        arguments.bad_row = actual.bad_row.as<std::uint32_t>();
        const auto code = scheme.integer() ? cuda::Code::s8 : cuda::Code::e4m3;
        if (own) {
          const auto shape = cuda::shape_for_own_scale(arguments, type, pieces);
          EXPECT_GE(shape.pieces, pieces);
          cuda::enqueue_by_own_scale(code, arguments, type, shape, stream());
        } else {
          arguments.last_first = rng() % 2 == 0;
          const auto shape = cuda::shape_for_given_scale(arguments, type, pieces);
          EXPECT_EQ(shape.pieces, pieces);
          cuda::enqueue_by_given_scale(code, arguments, type, shape, stream());
        }
        cuda::check_activations(actual, stream());
        ASSERT_NO_FATAL_FAILURE(
            expect_equal(scheme, actual, reference::quantize_activations(scheme, given, a.view()), a))
            << provider_name(scheme) << " " << name(type) << " " << pieces;
      }
    }
  }
}

TEST_F(GpuQuantize, DividesExactlyNearEveryTie) {
  // Quotients an ulp around h + 0.5 (and e4m3's ties) are where a division that is not correctly rounded shows.
  SCOPED_TRACE("QGEMM_TEST_SEED=" + std::to_string(test_seed()));
  std::mt19937_64 rng(test_seed());
  std::uniform_real_distribution<float> mantissa(1.0F, 2.0F);
  for (const char* provider : {"int8-channel-w-tensor-a", "int8-channel-w-tensor-a-azp", "fp8-channel-w-tensor-a"}) {
    const Scheme scheme = parse_provider(provider);
    for (int round = 0; round < 60; ++round) {
      const StaticScale given{std::ldexp(mantissa(rng), static_cast<int>(rng() % 100) - 50), 0};
      Matrix a(DType::f32, 4, 4096);
      for (std::int64_t i = 0; i < 4 * 4096; ++i) {
        float tie = (static_cast<float>(rng() % 255) - 127.5F) * given.scale;
        if (!scheme.integer()) {
          const E4M3 code{static_cast<std::uint8_t>(rng() % 0x7e)}, next{static_cast<std::uint8_t>(code.bits + 1)};
          tie = (to_float(code) + to_float(next)) / 2 * given.scale * (rng() % 2 == 0 ? 1.0F : -1.0F);
        }
        for (auto steps = static_cast<int>(rng() % 5) - 2; steps != 0; steps += steps > 0 ? -1 : 1) {
          tie = std::nextafter(tie, steps > 0 ? 1e38F : -1e38F);
        }
        a.row<float>(0)[i] = tie;
      }
      const auto input = placed(a);
      auto actual = cuda::allocate_activations(scheme, 4, 4096, given, stream());
      cuda::enqueue_quantize(scheme, input.view, actual, stream());
      cuda::check_activations(actual, stream());
      ASSERT_NO_FATAL_FAILURE(expect_equal(scheme, actual, reference::quantize_activations(scheme, given, a.view()), a))
          << provider;
    }
  }
}

TEST_F(GpuQuantize, EverySixteenBitValueByScalesOfAllKinds) {
  // One row of all finite values; its absmax is far above most, so scaled-down copies follow.
  for (const DType type : {DType::bf16, DType::f16}) {
    for (const char* provider :
         {"int8-channel-w-token-a", "int8-channel-w-token-a-azp", "fp8-channel-w-token-a", "int8-channel-w-dyntensor-a",
          "int8-channel-w-dyntensor-a-azp", "fp8-channel-w-dyntensor-a"}) {
      std::mt19937_64 rng(test_seed());
      for (const std::uint32_t exponents : {1U, 5U, 12U, 30U}) {
        // Magnitudes whose exponent field lies in a window of a few, all mantissas and signs.
        const std::uint32_t mantissa_bits = type == DType::bf16 ? 7 : 10;
        const std::uint32_t top = type == DType::bf16 ? 0xffU : 0x1fU;
        const std::uint32_t first = exponents > top / 2 ? 0 : static_cast<std::uint32_t>(rng() % (top - exponents));
        Matrix a(type, 1, 65536);
        std::int64_t count = 0;
        for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
          const std::uint32_t exponent = (bits & 0x7fffU) >> mantissa_bits;
          if (exponent < first || exponent >= std::min(top, first + exponents)) continue;
          a.row<std::uint16_t>(0)[count++] = static_cast<std::uint16_t>(bits);
        }
        Matrix row(type, 1, count);
        std::memcpy(row.data(), a.data(), row.bytes());
        ASSERT_NO_FATAL_FAILURE(check_one(rng, parse_provider(provider), row));
      }
    }
  }
}

TEST_F(GpuQuantize, NamesTheFirstRowThatIsNotFinite) {
  std::mt19937_64 rng(test_seed());
  const float bad[] = {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
                       std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::quiet_NaN()};
  for (const Scheme& scheme : quantizing_schemes()) {
    for (const DType type : input_types) {
      for (const std::int64_t k : {40, 41, 4096}) {
        Matrix a = random_matrix(rng, type, 20, k, Values::normal);
        const auto first = static_cast<std::int64_t>(rng() % 20);
        for (std::int64_t r = first; r < 20; r += 3) {
          set_element(a.view(), r, static_cast<std::int64_t>(rng() % static_cast<std::uint64_t>(k)), bad[rng() % 4]);
        }
        const auto input = placed(a);
        auto actual = cuda::allocate_activations(scheme, 20, k, StaticScale{0.05F, 3}, stream());
        cuda::enqueue_quantize(scheme, input.view, actual, stream());
        const std::string row = "row " + std::to_string(first) + ":";
        try {
          cuda::check_activations(actual, stream());
          FAIL() << provider_name(scheme) << " " << name(type) << " " << k;
        } catch (const InvalidInput& error) {
          EXPECT_NE(std::string(error.what()).find(row), std::string::npos) << error.what() << ", not " << row;
        }
        try {
          cuda::calibrate(scheme, input.view, ScaleSource::absmax, stream());
          FAIL() << provider_name(scheme) << " " << name(type) << " " << k;
        } catch (const InvalidInput& error) {
          EXPECT_NE(std::string(error.what()).find(row), std::string::npos) << error.what() << ", not " << row;
        }
      }
    }
  }
}

TEST_F(GpuQuantize, CalibratesAsTheReference) {
  SCOPED_TRACE("QGEMM_TEST_SEED=" + std::to_string(test_seed()));
  std::mt19937_64 rng(test_seed());
  for (const Scheme& scheme : quantizing_schemes()) {
    for (const DType type : input_types) {
      for (const std::int64_t k : {1, 77, 1000, 30'001}) {
        const Matrix a = any_matrix(rng, type, 1 + static_cast<std::int64_t>(rng() % 30), k);
        const auto expected =
            reference::scale_of_rows(a.view(), 0, a.rows(), scheme.zero_point == ZeroPoint::none, scheme.activation);
        for (const std::int64_t stride : {k, k + 3}) {
          const auto input = placed(a, stride);
          const auto found = cuda::calibrate(scheme, input.view, ScaleSource::absmax, stream());
          EXPECT_EQ(found.scale, expected.scale) << provider_name(scheme) << " " << name(type);
          EXPECT_EQ(found.azp, expected.azp) << provider_name(scheme) << " " << name(type);
        }
      }
    }
    const auto one = cuda::calibrate(scheme, {}, ScaleSource::constant, stream());
    EXPECT_EQ(one.scale, 1.0F);
    EXPECT_EQ(one.azp, 0);
  }
}

TEST_F(GpuQuantize, RunsFromAGraph) {
  std::mt19937_64 rng(test_seed());
  for (const Scheme& scheme : quantizing_schemes()) {
    const StaticScale given{0.03F, scheme.zero_point == ZeroPoint::none ? 0 : 5};
    const auto input = placed(random_matrix(rng, DType::bf16, 33, 512, Values::normal));
    auto actual = cuda::allocate_activations(scheme, 33, 512, given, stream());
    const auto graph = cuda::Graph::capture(stream(), [&](cudaStream_t captured) {
      for (int i = 0; i < 3; ++i) cuda::enqueue_quantize(scheme, input.view, actual, captured);
    });
    for (int round = 0; round < 3; ++round) {
      const Matrix a = any_matrix(rng, DType::bf16, 33, 512);
      cuda::copy_to_device(a.view(), input.view);
      graph.launch(stream());
      cuda::check_activations(actual, stream());
      ASSERT_NO_FATAL_FAILURE(expect_equal(scheme, actual, reference::quantize_activations(scheme, given, a.view()), a))
          << provider_name(scheme);
    }
  }
}

TEST_F(GpuQuantize, RefusesWhatDoesNotFit) {
  const Scheme scheme = parse_provider("int8-channel-w-tensor-a");
  EXPECT_THROW(cuda::allocate_activations(scheme, 4, 8, std::nullopt, stream()), InvalidInput);
  EXPECT_THROW(cuda::allocate_activations(parse_provider("bf16"), 4, 8, std::nullopt, stream()), InvalidInput);
  auto room = cuda::allocate_activations(scheme, 4, 8, StaticScale{}, stream());
  const cuda::DeviceMatrix narrow(DType::bf16, 4, 7), wrong(DType::s8, 4, 8);
  EXPECT_THROW(cuda::enqueue_quantize(scheme, narrow.view(), room, stream()), InvalidInput);
  EXPECT_THROW(cuda::enqueue_quantize(scheme, wrong.view(), room, stream()), InvalidInput);
}

}  // namespace
}  // namespace qgemm
