// What tests/unit/exactness_test.cpp does not ask of every engine: its names, refusals, shapes and sharing.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "device/cpu_info.hpp"
#include "engines/avx512/avx512_engine.hpp"
#include "qgemm/error.hpp"
#include "quantize/activations.hpp"
#include "quantize/reference.hpp"
#include "random_matrix.hpp"
#include "test_seed.hpp"

namespace qgemm {
namespace {

using testing::random_matrix;
using testing::Values;

/// One product with all it needs, prepared.
struct Product {
  Product(std::unique_ptr<HostEngine> which, const std::string& provider, Shape shape, DType output, bool bias)
      : engine(std::move(which)), spec{.shape = shape, .scheme = parse_provider(provider), .bias = bias} {
    std::mt19937_64 rng(testing::test_seed());
    a = random_matrix(rng, DType::bf16, shape.m, shape.k, Values::normal);
    spec.scheme.output = output;
    operands.weights = std::make_shared<const LayerWeights>(
        random_matrix(rng, DType::bf16, shape.n, shape.k, Values::normal), ScaleSource::absmax);
    operands.activations = std::as_const(a).view();
    operands.weight_sets = 2;
    if (needs_static_scale(spec.scheme)) {
      operands.static_scale = calibrate(spec.scheme, operands.activations, ScaleSource::absmax);
    }
    for (std::int64_t n = 0; bias && n < shape.n; ++n) operands.bias.push_back(static_cast<float>(n % 5) - 2.0F);
  }

  Support support() const { return engine->supports(spec); }
  void prepare() { prepared = engine->prepare(spec, operands); }

