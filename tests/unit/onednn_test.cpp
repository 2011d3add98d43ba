#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "engines/onednn/onednn_engine.hpp"
#include "qgemm/error.hpp"
#include "quantize/activations.hpp"

namespace qgemm {
namespace {

Matrix random_matrix(DType type, std::int64_t rows, std::int64_t cols, std::uint32_t seed) {
  Matrix matrix(type, rows, cols);
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.2F, 1.0F);
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < cols; ++c) set_element(matrix.view(), r, c, normal(random));
  }
  return matrix;
}

/// One product with all it needs, prepared.
struct Product {
  Product(const std::string& provider, Shape shape, DType output, bool bias)
      : spec{.shape = shape, .scheme = parse_provider(provider), .bias = bias},
        a(random_matrix(DType::bf16, shape.m, shape.k, 7)) {
    spec.scheme.output = output;
    operands.weights =
        std::make_shared<const LayerWeights>(random_matrix(DType::bf16, shape.n, shape.k, 8), ScaleSource::absmax);
    operands.activations = std::as_const(a).view();
    operands.weight_sets = 2;
    if (needs_static_scale(spec.scheme)) {
      operands.static_scale = calibrate(spec.scheme, operands.activations, ScaleSource::absmax);
    }
    if (bias) {
      for (std::int64_t n = 0; n < shape.n; ++n) operands.bias.push_back(static_cast<float>(n % 5) - 2.0F);
    }
  }

  Support support() const { return engine->supports(spec); }
  void prepare() { prepared = engine->prepare(spec, operands); }

  std::unique_ptr<HostEngine> engine = onednn::make_engine();
  GemmSpec spec;
  Matrix a;
  Operands operands;
  std::unique_ptr<PreparedGemm> prepared;
};

std::int64_t exact_sum(const QuantizedActivations& a, const QuantizedWeights& w, std::int64_t m, std::int64_t n) {
  std::int64_t sum = 0;
  for (std::int64_t k = 0; k < a.values.cols(); ++k) sum += a.q(m, k) * w.values.row<std::int8_t>(n)[k];
  return sum;
}

float defined_result(const Product& p, std::int64_t m, std::int64_t n) {
  const QuantizedActivations& a = *p.prepared->activations();
  const QuantizedWeights& w = p.operands.weights->quantized(p.spec.scheme.weight_scale);
  const std::int64_t sum =
      exact_sum(a, w, m, n) - std::int64_t{a.zero_point(m)} * w.colsum[static_cast<std::size_t>(n)];
  const float product = a.scale(m) * (w.scale(n) * static_cast<float>(sum));
  Matrix rounded(p.spec.scheme.output, 1, 1);
  set_element(rounded.view(), 0, 0, p.spec.bias ? product + p.operands.bias[static_cast<std::size_t>(n)] : product);
  return element(rounded.view(), 0, 0);
}

void expect_defined_results(Product& p) {
  const Support support = p.support();
  if (!support.ok) GTEST_SKIP() << support.reason;
  p.prepare();
  const auto [m, n, k] = p.spec.shape;
  for (const int set : {0, 1}) {
    p.prepared->launch(set);
    std::vector<std::int32_t> sums(static_cast<std::size_t>(m * n));
    ASSERT_TRUE(p.prepared->accumulate(sums));
    const auto& a = *p.prepared->activations();
    const auto& w = p.operands.weights->quantized(p.spec.scheme.weight_scale);
    for (std::int64_t r = 0; r < m; ++r) {
      for (std::int64_t c = 0; c < n; ++c) {
        ASSERT_EQ(sums[static_cast<std::size_t>(r * n + c)], exact_sum(a, w, r, c)) << r << " " << c;
        ASSERT_EQ(element(p.prepared->output(), r, c), defined_result(p, r, c)) << r << " " << c;
      }
    }
  }
}

