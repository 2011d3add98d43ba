// Sweeps over the weights of a checkpoint on a GPU, held against the CPU's over the same files.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "gpu_test.hpp"
#include "qgemm/sweep.hpp"
#include "random_matrix.hpp"
#include "test_seed.hpp"
#include "weights_files.hpp"

namespace qgemm {
namespace {

constexpr std::int64_t hidden = 128, intermediate = 352, q_rows = 128, kv_rows = 64;

/// The largest codes that the quantized checkpoints below store: smaller than what quantizing would make of them.
constexpr int largest_s8 = 90;
constexpr std::uint8_t largest_e4m3 = 0x77;  // 240

/// The tensors of one llama's decoder layer, at random, and the files that hold them.
class StoredLlama {
 public:
  StoredLlama() {
    folder_.write("config.json", R"({"architectures": ["LlamaForCausalLM"], "hidden_size": 128,
      "intermediate_size": 352, "num_attention_heads": 4, "num_key_value_heads": 2, "num_hidden_layers": 2})");
  }
  std::string path() const { return folder_.path().string(); }

  /// `type`: BF16, F16, F32; I8 or F8_E4M3 with a scale a row, or with one for all tensors where `one_scale`.
  void write(const std::string& type, bool one_scale = false) const {
    std::mt19937_64 rng(testing::test_seed());
    std::vector<TensorToWrite> tensors;
    for (const auto& [module, n, k] : modules) {
      const std::string name = std::string("model.layers.1.") + module;
      if (type == "I8" || type == "F8_E4M3") {
        tensors.push_back(codes(name + ".weight", type, n, k, rng));
        tensors.push_back(scales(name + ".weight_scale", one_scale ? 1 : n, rng));
      } else {
        tensors.push_back(values(name + ".weight", type, n, k, rng));
      }
    }
    folder_.write("model.safetensors", safetensors(tensors));
  }

  /// One element of `o` that is no number.
  void write_nan() const {
    std::mt19937_64 rng(testing::test_seed());
    std::vector<TensorToWrite> tensors;
    for (const auto& [module, n, k] : modules) {
      tensors.push_back(values(std::string("model.layers.1.") + module + ".weight", "F32", n, k, rng));
      const float nan = std::numeric_limits<float>::quiet_NaN();
      if (tensors.back().name.find("o_proj") != std::string::npos) {
        std::memcpy(tensors.back().data.data() + 4000, &nan, sizeof nan);
      }
    }
    folder_.write("model.safetensors", safetensors(tensors));
  }

  /// Three recorded tokens of each layer.
  std::string write_activations() const {
    std::mt19937_64 rng(testing::test_seed() + 1);
    std::vector<TensorToWrite> tensors;
    for (const auto& [layer, k] : {std::pair("qkv", hidden), std::pair("o", q_rows), std::pair("gate_up", hidden),
                                   std::pair("down", intermediate)}) {
      tensors.push_back(values(std::string("layers.1.") + layer, "F16", 3, k, rng));
    }
    return folder_.write("inputs.safetensors", safetensors(tensors)).string();
  }

 private:
  struct Module {
    const char* name;
    std::int64_t n, k;
  };
  static constexpr Module modules[] = {{"self_attn.q_proj", q_rows, hidden},    {"self_attn.k_proj", kv_rows, hidden},
                                       {"self_attn.v_proj", kv_rows, hidden},   {"self_attn.o_proj", hidden, q_rows},
                                       {"mlp.gate_proj", intermediate, hidden}, {"mlp.up_proj", intermediate, hidden},
                                       {"mlp.down_proj", hidden, intermediate}};

