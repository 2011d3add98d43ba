// SmoothQuant's factors, and what can take them.
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "outliers/sampled_sums.hpp"
#include "outliers_model.hpp"

namespace qgemm {
namespace {

using testing::matrix_of;

TEST(SmoothingFactors, AreThoseOfThePaper) {
  const std::vector<float> a{16, 4, 1}, w{1, 0.25, 9};
  EXPECT_EQ(smoothing_factors(a, w, 0.5), (std::vector<float>{4, 4, 1.0F / 3}));
  EXPECT_EQ(smoothing_factors(a, w, 1), a);
  EXPECT_EQ(smoothing_factors(a, w, 0), (std::vector<float>{1, 4, 1.0F / 9}));
}

TEST(SmoothingFactors, LeaveFeaturesThatAreZeroAlone) {
  EXPECT_EQ(smoothing_factors(std::vector<float>{0, 3, 0}, std::vector<float>{2, 0, 0}, 0.5),
            (std::vector<float>{1, 1, 1}));
  // What no float32 can hold is no factor.
  constexpr float tiny = std::numeric_limits<float>::min(), huge = std::numeric_limits<float>::max();
  for (const double alpha : {0.0, 0.1, 0.5, 1.0}) {
    for (const float s : smoothing_factors(std::vector<float>{huge, tiny}, std::vector<float>{tiny, huge}, alpha)) {
      EXPECT_TRUE(std::isnormal(s)) << alpha;
    }
  }
}

TEST(SmoothingFactors, RefuseWhatIsNone) {
  const std::vector<float> one{1}, two{1, 2};
  expect_error<InvalidInput>([&] { smoothing_factors(one, two, 0.5); }, {"1 and 2"});
  for (const double alpha : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN()}) {
    expect_error<InvalidInput>([&] { smoothing_factors(one, one, alpha); }, {"alpha", "0 to 1"});
  }
}

TEST(SmoothingFactors, LeaveTheProductAsItIs) {
  SCOPED_TRACE("QGEMM_TEST_SEED=" + std::to_string(testing::test_seed()));
  constexpr std::int64_t m = 5, n = 7, k = 300;
  const testing::Normal normal_a(1), normal_w(2);
  const Matrix a = matrix_of(m, k, [&](auto r, auto c) { return normal_a(r, c) * (c % 50 == 0 ? 100.0F : 1.0F); });
  const Matrix w = matrix_of(n, k, normal_w);
  std::vector<float> top_a(k), top_w(k);
  for (std::int64_t c = 0; c < k; ++c) {
    for (std::int64_t r = 0; r < m; ++r) {
      auto& top = top_a[static_cast<std::size_t>(c)];
      top = std::max(top, std::abs(element(a.view(), r, c)));
    }
    for (std::int64_t r = 0; r < n; ++r) {
      auto& top = top_w[static_cast<std::size_t>(c)];
      top = std::max(top, std::abs(element(w.view(), r, c)));
    }
  }
  const auto truth = float_sums(a.view(), w.view());
  for (const double alpha : {0.0, 0.3, 0.5, 0.9, 1.0}) {
    const auto s = smoothing_factors(top_a, top_w, alpha);
    const auto factor = [&](std::int64_t c) { return s[static_cast<std::size_t>(c)]; };
    const Matrix smooth_a = matrix_of(m, k, [&](auto r, auto c) { return element(a.view(), r, c) / factor(c); });
    const Matrix smooth_w = matrix_of(n, k, [&](auto r, auto c) { return element(w.view(), r, c) * factor(c); });
    const auto smoothed = float_sums(smooth_a.view(), smooth_w.view());
    for (std::size_t i = 0; i < truth.size(); ++i) {
      // Two roundings of 2^-24 a product; products of up to some 1500 each, 300 of them.
      EXPECT_NEAR(smoothed[i], truth[i], 1500 * 300 * 0x1p-23) << alpha;
    }
  }
}

TEST(SampledSums, AreThePlainSumsWhateverTheSizes) {
  SCOPED_TRACE("QGEMM_TEST_SEED=" + std::to_string(testing::test_seed()));
  std::mt19937_64 rng(testing::test_seed());
  for (const auto& [m, n, k] :
       std::vector<std::array<std::int64_t, 3>>{{1, 1, 1}, {2, 8, 256}, {3, 9, 257}, {5, 17, 2049}, {4, 7, 5000}}) {
    Matrix a(DType::s8, m, k), w(DType::s8, n, k);
    for (Matrix* matrix : {&a, &w}) {
      for (std::size_t i = 0; i < matrix->bytes(); ++i) {
        static_cast<std::uint8_t*>(matrix->data())[i] = static_cast<std::uint8_t>(rng());
      }
    }
    const Matrix fa = matrix_of(m, k, [&](auto r, auto c) { return element(a.view(), r, c); });
    const Matrix fw = matrix_of(n, k, [&](auto r, auto c) { return element(w.view(), r, c); });
    const auto codes = code_sums(widen(a.view()), widen(w.view()));
    const auto floats = float_sums(fa.view(), fw.view());
    for (std::int64_t i = 0; i < m * n; ++i) {
      std::int64_t sum = 0;
      for (std::int64_t c = 0; c < k; ++c) sum += a.row<std::int8_t>(i / n)[c] * w.row<std::int8_t>(i % n)[c];
      ASSERT_EQ(codes[static_cast<std::size_t>(i)], sum);
      ASSERT_EQ(floats[static_cast<std::size_t>(i)], static_cast<double>(sum));
    }
  }
}

TEST(SampleChannels, AreDistinctAndAscending) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto channels = sample_channels(100, 64, seed);
    ASSERT_EQ(channels.size(), 64U);
    EXPECT_GE(channels.front(), 0);
    EXPECT_LT(channels.back(), 100);
    EXPECT_EQ(std::adjacent_find(channels.begin(), channels.end(), std::greater_equal<>()), channels.end());
  }
  EXPECT_NE(sample_channels(1000, 64, 1), sample_channels(1000, 64, 2));
  EXPECT_EQ(sample_channels(3, 64, 1), (std::vector<std::int64_t>{0, 1, 2}));
}