  std::unique_ptr<HostEngine> engine;
  GemmSpec spec;
  Matrix a;
  Operands operands;
  std::unique_ptr<PreparedGemm> prepared;
};

/// D bit for bit by the definition, from the activations that the reference quantizes.
void expect_defined_results(Product& p) {
  const QuantizedActivations a =
      reference::quantize_activations(p.spec.scheme, p.operands.static_scale, p.operands.activations);
  const QuantizedWeights& w = p.operands.weights->quantized(p.spec.scheme.weight_scale);
  const Epilogue epilogue{a.scales, w.scales, a.azp, w.colsum, p.operands.bias};
  Matrix rounded(p.spec.scheme.output, 1, 1);
  for (std::int64_t m = 0; m < p.spec.shape.m; ++m) {
    for (std::int64_t n = 0; n < p.spec.shape.n; ++n) {
      std::int64_t sum = 0;
      for (std::int64_t k = 0; k < p.spec.shape.k; ++k) sum += a.q(m, k) * w.values.row<std::int8_t>(n)[k];
      set_element(rounded.view(), 0, 0, reference::dequantized(static_cast<std::int32_t>(sum), m, n, epilogue));
      ASSERT_EQ(element(p.prepared->output(), m, n), element(std::as_const(rounded).view(), 0, 0))
          << m << " " << n << ", QGEMM_TEST_SEED=" << testing::test_seed();
    }
  }
}

TEST(Avx512, EverySchemeGivesTheDefinedBits) {
  for (const std::string& provider : all_providers()) {
    if (!parse_provider(provider).integer()) continue;
    for (const DType output : {DType::bf16, DType::f32, DType::f16}) {
      SCOPED_TRACE(provider + " " + std::string(name(output)));
      Product p(avx512::make_engine(), provider, {13, 70, 90}, output, output != DType::f32);
      if (!p.support().ok) GTEST_SKIP() << p.support().reason;
      p.prepare();
      for (const int set : {0, 1}) {
        p.prepared->launch(set);
        expect_defined_results(p);
      }
      p.prepared->launch_product(1);
      expect_defined_results(p);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(Avx512, OddShapesGiveTheDefinedBits) {
  for (const Shape shape : {Shape{1, 1, 1},
                            {1, 1, 7},
                            {1, 65, 1},
                            {17, 1, 3},
                            {3, 129, 255},
                            {513, 17, 33},
                            {2, 600, 65},
                            {300, 64, 64},
                            {9, 1025, 67},
                            {7, 40, 4161},
                            {2, 3, 70'000}}) {
    for (const char* provider : {"int8-channel-w-token-a-azp", "int8-tensor-w-tensor-a"}) {
      SCOPED_TRACE(to_string(shape) + " " + provider);
      Product p(avx512::make_engine(), provider, shape, DType::bf16, true);
      if (!p.support().ok) GTEST_SKIP() << p.support().reason;
      p.prepare();
      p.prepared->launch(0);
      expect_defined_results(p);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(Avx512, QuantizingApartGivesTheSame) {
  Product p(avx512::make_engine(), "int8-channel-w-token-a", {9, 130, 200}, DType::bf16, false);
  if (!p.support().ok) GTEST_SKIP() << p.support().reason;
  p.prepare();
  p.prepared->launch(0);
  set_element(p.a.view(), 3, 3, 1000.0F);
  p.prepared->launch_quantize();
  EXPECT_GT(p.prepared->activations()->scale(3), 7.0F);
  p.prepared->launch_product(0);
  expect_defined_results(p);
}

TEST(Avx512, TheCallersOwnActivationsInEitherForm) {
  for (const Int8Form form : {Int8Form::s8, Int8Form::u8_shifted}) {
    Product p(avx512::make_engine(), "int8-channel-w-token-a-noquant", {9, 70, 200}, DType::f32, false);
    if (!p.support().ok) GTEST_SKIP() << p.support().reason;
    QuantizedActivations given = allocate_activations(p.spec.scheme, 9, 200, form);
    quantize_activations(p.spec.scheme, {}, p.operands.activations, given);
    p.operands.quantized = &given;
    p.prepare();
    p.prepared->launch(1);
    EXPECT_EQ(p.prepared->activations(), &given);
    expect_defined_results(p);
  }
}

TEST(Avx512, NamesItsKernel) {
  Product p(avx512::make_engine(), "int8-channel-w-token-a", {4, 64, 64}, DType::bf16, false);
  if (!p.support().ok) GTEST_SKIP() << p.support().reason;
  p.prepare();
  const auto names = avx512::kernel_names();
  EXPECT_TRUE(std::any_of(names.begin(), names.end(), [&](auto name) {
    return p.prepared->kernel().starts_with(std::string(name) + "_u8s8_");
  })) << p.prepared->kernel();
  EXPECT_EQ(p.prepared->weight_bytes(), 2 * p.engine->set_bytes(p.spec));
  EXPECT_GT(p.engine->memory_bytes(p.spec, 3), p.engine->memory_bytes(p.spec, 2));
}

TEST(Avx512, AForcedKernelRunsOrSaysWhyNot) {
  for (const auto kernel : avx512::kernel_names()) {
    Product p(avx512::make_engine(kernel), "int8-channel-w-token-a", {4, 70, 64}, DType::bf16, false);
    EXPECT_EQ(p.engine->name(), "avx512-" + std::string(kernel));
    if (!p.support().ok) {
      EXPECT_NE(p.support().reason.find(kernel), std::string::npos) << p.support().reason;
      EXPECT_THROW(p.prepare(), Unavailable);
      continue;
    }
    p.prepare();
    EXPECT_TRUE(p.prepared->kernel().starts_with(std::string(kernel) + "_u8s8_")) << p.prepared->kernel();
    p.prepared->launch(0);
    expect_defined_results(p);
  }
  EXPECT_THROW(avx512::make_engine("sse9"), InvalidInput);
}

TEST(Avx512, SaysWhyNot) {
  const auto engine = avx512::make_engine();
  GemmSpec spec{.shape = {1, 16, 16}, .scheme = parse_provider("bf16")};
  for (const char* provider : {"bf16", "f32", "fp8-tensor-w-tensor-a"}) {
    spec.scheme = parse_provider(provider);
    EXPECT_FALSE(engine->supports(spec).ok);
    EXPECT_FALSE(engine->supports(spec).reason.empty());
    EXPECT_THROW(engine->prepare(spec, {}), Unavailable);
  }
  spec = {.shape = {1, 16, 200'000}, .scheme = parse_provider("int8-tensor-w-tensor-a")};
  EXPECT_FALSE(engine->supports(spec).ok);
  spec = {.shape = {1, 0, 16}, .scheme = parse_provider("int8-tensor-w-tensor-a")};
  EXPECT_FALSE(engine->supports(spec).ok);
  if (!cpu_features().avx2) {
    spec.shape.n = 16;
    EXPECT_NE(engine->supports(spec).reason.find("AVX2"), std::string::npos) << engine->supports(spec).reason;
  }
}

TEST(Avx512, RefusesOperandsThatDoNotFit) {
  Product p(avx512::make_engine(), "int8-tensor-w-tensor-a", {4, 64, 32}, DType::f32, false);
  if (!p.support().ok) GTEST_SKIP() << p.support().reason;
  p.operands.bias = {1.0F};
  EXPECT_THROW(p.prepare(), InvalidInput);
  p.operands.bias.clear();
  p.operands.weight_sets = 0;
  EXPECT_THROW(p.prepare(), InvalidInput);
  p.operands.weight_sets = 1;
  p.operands.static_scale.reset();
  EXPECT_THROW(p.prepare(), InvalidInput);
  p.operands.static_scale = StaticScale{};
  p.spec.shape.n = 65;
  EXPECT_THROW(p.prepare(), InvalidInput);
  p.spec.shape.n = 64;
  p.operands.activations.data = nullptr;
  EXPECT_THROW(p.prepare(), InvalidInput);
}

TEST(Avx512, NanInTheActivationsLeavesTheResultAlone) {
  Product p(avx512::make_engine(), "int8-channel-w-token-a", {4, 64, 64}, DType::bf16, false);
  if (!p.support().ok) GTEST_SKIP() << p.support().reason;
  p.prepare();
  p.prepared->launch(0);
  const float before = element(p.prepared->output(), 1, 1);
  set_element(p.a.view(), 1, 0, 50.0F);
  set_element(p.a.view(), 2, 5, NAN);
  try {
    p.prepared->launch(0);
    FAIL() << "no exception";
  } catch (const InvalidInput& error) {
    EXPECT_NE(std::string(error.what()).find("row 2"), std::string::npos) << error.what();
  }
  EXPECT_EQ(element(p.prepared->output(), 1, 1), before);
}

}  // namespace
}  // namespace qgemm
