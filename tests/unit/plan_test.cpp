#include "plan/plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>

#include "qgemm/error.hpp"

namespace qgemm {
namespace {

const PlanDevice& cpu() {
  static const PlanDevice device = cpu_plan_device({"onednn", "reference"});
  return device;
}

std::string message_of(const SweepOptions& options) {
  try {
    plan_points(options, cpu());
  } catch (const InvalidInput& error) {
    return error.what();
  }
  return {};
}

TEST(Plan, TheDefaultIsTheReferencesSweepOnACpu) {
  const auto points = plan_points({}, cpu());
  ASSERT_EQ(points.size(), 4U * 7U);  // layers × batch sizes
  EXPECT_EQ(points[0].layer, "qkv");
  EXPECT_EQ(points[0].shape, (Shape{1, 6144, 4096}));
  EXPECT_EQ(points.back().shape, (Shape{1024, 4096, 14336}));
  ASSERT_EQ(points[0].cases.size(), 6U);
  EXPECT_EQ(points[0].cases[0].provider, "bf16");
  EXPECT_EQ(points[0].cases[5].provider, "int8-channel-w-token-a-noquant");
  EXPECT_EQ(points[0].cache, CacheState::cold);
  EXPECT_EQ(points[0].cases[5].spec.scheme.output, DType::bf16);
  EXPECT_EQ(points[0].cases[1].spec.scheme.output, DType::f32);
}

TEST(Plan, TheDefaultOnAGpuIsTheReferencesTwoSweeps) {
  const PlanDevice hopper = cuda_plan_device({"cutlass", "cublaslt", "reference"}, true);
  const auto points = plan_points({}, hopper);
  ASSERT_EQ(points.size(), 4U * 11U);  // layers × batch sizes
  EXPECT_EQ(points[0].shape, (Shape{1, 6144, 4096}));
  EXPECT_EQ(points.back().shape, (Shape{16384, 4096, 14336}));
  ASSERT_EQ(points[0].cases.size(), 9U);  // bf16, four of INT8, four of FP8
  EXPECT_EQ(points[0].cases[0].provider, "bf16");
  EXPECT_EQ(points[0].cases[4].provider, "int8-channel-w-token-a-noquant");
  EXPECT_EQ(points[0].cases[8].provider, "fp8-channel-w-token-a-noquant");
  EXPECT_EQ(points[0].cases[8].spec.scheme.weight, DType::e4m3);
  EXPECT_EQ(points[0].cases[0].engine, "auto");
  for (const auto& point : points) EXPECT_EQ(point.cache, CacheState::hot);
}

TEST(Plan, AGpuWithoutFp8LeavesItOutOfItsDefault) {
  SweepOptions options;
  options.quick = true;
  const auto points = plan_points(options, cuda_plan_device({"cutlass"}, false));
  ASSERT_EQ(points.size(), 4U * 4U);
  for (const auto& point : points) {
    ASSERT_EQ(point.cases.size(), 5U);
    for (const auto& c : point.cases) EXPECT_FALSE(c.provider.starts_with("fp8")) << c.provider;
  }
}

TEST(Plan, TensorParallelismDividesTheRightDimension) {
  SweepOptions options;
  options.tp_sizes = {4};
  options.batch_sizes = {16};
  const auto points = plan_points(options, cpu());
  ASSERT_EQ(points.size(), 4U);
  EXPECT_EQ(points[0].shape, (Shape{16, 1536, 4096}));  // qkv: N
  EXPECT_EQ(points[1].shape, (Shape{16, 4096, 1024}));  // o: K
  EXPECT_EQ(points[2].shape, (Shape{16, 7168, 4096}));  // gate_up: N
  EXPECT_EQ(points[3].shape, (Shape{16, 4096, 3584}));  // down: K
  options.tp_sizes = {3};
  const std::string message = message_of(options);
  for (const char* part : {"Llama-3.1-8B", "o", "4096", "3"}) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }
}

TEST(Plan, RepeatedSizesAreMeasuredOnce) {
  SweepOptions options;
  options.shapes = {{1, 8, 8}, {2, 8, 8}, {1, 8, 8}};
  options.cache = {CacheState::hot, CacheState::cold, CacheState::hot};
  EXPECT_EQ(plan_points(options, cpu()).size(), 4U);
  options = {};
  options.batch_sizes = {4, 4};
  options.tp_sizes = {2, 2};
  EXPECT_EQ(plan_points(options, cpu()).size(), 4U);
}

TEST(Plan, LayersCanBeChosen) {
  SweepOptions options;
  options.batch_sizes = {1};
  options.layers = {"*o*", "down"};
  const auto points = plan_points(options, cpu());
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points[0].layer, "o");
  EXPECT_EQ(points[1].layer, "down");
  options.layers = {"dwon"};
  EXPECT_NE(message_of(options).find("gate_up"), std::string::npos);
}