std::string fold_in(const Model& model, const std::string& name) {
  for (const auto& layer : model.layers) {
    if (layer.name == name) return smoothing_fold(model, layer);
  }
  return "no such layer";
}

TEST(SmoothingFold, KnowsWhatIsLinear) {
  const WeightsOf shared("LlamaForCausalLM", 2), own("LlamaForCausalLM", 4);
  for (const auto* weights : {&shared, &own}) {
    EXPECT_EQ(fold_in(weights->model(), "qkv"), "norm");
    EXPECT_EQ(fold_in(weights->model(), "gate_up"), "norm");
    EXPECT_EQ(fold_in(weights->model(), "down"), "up");
  }
  EXPECT_EQ(fold_in(shared.model(), "o"), "");
  EXPECT_EQ(fold_in(own.model(), "o"), "v");
}

TEST(SmoothingFold, KnowsANormThatSeveralLayersHave) {
  const WeightsOf parallel("CohereForCausalLM", 4), behind("Olmo2ForCausalLM", 4);
  EXPECT_EQ(fold_in(parallel.model(), "qkv"), "one norm");
  EXPECT_EQ(fold_in(parallel.model(), "gate_up"), "one norm");
  EXPECT_EQ(fold_in(parallel.model(), "down"), "up");
  EXPECT_EQ(fold_in(behind.model(), "qkv"), "");
  EXPECT_EQ(fold_in(behind.model(), "gate_up"), "");
  Model latent{"org/model", "", "", {{"q", 8, 8}, {"kv_a", 8, 8}, {"kv_b", 8, 8}, {"qkv_a", 8, 8}, {"q_b", 8, 8}}, 1};
  EXPECT_EQ(fold_in(latent, "q"), "one norm");
  EXPECT_EQ(fold_in(latent, "kv_a"), "one norm");
  EXPECT_EQ(fold_in(latent, "kv_b"), "norm");
  EXPECT_EQ(fold_in(latent, "qkv_a"), "norm");
  EXPECT_EQ(fold_in(latent, "q_b"), "norm");
}

TEST(SmoothingFold, TellsHeadsFromSizesWhereTheModelDoesNot) {
  Model model{"org/model", "", "", {{"qkv", 96, 32}, {"o", 32, 32}, {"up", 64, 32}, {"down", 32, 64}}, 1};
  EXPECT_EQ(fold_in(model, "o"), "v");
  EXPECT_EQ(fold_in(model, "up"), "norm");
  EXPECT_EQ(fold_in(model, "down"), "");  // an activation alone is not linear
  model.layers[0].n = 64;                 // heads share their keys and values
  EXPECT_EQ(fold_in(model, "o"), "");
  model.layers[2].experts = 8;
  EXPECT_EQ(fold_in(model, "up"), "");
}

}  // namespace
}  // namespace qgemm