TEST(Onednn, EverySchemeIsExact) {
  for (const std::string& provider : all_providers()) {
    if (!parse_provider(provider).integer()) continue;
    for (const DType output : {DType::bf16, DType::f32, DType::f16}) {
      SCOPED_TRACE(provider + " " + std::string(name(output)));
      Product p(provider, {5, 70, 90}, output, output != DType::f32);
      expect_defined_results(p);
      if (testing::Test::IsSkipped() || testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(Onednn, OddShapesAreExact) {
  for (const Shape shape : {Shape{1, 1, 1},
                            {1, 1, 7},
                            {1, 65, 1},
                            {17, 1, 3},
                            {3, 129, 255},
                            {513, 17, 33},
                            {2, 600, 65},
                            {300, 64, 64},
                            {9, 1025, 67},
                            {2, 3, 70'000}}) {
    for (const char* provider : {"int8-channel-w-token-a-azp", "int8-tensor-w-tensor-a"}) {
      SCOPED_TRACE(to_string(shape) + " " + provider);
      Product p(provider, shape, DType::bf16, true);
      expect_defined_results(p);
      if (testing::Test::IsSkipped() || testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(Onednn, TheLongestSumsAreExact) {
  constexpr Shape shape{2, 3, 131'071};
  GemmSpec spec{.shape = shape, .scheme = parse_provider("int8-tensor-w-tensor-a-noquant")};
  const auto engine = onednn::make_engine();
  if (!engine->supports(spec).ok) GTEST_SKIP() << engine->supports(spec).reason;

  QuantizedActivations a = allocate_activations(spec.scheme, shape.m, shape.k, Int8Form::s8);
  QuantizedWeights w{.values = Matrix(DType::s8, shape.n, shape.k), .scales = {1.0F}, .colsum = {}};
  std::fill_n(a.values.row<std::int8_t>(0), shape.k, std::int8_t{-128});
  std::fill_n(a.values.row<std::int8_t>(1), shape.k, std::int8_t{127});
  for (const auto& [channel, value] : {std::pair{0, -128}, {1, 127}, {2, -127}}) {
    std::fill_n(w.values.row<std::int8_t>(channel), shape.k, static_cast<std::int8_t>(value));
    w.colsum.push_back(static_cast<std::int32_t>(value * shape.k));
  }
  a.scales[0] = 1.0F;
  Operands operands;
  operands.weights = std::make_shared<const LayerWeights>(std::move(w));
  operands.quantized = &a;
  const auto prepared = engine->prepare(spec, operands);
  prepared->launch(0);
  std::vector<std::int32_t> sums(6);
  ASSERT_TRUE(prepared->accumulate(sums));
  const auto at = [](std::int64_t x, std::int64_t y) { return static_cast<std::int32_t>(x * y * shape.k); };
  EXPECT_EQ(sums, (std::vector<std::int32_t>{at(-128, -128), at(-128, 127), at(-128, -127), at(127, -128), at(127, 127),
                                             at(127, -127)}));
}

TEST(Onednn, FloatProductsAreNearTheDefinition) {
  for (const char* provider : {"bf16", "f32"}) {
    for (const DType output : {DType::bf16, DType::f32, DType::f16}) {
      SCOPED_TRACE(std::string(provider) + " " + std::string(name(output)));
      Product p(provider, {19, 133, 77}, output, true);
      if (const Support support = p.support(); !support.ok) {
        EXPECT_NE(support.reason.find("bf16"), std::string::npos) << support.reason;
        continue;
      }
      p.prepare();
      p.prepared->launch(1);
      EXPECT_EQ(p.prepared->activations(), nullptr);
      EXPECT_FALSE(p.prepared->accumulate({}));
      const double ulp = output == DType::bf16 ? 0x1p-8 : output == DType::f16 ? 0x1p-11 : 0x1p-23;
      for (std::int64_t r = 0; r < 19; ++r) {
        for (std::int64_t c = 0; c < 133; ++c) {
          double exact = p.operands.bias[static_cast<std::size_t>(c)], size = std::abs(exact);
          for (std::int64_t k = 0; k < 77; ++k) {
            const double term = static_cast<double>(element(p.operands.activations, r, k)) *
                                element(p.operands.weights->original().view(), c, k);
            exact += term;
            size += std::abs(term);
          }
          ASSERT_NEAR(element(p.prepared->output(), r, c), exact, ulp * std::abs(exact) + 0x1p-20 * size);
        }
      }
    }
  }
}

TEST(Onednn, NamesTheKernelAndItsEpilogue) {
  Product p("int8-channel-w-token-a", {4, 64, 64}, DType::bf16, false);
  if (!p.support().ok) GTEST_SKIP() << p.support().reason;
  p.prepare();
  EXPECT_FALSE(p.prepared->kernel().starts_with("ref"));
  EXPECT_TRUE(p.prepared->kernel().ends_with("+epilogue")) << p.prepared->kernel();
  EXPECT_EQ(p.prepared->weight_bytes(), 2 * p.engine->set_bytes(p.spec));
  EXPECT_GT(p.engine->memory_bytes(p.spec, 3), p.engine->memory_bytes(p.spec, 2));
}

TEST(Onednn, SaysWhyNot) {
  const auto engine = onednn::make_engine();
  GemmSpec spec{.shape = {1, 16, 16}, .scheme = parse_provider("fp8-tensor-w-tensor-a")};
  EXPECT_FALSE(engine->supports(spec).ok);
  EXPECT_NE(engine->supports(spec).reason.find("FP8"), std::string::npos);
  EXPECT_THROW(engine->prepare(spec, {}), Unavailable);
  spec = {.shape = {1, 16, 200'000}, .scheme = parse_provider("int8-tensor-w-tensor-a")};
  EXPECT_FALSE(engine->supports(spec).ok);
  spec = {.shape = {1, 0, 16}, .scheme = parse_provider("f32")};
  EXPECT_FALSE(engine->supports(spec).ok);
}

TEST(Onednn, RefusesOperandsThatDoNotFit) {
  Product p("f32", {4, 64, 32}, DType::f32, false);
  p.operands.bias = {1.0F};
  EXPECT_THROW(p.prepare(), InvalidInput);
  p.operands.bias.clear();
  p.operands.weight_sets = 0;
  EXPECT_THROW(p.prepare(), InvalidInput);
  p.operands.weight_sets = 1;
  p.spec.shape.n = 65;
  EXPECT_THROW(p.prepare(), InvalidInput);
  p.spec.shape.n = 64;
  p.operands.activations.data = nullptr;
  EXPECT_THROW(p.prepare(), InvalidInput);
}

TEST(Onednn, NanInTheActivationsIsAnError) {
  Product p("int8-channel-w-token-a", {4, 64, 64}, DType::bf16, false);
  if (!p.support().ok) GTEST_SKIP() << p.support().reason;
  p.prepare();
  p.prepared->launch(0);
  set_element(p.a.view(), 2, 5, NAN);
  EXPECT_THROW(p.prepared->launch(0), InvalidInput);
}

}  // namespace
}  // namespace qgemm