TEST(Plan, EnginesAreNamesAutoOrAll) {
  SweepOptions options;
  options.shapes = {{1, 8, 8}};
  options.providers = {"bf16"};
  options.engines = {"all"};
  EXPECT_EQ(plan_points(options, cpu())[0].cases.size(), 2U);
  options.engines = {"auto", "reference", "auto"};
  EXPECT_EQ(plan_points(options, cpu())[0].cases.size(), 2U);
  options.engines = {"mkl"};
  EXPECT_NE(message_of(options).find("onednn or reference"), std::string::npos);
}

/// A configuration file can turn a flag on; `false` leaves it as it is. So no flag may be on by itself.
TEST(Plan, EveryFlagIsOffByDefault) {
  for (const auto& [option, value] : to_properties(SweepOptions{})) {
    if (const auto* flag = std::get_if<bool>(&value)) {
      EXPECT_FALSE(*flag) << option;
    }
  }
}

TEST(Plan, RefusesWhatCannotBeMeasuredNamingIt) {
  const auto with = [](const auto& change) {
    SweepOptions options;
    change(options);
    return message_of(options);
  };
  const auto contains = [](const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << "'" << text << "' lacks '" << part << "'";
  };
  contains(with([](auto& o) { o.batch_sizes = {0}; }), "--batch-sizes has 0");
  contains(with([](auto& o) { o.batch_sizes = {std::int64_t{1} << 40}; }), "--batch-sizes");
  contains(with([](auto& o) { o.tp_sizes = {-2}; }), "--tp-sizes has -2");
  contains(with([](auto& o) { o.models = {"no-such-model"}; }), "no-such-model");
  contains(with([](auto& o) { o.providers = {"int7"}; }), "int7");
  contains(with([](auto& o) { o.scales = "maybe"; }), "--scales is 'maybe'");
  contains(with([](auto& o) { o.max_noise = 0; }), "--max-noise");
  contains(with([](auto& o) { o.max_time = -1; }), "--max-time");
  EXPECT_EQ(with([](auto& o) { o.max_time = 0; }), "");  // the device's own
  contains(with([](auto& o) { o.min_samples = 0; }), "--min-samples");
  contains(with([](auto& o) { o.timer = "stopwatch"; }), "--timer is 'stopwatch'");
  contains(with([](auto& o) { o.timer = "reference", o.device = "cpu"; }), "--device cuda");
  EXPECT_EQ(with([](auto& o) { o.timer = "reference", o.device = "cuda"; }), "");
  contains(with([](auto& o) { o.output = DType::s8; }), "--output is s8");
  contains(with([](auto& o) { o.shapes = {{1, 16, 131'072}}; }), "131071");
  contains(with([](auto& o) { o.shapes = {{1, 16, 133'145}}, o.providers = {"int8-channel-w-token-a"}; }), "133144");
  EXPECT_EQ(with([](auto& o) { o.shapes = {{1, 16, 133'144}}, o.providers = {"int8-channel-w-token-a"}; }), "");
  EXPECT_EQ(with([](auto& o) { o.shapes = {{1, 16, 200'000}}, o.providers = {"bf16"}; }), "");
}

TEST(Plan, AScanHasEachSize) {
  EXPECT_EQ(parse_scan("3:6"), (std::vector<std::int64_t>{3, 4, 5, 6}));
  EXPECT_EQ(parse_scan("7:7"), (std::vector<std::int64_t>{7}));
  EXPECT_EQ(parse_scan("1:10:4"), (std::vector<std::int64_t>{1, 5, 9}));
  EXPECT_EQ(parse_scan("1:4096").size(), 4096U);
  SweepOptions options;
  options.scan_m = "127:129";
  options.layers = {"o"};
  options.quick = true;
  for (const PlanDevice& device : {cpu(), cuda_plan_device({"cutlass"}, true)}) {
    const auto points = plan_points(options, device);
    ASSERT_EQ(points.size(), 3U);
    EXPECT_EQ(points[0].shape, (Shape{127, 4096, 4096}));
    EXPECT_EQ(points[2].shape, (Shape{129, 4096, 4096}));
  }
}

TEST(Plan, AScanThatIsNoneIsToldInOneSentence) {
  for (const char* text :
       {"", "1", "1:", ":1", "a:b", "1:2:3:4", "0:4", "-1:4", "1:4:0", "1.5:4", "1:4 ", "1:99999999999999999999"}) {
    EXPECT_THROW(parse_scan(text), InvalidInput) << text;
  }
  const auto told = [](const std::string& scan, const std::function<void(SweepOptions&)>& change = {}) {
    SweepOptions options;
    options.scan_m = scan;
    if (change) change(options);
    return message_of(options);
  };
  EXPECT_EQ(told("16"), "--scan-m is '16': give FROM:TO or FROM:TO:STEP in whole numbers from 1, such as 1:256");
  EXPECT_EQ(told("9:8"), "--scan-m is '9:8': put the smaller M first");
  EXPECT_EQ(told("1:99999999"), "--scan-m is '1:99999999': give M up to 16777216");
  EXPECT_EQ(told("1:5000"), "--scan-m is '1:5000': these are 5000 sizes, give a STEP that leaves at most 4096");
  EXPECT_EQ(told("1:2", [](auto& o) { o.batch_sizes = {1}; }),
            "--scan-m and --batch-sizes both say which M to measure: give one of them");
  EXPECT_EQ(told("1:2",
                 [](auto& o) {
                   o.shapes = {{1, 8, 8}};
                 }),
            "--shapes says which M to measure, and so does --scan-m: scan --models instead");
}

TEST(Plan, OptionsAreAllInTheProperties) {
  const auto properties = to_properties({});
  for (const char* flag :
       {"models",   "tp-sizes",  "layers",      "batch-sizes", "shapes",     "providers", "engines",
        "device",   "threads",   "cache",       "scales",      "data",       "output",    "bias",
        "max-time", "max-noise", "min-samples", "timer",       "max-memory", "seed",      "scan-m"}) {
    EXPECT_TRUE(std::any_of(properties.begin(), properties.end(), [&](const auto& p) { return p.first == flag; }))
        << flag;
  }
}

TEST(Plan, AKernelNeedsItsEngine) {
  SweepOptions options;
  options.kernel = "sm90_wgmma_s8_128x128_1x1";
  EXPECT_NE(message_of(options).find("--kernel"), std::string::npos) << message_of(options);
  EXPECT_NE(message_of(options).find("onednn"), std::string::npos) << message_of(options);
  const PlanDevice hopper = cuda_plan_device({"cutlass", "cublaslt"}, true);
  EXPECT_NO_THROW(plan_points(options, hopper));
  for (const char* engines : {"cutlass", "all"}) {
    options.engines = {engines};
    EXPECT_NO_THROW(plan_points(options, hopper)) << engines;
  }
  options.engines = {"cublaslt"};
  EXPECT_THROW(plan_points(options, hopper), InvalidInput);
}

/// A folder with a config.json, removed with the test.
class PlanOfAConfig : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("qgemm-plan-" + std::to_string(std::random_device{}()));
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ / "config.json") << R"({"architectures": ["MixtralForCausalLM"], "hidden_size": 256,
        "intermediate_size": 512, "num_attention_heads": 4, "num_key_value_heads": 2, "num_local_experts": 8,
        "num_experts_per_tok": 2, "vocab_size": 1000})";
    options_.models = {folder_.string()};
    options_.providers = {"f32"};
    options_.batch_sizes = {1, 2, 4, 5, 64};
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::vector<Point> points_of(const std::string& layer) const {
    std::vector<Point> found;
    for (auto& point : plan_points(options_, cpu())) {
      if (point.layer == layer) found.push_back(std::move(point));
    }
    return found;
  }

  std::filesystem::path folder_;
  SweepOptions options_;
};

TEST_F(PlanOfAConfig, AnExpertHasItsShareOfTheTokens) {
  EXPECT_EQ(points_of("qkv").size(), 5U);
  const auto expert = points_of("expert_down");
  ASSERT_EQ(expert.size(), 3U);  // 1, 2 and 4 tokens give an expert one
  EXPECT_EQ(expert[0].shape, (Shape{1, 256, 512}));
  EXPECT_EQ(expert[1].shape.m, 2);
  EXPECT_EQ(expert[2].shape.m, 16);
  EXPECT_EQ(expert[1].cases.at(0).batch, 5);
  EXPECT_EQ(points_of("qkv")[3].cases.at(0).batch, 5);
}

TEST_F(PlanOfAConfig, HasTheLogitsWhereTheyAreAskedFor) {
  EXPECT_TRUE(points_of("lm_head").empty());
  options_.lm_head = true;
  options_.tp_sizes = {2};
  const auto head = points_of("lm_head");
  ASSERT_EQ(head.size(), 5U);
  EXPECT_EQ(head[0].shape, (Shape{1, 512, 256}));  // 1000 rows, up to a multiple of 64, on two devices
  options_.layers = {"lm_*"};
  EXPECT_EQ(plan_points(options_, cpu()).size(), 5U);
  options_.models = {"meta-llama/Llama-3.1-8B-Instruct"};
  EXPECT_NE(message_of(options_).find("--lm-head"), std::string::npos) << message_of(options_);
}

}  // namespace
}  // namespace qgemm