  static TensorToWrite values(const std::string& name, const std::string& type, std::int64_t n, std::int64_t k,
                              std::mt19937_64& rng) {
    const auto value = [&rng](std::int64_t) { return testing::random_value(rng, testing::Values::outliers, 0); };
    if (type == "F32") return {name, type, {n, k}, elements<float>(n * k, value)};
    if (type == "F16") {
      return {name, type, {n, k}, elements<Float16>(n * k, [&](std::int64_t i) { return to_float16(value(i)); })};
    }
    return {name, type, {n, k}, elements<BFloat16>(n * k, [&](std::int64_t i) { return to_bfloat16(value(i)); })};
  }
  static TensorToWrite codes(const std::string& name, const std::string& type, std::int64_t n, std::int64_t k,
                             std::mt19937_64& rng) {
    std::uniform_int_distribution<int> s8(-largest_s8, largest_s8), e4m3(0, largest_e4m3);
    const auto code = [&](std::int64_t i) {
      if (type == "I8") return static_cast<std::uint8_t>(i == 0 ? largest_s8 : s8(rng));
      const unsigned sign = rng() % 2 == 0 ? 0x80U : 0U;
      return static_cast<std::uint8_t>(i == 0 ? largest_e4m3 : sign | static_cast<unsigned>(e4m3(rng)));
    };
    return {name, type, {n, k}, elements<std::uint8_t>(n * k, code)};
  }
  static TensorToWrite scales(const std::string& name, std::int64_t count, std::mt19937_64& rng) {
    std::uniform_real_distribution<float> scale(0.01F, 0.03F);
    const auto value = [&](std::int64_t) { return count == 1 ? 0.02F : scale(rng); };
    return {name, "F32", {count, 1}, elements<float>(count, value)};
  }

  CatalogFolder folder_;
};

class CudaSweepWeights : public testing::GpuTest {
 protected:
  SweepOptions over() const {
    SweepOptions options;
    options.device = "cuda";
    options.weights = model_.path();
    options.decoder_layer = 1;
    options.batch_sizes = {5, 96};
    options.max_time = 0.002;
    options.min_samples = 3;
    options.no_limits = true;
    options.providers = {"bf16", "int8-channel-w-token-a", "int8-tensor-w-tensor-a", "int8-channel-w-token-a-azp",
                         "int8-tensor-w-token-a-noquant"};
    return options;
  }

  /// All rows right, with the errors and the operands that the CPU has.
  static void expect_as_on_the_cpu(SweepOptions options) {
    const ResultSet gpu = run_sweep(options);
    options.device = "cpu";
    const ResultSet cpu = run_sweep(options);
    ASSERT_FALSE(gpu.rows.empty());
    ASSERT_EQ(gpu.rows.size(), cpu.rows.size());
    for (std::size_t i = 0; i < gpu.rows.size(); ++i) {
      const Result &a = gpu.rows[i], &b = cpu.rows[i];
      SCOPED_TRACE(a.layer + " " + to_string(a.shape) + " " + a.provider + ": " + a.message + " | " + b.message);
      ASSERT_EQ(a.layer + a.provider + to_string(a.shape), b.layer + b.provider + to_string(b.shape));
      ASSERT_TRUE(a.measured() && b.measured());
      ASSERT_TRUE(a.sqnr_db && b.sqnr_db);
      const bool integer = a.provider.starts_with("int8");
      EXPECT_NEAR(*a.sqnr_db, *b.sqnr_db, integer ? 1e-6 : 0.1);  // sums of floats are rounded in another order
      if (integer) {
        EXPECT_EQ(a.exact, true);
      }
      const std::string repeated = "recorded tokens come again and again";
      EXPECT_EQ(a.message.find(repeated) == std::string::npos, b.message.find(repeated) == std::string::npos);
    }
    ASSERT_FALSE(gpu.context.operands.empty());
    ASSERT_EQ(gpu.context.operands.size(), cpu.context.operands.size());
    for (std::size_t i = 0; i < gpu.context.operands.size(); ++i) {
      const OperandFacts &a = gpu.context.operands[i], &b = cpu.context.operands[i];
      SCOPED_TRACE(a.of + " " + a.type + " " + a.granularity + " of " + a.data);
      EXPECT_EQ(a.of + a.type + a.granularity + a.data, b.of + b.type + b.granularity + b.data);
      EXPECT_EQ(a.absmax, b.absmax);
      EXPECT_EQ(a.zeros_pct, b.zeros_pct);
      EXPECT_EQ(a.entropy_bits, b.entropy_bits);
      EXPECT_EQ(a.elements, b.elements);
    }
  }

  static double largest_weight(const ResultSet& results, const std::string& type, const std::string& granularity) {
    for (const OperandFacts& facts : results.context.operands) {
      if (facts.of == "weights" && facts.type == type && facts.granularity == granularity) return facts.absmax;
    }
    ADD_FAILURE() << "nothing is said of " << type << " weights by " << granularity;
    return 0;
  }

