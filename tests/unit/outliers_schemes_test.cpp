// SQNR of every provider, against a computation that shares nothing with it but the reference's formulas.
#include <algorithm>
#include <cmath>
#include <limits>

#include "outliers_model.hpp"
#include "quantize/reference.hpp"

namespace qgemm {
namespace {

using testing::matrix_of;
using testing::Normal;
using testing::OneLayer;
using testing::only_layer;
using testing::scheme_in;

/// `calibration`: the tokens that a scale given ahead is made of.
double brute_force_db(const Scheme& scheme, const Matrix& a, const Matrix& calibration, const Matrix& w,
                      const Matrix& true_a, const Matrix& true_w) {
  const auto wq = reference::quantize_weights(w.view(), scheme.weight_scale, ScaleSource::absmax, scheme.weight);
  const bool symmetric = scheme.zero_point == ZeroPoint::none;
  const StaticScale given =
      reference::scale_of_rows(calibration.view(), 0, calibration.rows(), symmetric, scheme.activation);
  const auto aq = reference::quantize_activations(scheme, given, a.view());
  double signal = 0, noise = 0;
  for (std::int64_t m = 0; m < a.rows(); ++m) {
    for (std::int64_t n = 0; n < w.rows(); ++n) {
      double truth = 0, sum = 0;
      for (std::int64_t k = 0; k < a.cols(); ++k) {
        truth += static_cast<double>(element(true_a.view(), m, k)) * static_cast<double>(element(true_w.view(), n, k));
        sum += (static_cast<double>(element(aq.values.view(), m, k)) - aq.zero_point(m)) *
               static_cast<double>(element(wq.values.view(), n, k));
      }
      const float scaled = aq.scale(m) * (wq.scale(n) * static_cast<float>(sum));
      const double error = static_cast<double>(to_float(to_bfloat16(scaled))) - truth;
      signal += truth * truth;
      noise += error * error;
    }
  }
  return 10 * std::log10(signal / noise);
}

/// Calibrated on the tested tokens, or on five behind them, of which some are larger and some smaller.
void expect_brute_force(const std::string& provider, std::int64_t calibration_tokens) {
  SCOPED_TRACE("QGEMM_TEST_SEED=" + std::to_string(testing::test_seed()) + ", calibrated on " +
               std::to_string(calibration_tokens));
  constexpr std::int64_t cols = 20, tokens = 7;
  const Normal normal_a(1), normal_w(2);
  const auto a_at = [&](std::int64_t m, std::int64_t k) { return normal_a(m, k) * (k == 3 ? 16.0F : 1.0F) + 0.5F; };
  const auto bf16_at = [&](std::int64_t m, std::int64_t k) { return to_float(to_bfloat16(a_at(m, k))); };
  const OneLayer model(cols, tokens + calibration_tokens, normal_w, a_at);
  AccuracyOptions options = model.options();
  options.providers = {provider};
  options.smooth = "0.25";
  options.tokens = tokens;
  options.calibration_tokens = calibration_tokens;
  const LayerAccuracy layer = only_layer(measure_accuracy(options));
  EXPECT_EQ(layer.tokens, tokens);
  EXPECT_EQ(layer.calibration_tokens, calibration_tokens);
  const SchemeAccuracy found = scheme_in(layer, provider);

  const std::int64_t first = calibration_tokens == 0 ? 0 : tokens;
  const std::int64_t calibrated = calibration_tokens == 0 ? tokens : calibration_tokens;
  const Matrix a = matrix_of(tokens, cols, bf16_at), w = matrix_of(cols, cols, normal_w);
  const Matrix known = matrix_of(calibrated, cols, [&](auto m, auto k) { return bf16_at(first + m, k); });
  const Scheme scheme = parse_provider(provider);
  EXPECT_NEAR(found.sqnr_db, brute_force_db(scheme, a, known, w, a, w), 1e-9);

  std::vector<float> s(cols);
  for (std::int64_t k = 0; k < cols; ++k) {
    float top_a = 0, top_w = 0;
    for (std::int64_t m = 0; m < calibrated; ++m) top_a = std::max(top_a, std::abs(element(known.view(), m, k)));
    for (std::int64_t n = 0; n < cols; ++n) top_w = std::max(top_w, std::abs(normal_w(n, k)));
    s[static_cast<std::size_t>(k)] =
        static_cast<float>(std::pow(static_cast<double>(top_a), 0.25) / std::pow(static_cast<double>(top_w), 0.75));
  }
  const auto factor = [&](std::int64_t k) { return s[static_cast<std::size_t>(k)]; };
  const Matrix smooth_a = matrix_of(tokens, cols, [&](auto m, auto k) { return bf16_at(m, k) / factor(k); });
  const Matrix smooth_known =
      matrix_of(calibrated, cols, [&](auto m, auto k) { return element(known.view(), m, k) / factor(k); });
  const Matrix smooth_w = matrix_of(cols, cols, [&](auto n, auto k) { return normal_w(n, k) * factor(k); });
  ASSERT_EQ(found.by_alpha.size(), 1U);
  EXPECT_NEAR(found.by_alpha[0], brute_force_db(scheme, smooth_a, smooth_known, smooth_w, a, w), 1e-9);
  EXPECT_EQ(found.smoothed_db, found.by_alpha[0]);
  EXPECT_EQ(found.alpha, 0.25);
}

class SchemeAccuracyOf : public ::testing::TestWithParam<std::string> {};

TEST_P(SchemeAccuracyOf, IsThatOfABruteForceComputation) {
  expect_brute_force(GetParam(), 0);
  expect_brute_force(GetParam(), 5);
}

std::vector<std::string> quantized_providers() {
  std::vector<std::string> names;
  for (const auto& name : all_providers()) {
    if (parse_provider(name).quantized() && !name.ends_with("-noquant")) names.push_back(name);
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(Providers, SchemeAccuracyOf, ::testing::ValuesIn(quantized_providers()),
                         [](const auto& tested) {
                           std::string name = tested.param;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

TEST(Accuracy, ScalesAreThoseOfTheWholeWeightWhateverIsSampled) {
  SCOPED_TRACE("QGEMM_TEST_SEED=" + std::to_string(testing::test_seed()));
  constexpr std::int64_t cols = 32;
  const Normal normal(1);
  // One channel sets the one scale; where it is not sampled, the others still pay for it.
  const auto weight = [&](std::int64_t n, std::int64_t k) { return normal(n, k) * (n == 31 ? 64.0F : 1.0F); };
  const OneLayer model(cols, 16, weight, Normal(2));
  AccuracyOptions options = model.options();
  options.channels = 8;
  options.providers = {"int8-tensor-w-token-a", "int8-channel-w-token-a"};
  for (options.seed = 0; options.seed < 8; ++options.seed) {
    const LayerAccuracy layer = only_layer(measure_accuracy(options));
    EXPECT_EQ(layer.channels, 8);
    if (scheme_in(layer, "int8-tensor-w-token-a").sqnr_db < scheme_in(layer, "int8-channel-w-token-a").sqnr_db - 12) {
      return;  // a sample without that channel, whose signal is all there is in one with it
    }
  }
  ADD_FAILURE() << "no sample shows what the largest channel costs the others";
}

TEST(Accuracy, AnOutlierFeatureCostsWhatItsScaleSays) {
  SCOPED_TRACE("QGEMM_TEST_SEED=" + std::to_string(testing::test_seed()));
  constexpr std::int64_t cols = 256, tokens = 64;
  const Normal normal(1);
  const auto measured = [&](float outlier) {
    const auto activation = [&](std::int64_t m, std::int64_t k) { return k == 100 ? outlier : normal(m, k); };
    const OneLayer model(cols, tokens, Normal(2), activation);
    AccuracyOptions options = model.options();
    options.providers = {"int8-channel-w-tensor-a"};
    options.smooth = "auto";
    options.calibration_tokens = 0;
    return only_layer(measure_accuracy(options)).schemes.at(0);
  };
  // Steps of 1/127 of the largest value, each uniform within its step: step²/12 of noise an element, against the sum
  // of squares of the token; the weights' own noise likewise, with some 2.8 for a channel's largest of N(0,1).
  const auto predicted = [&](double largest, double feature) {
    const double squares = cols - 1 + feature * feature;
    const double step = largest / 127, weight_step = 2.8 / 127;
    return 10 * std::log10(squares / (cols * step * step / 12 + weight_step * weight_step / 12 * squares));
  };
  const SchemeAccuracy without = measured(1), with = measured(100);
  EXPECT_NEAR(without.sqnr_db, predicted(4.2, 1), 1.5);
  EXPECT_NEAR(with.sqnr_db, predicted(100, 100), 1.5);
  EXPECT_LT(with.sqnr_db, without.sqnr_db - 6);
  ASSERT_TRUE(with.smoothed_db);
  EXPECT_GT(*with.smoothed_db, with.sqnr_db + 8);
  EXPECT_GT(*with.smoothed_db, without.sqnr_db - 2);
  EXPECT_EQ(with.by_alpha.size(), 9U);
  EXPECT_EQ(*std::max_element(with.by_alpha.begin(), with.by_alpha.end()), *with.smoothed_db);
}

TEST(Accuracy, ScalesOfOtherTokensCutWhatTheyHaveNotSeen) {
  SCOPED_TRACE("QGEMM_TEST_SEED=" + std::to_string(testing::test_seed()));
  constexpr std::int64_t cols = 64;
  const Normal normal(1);
  // One of the tested tokens is ten times what calibration sees.
  const auto activation = [&](std::int64_t m, std::int64_t k) { return normal(m, k) * (m == 3 ? 10.0F : 1.0F); };
  const OneLayer model(cols, 128, Normal(2), activation);
  AccuracyOptions options = model.options();
  options.tokens = 64;
  options.providers = {"int8-channel-w-tensor-a", "int8-channel-w-dyntensor-a", "fp8-channel-w-tensor-a"};
  const LayerAccuracy apart = only_layer(measure_accuracy(options));
  EXPECT_EQ(apart.calibration_tokens, 64);
  options.calibration_tokens = 0;
  const LayerAccuracy same = only_layer(measure_accuracy(options));
  EXPECT_EQ(same.schemes[0].sqnr_db, same.schemes[1].sqnr_db);
  EXPECT_EQ(apart.schemes[1].sqnr_db, same.schemes[1].sqnr_db) << "its scale is its own tokens'";
  EXPECT_LT(apart.schemes[0].sqnr_db, same.schemes[0].sqnr_db - 10);
  EXPECT_LT(apart.schemes[2].sqnr_db, same.schemes[2].sqnr_db - 10) << "448 steps more are cut, too";
}

/// o as int8 codes with a scale a row, and inputs of which nothing is lost: whole numbers up to 127, one of them that.
AccuracyOptions stored_int8(const CatalogFolder& folder, std::int64_t size) {
  folder.write("config.json", R"({"architectures": ["LlamaForCausalLM"], "hidden_size": 16, "intermediate_size": 12,
      "num_attention_heads": 4, "num_key_value_heads": 2, "num_hidden_layers": 1, "head_dim": 4})");
  const auto codes =
      elements<std::int8_t>(size * size, [](std::int64_t i) { return static_cast<std::int8_t>((i * 37) % 255 - 127); });
  // Scales far apart, so that one for all of them would lose most of the small ones.
  const auto scales = elements<float>(size, [](std::int64_t i) { return i % 2 == 0 ? 1.0F : 0.01F; });
  const std::string o = "model.layers.0.self_attn.o_proj.weight";
  folder.write("model.safetensors",
               safetensors({{o, "I8", {size, size}, codes}, {o + "_scale", "F32", {size, 1}, scales}}));
  const auto inputs = elements<float>(
      4 * size, [&](std::int64_t i) { return i % size == 5 ? 127.0F : static_cast<float>(i * 11 % 127); });
  AccuracyOptions options;
  options.weights = folder.path();
  options.activations = folder.write("inputs", safetensors({{"layers.0.o", "F32", {4, size}, inputs}}));
  options.layers = {"o"};
  options.tokens = 4;
  return options;
}

TEST(Accuracy, MultipliesWeightsThatAreStoredQuantizedAsTheyAre) {
  const CatalogFolder folder;
  const AccuracyOptions options = stored_int8(folder, 16);
  const AccuracyReport report = measure_accuracy(options);
  const LayerAccuracy layer = only_layer(report);
  EXPECT_EQ(layer.weights, "s8");
  EXPECT_EQ(layer.weight.absmax, 127);
  // Nothing but the result's rounding to bf16, at most 2^-9 of each.
  EXPECT_GT(scheme_in(layer, "int8-channel-w-token-a").sqnr_db, 50);
  EXPECT_LT(scheme_in(layer, "int8-tensor-w-token-a").sqnr_db, 50);
  EXPECT_LT(scheme_in(layer, "fp8-channel-w-token-a").sqnr_db, 40);
  for (const auto& scheme : layer.schemes) {
    EXPECT_FALSE(scheme.smoothed_db) << scheme.provider;
    EXPECT_TRUE(scheme.by_alpha.empty());
  }
  EXPECT_NE(layer.message.find("quantized"), std::string::npos);
  EXPECT_EQ(report.alphas.size(), 9U);
}

TEST(Accuracy, IsExactWhereNothingIsLost) {
  const auto zero = [](std::int64_t, std::int64_t) { return 0.0F; };
  const OneLayer model(8, 4, zero, zero);
  AccuracyOptions options = model.options();
  options.smooth = "auto";
  const LayerAccuracy layer = only_layer(measure_accuracy(options));
  EXPECT_EQ(layer.schemes.size(), 12U);
  for (const auto& scheme : layer.schemes) {
    EXPECT_EQ(scheme.sqnr_db, std::numeric_limits<double>::infinity()) << scheme.provider;
    EXPECT_EQ(scheme.smoothed_db, scheme.sqnr_db);
    EXPECT_EQ(scheme.alpha, 0.1);
  }
}

}  // namespace
}  // namespace qgemm