  StoredLlama model_;
};

TEST_F(CudaSweepWeights, AreThoseOfTheCpu) {
  SCOPED_TRACE("QGEMM_TEST_SEED=" + std::to_string(testing::test_seed()));
  for (const char* type : {"BF16", "F16", "F32", "I8"}) {
    SCOPED_TRACE(type);
    model_.write(type);
    expect_as_on_the_cpu(over());
  }
}

TEST_F(CudaSweepWeights, OfADevicesShareWithRecordedActivations) {
  SCOPED_TRACE("QGEMM_TEST_SEED=" + std::to_string(testing::test_seed()));
  SweepOptions options = over();
  options.tp_sizes = {2};
  options.rank = 1;
  options.activations = model_.write_activations();
  for (const char* type : {"BF16", "I8"}) {
    SCOPED_TRACE(type);
    model_.write(type);
    expect_as_on_the_cpu(options);
  }
}

TEST_F(CudaSweepWeights, Int8OnesAreMultipliedAsTheyAre) {
  SweepOptions options = over();
  options.layers = {"qkv"};
  model_.write("I8");
  const ResultSet rows = run_sweep(options);
  EXPECT_EQ(largest_weight(rows, "int8", "channel"), largest_s8);
  EXPECT_EQ(largest_weight(rows, "int8", "tensor"), 127) << "is quantized from what the codes stand for";
  model_.write("I8", true);
  const ResultSet tensor = run_sweep(options);
  EXPECT_EQ(largest_weight(tensor, "int8", "tensor"), largest_s8);
  EXPECT_EQ(largest_weight(tensor, "int8", "channel"), 127);
}

TEST_F(CudaSweepWeights, Fp8OnesAreMultipliedAsTheyAre) {
  if (device().capability() < 89) GTEST_SKIP() << "this GPU has no fp8";
  SweepOptions options = over();
  options.layers = {"qkv", "down"};
  options.data = "normal";  // a few outliers' own roundings would hide what the weights lose
  options.engines = {"all"};
  options.providers = {"bf16", "fp8-channel-w-token-a", "fp8-tensor-w-tensor-a", "int8-channel-w-token-a"};
  for (const bool one_scale : {false, true}) {
    model_.write("F8_E4M3", one_scale);
    const ResultSet results = run_sweep(options);
    EXPECT_EQ(largest_weight(results, "e4m3", "channel"), one_scale ? 448 : 240);
    EXPECT_EQ(largest_weight(results, "e4m3", "tensor"), one_scale ? 240 : 448);
    double as_it_is = 0, quantized_again = 0;  // of the last layer's
    for (const Result& row : results.rows) {
      if (row.outcome == Outcome::unsupported) continue;
      SCOPED_TRACE(row.layer + " " + row.provider + "/" + row.engine + ": " + row.message);
      ASSERT_TRUE(row.measured());
      ASSERT_TRUE(row.sqnr_db);
      EXPECT_GT(*row.sqnr_db, 20);
      if (row.provider == "fp8-channel-w-token-a") (one_scale ? quantized_again : as_it_is) = *row.sqnr_db;
      if (row.provider == "fp8-tensor-w-tensor-a") (one_scale ? as_it_is : quantized_again) = *row.sqnr_db;
    }
    EXPECT_GT(as_it_is, quantized_again + 1) << "the weights' own error is none";
  }
}

TEST_F(CudaSweepWeights, ColdRowsRotateOverCopiesOfThem) {
  SweepOptions options = over();
  options.layers = {"down"};
  options.batch_sizes = {16};
  options.cache = {CacheState::hot, CacheState::cold};
  options.providers = {"bf16", "f32", "int8-channel-w-token-a"};
  for (const char* type : {"F16", "I8"}) {
    model_.write(type);
    for (const Result& row : run_sweep(options).rows) {
      EXPECT_TRUE(row.measured()) << type << " " << row.provider << ": " << row.message;
      EXPECT_TRUE(row.cache == CacheState::hot || row.working_set_bytes > 2 * device().l2_bytes) << row.provider;
    }
  }
}

TEST_F(CudaSweepWeights, WhatIsNotFiniteFailsItsRowsAlone) {
  model_.write_nan();
  SweepOptions options = over();
  options.layers = {"o", "down"};
  options.batch_sizes = {4};
  options.providers = {"int8-channel-w-token-a"};
  const ResultSet results = run_sweep(options);
  ASSERT_EQ(results.rows.size(), 2U);
  EXPECT_EQ(results.rows[0].outcome, Outcome::failed);
  EXPECT_NE(results.rows[0].message.find("weights"), std::string::npos) << results.rows[0].message;
  EXPECT_TRUE(results.rows[1].measured()) << results.rows[1].message;
}

}  // namespace
}  // namespace qgemm
