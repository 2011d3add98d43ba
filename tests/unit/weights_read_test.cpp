#include <filesystem>
#include <limits>
#include <map>
#include <set>

#include "qgemm/catalog.hpp"
#include "qgemm/checkpoint.hpp"
#include "weights_files.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

/// A matrix of a checkpoint in which no two elements are equal: 1000·seed + 16·row + column, or cut to 16 or 8 bits.
struct Stored {
  std::int64_t rows, cols;
  int seed;
  float at(std::int64_t r, std::int64_t c) const { return static_cast<float>(1000 * seed + 16 * r + c); }
};

template <class T>
TensorToWrite matrix(const std::string& name, const std::string& dtype, const Stored& m,
                     const std::function<T(float)>& as) {
  return {name, dtype, {m.rows, m.cols}, elements<T>(m.rows * m.cols, [&](std::int64_t i) {
            return as(m.at(i / m.cols, i % m.cols));
          })};
}

TensorToWrite f32(const std::string& name, const Stored& m) {
  return matrix<float>(name, "F32", m, [](float value) { return value; });
}

/// One row of an expected weight: a row of a stored matrix, from a column on.
struct ExpectedRow {
  Stored from;
  std::int64_t row, first_column = 0;
};

void expect_rows(const Matrix& weight, const std::vector<ExpectedRow>& rows, std::int64_t cols) {
  ASSERT_EQ(weight.dtype(), DType::f32);
  ASSERT_EQ(weight.rows(), static_cast<std::int64_t>(rows.size()));
  ASSERT_EQ(weight.cols(), cols);
  for (std::int64_t r = 0; r < weight.rows(); ++r) {
    const ExpectedRow& expected = rows[static_cast<std::size_t>(r)];
    for (std::int64_t c = 0; c < cols; ++c) {
      ASSERT_EQ(element(weight.view(), r, c), expected.from.at(expected.row, expected.first_column + c))
          << "row " << r << ", column " << c;
    }
  }
}

bool same(const Matrix& a, const Matrix& b) {
  return a.dtype() == b.dtype() && a.rows() == b.rows() && a.cols() == b.cols() &&
         std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

constexpr std::int64_t hidden = 8, head_dim = 2, intermediate = 12;

/// A model of two decoder layers with 4 heads of 2, hidden size 8, intermediate size 12.
class WeightsOf {
 public:
  explicit WeightsOf(const std::string& architecture, std::int64_t kv_heads = 2, const std::string& more = "") {
    const std::string sizes =
        R"("hidden_size": 8, "intermediate_size": 12, "num_attention_heads": 4, "num_hidden_layers": 2, "head_dim": 2, )";
    folder_.write("config.json", R"({"architectures": [")" + architecture + "\"], " + sizes +
                                     R"("num_key_value_heads": )" + std::to_string(kv_heads) + more + "}");
    model_ = load_model_config(folder_.path());
  }

  void write(const std::vector<TensorToWrite>& tensors) const {
    folder_.write("model.safetensors", safetensors(tensors));
  }
  const Layer& layer(const std::string& name) const {
    for (const Layer& layer : model_.layers) {
      if (layer.name == name) return layer;
    }
    throw InvalidInput("the test's model has no layer " + name);
  }
  StoredWeight read(const std::string& name, std::int64_t tp = 1, std::int64_t rank = 0, std::int64_t index = 1) const {
    return read_weight(Checkpoint(folder_.path()), model_, layer(name), index, tp, rank);
  }
  void expect_bad(const std::string& name, const std::vector<std::string>& words, std::int64_t tp = 1,
                  std::int64_t rank = 0, std::int64_t index = 1) const {
    expect_error<InvalidInput>([&] { (void)read(name, tp, rank, index); }, words);
  }
  const fs::path& path() const { return folder_.path(); }
  const Model& model() const { return model_; }

 private:
  CatalogFolder folder_;
  Model model_;
};

Stored q_of() { return {4 * head_dim, hidden, 1}; }
Stored k_of(std::int64_t kv_heads) { return {kv_heads * head_dim, hidden, 2}; }
Stored v_of(std::int64_t kv_heads) { return {kv_heads * head_dim, hidden, 3}; }

std::vector<TensorToWrite> llama_tensors(std::int64_t kv_heads, const std::string& place = "model.layers.1.") {
  return {f32(place + "self_attn.q_proj.weight", q_of()),
          f32(place + "self_attn.k_proj.weight", k_of(kv_heads)),
          f32(place + "self_attn.v_proj.weight", v_of(kv_heads)),
          f32(place + "self_attn.o_proj.weight", {hidden, 4 * head_dim, 4}),
          f32(place + "mlp.gate_proj.weight", {intermediate, hidden, 5}),
          f32(place + "mlp.up_proj.weight", {intermediate, hidden, 6}),
          f32(place + "mlp.down_proj.weight", {hidden, intermediate, 7})};
}

/// The rows of a device: its heads of q, then the heads of k and of v that these use.
std::vector<ExpectedRow> expected_qkv(std::int64_t kv_heads, std::int64_t tp, std::int64_t rank) {
  std::vector<ExpectedRow> rows;
  std::set<std::int64_t> used;
  for (std::int64_t head = rank * 4 / tp; head < (rank + 1) * 4 / tp; ++head) {
    for (std::int64_t r = 0; r < head_dim; ++r) rows.push_back({q_of(), head * head_dim + r});
    used.insert(head * kv_heads / 4);
  }
  for (const Stored& m : {k_of(kv_heads), v_of(kv_heads)}) {
    for (const std::int64_t head : used) {
      for (std::int64_t r = 0; r < head_dim; ++r) rows.push_back({m, head * head_dim + r});
    }
  }
  return rows;
}

TEST(ReadWeight, PutsTheHeadsOfADeviceTogether) {
  for (const std::int64_t kv_heads : {1, 2, 4}) {
    const WeightsOf weights("LlamaForCausalLM", kv_heads);
    weights.write(llama_tensors(kv_heads));
    for (const std::int64_t tp : {1, 2, 4}) {
      for (std::int64_t rank = 0; rank < tp; ++rank) {
        SCOPED_TRACE(std::to_string(kv_heads) + " heads of keys, rank " + std::to_string(rank) + " of " +
                     std::to_string(tp));
        const StoredWeight read = weights.read("qkv", tp, rank);
        const Layer share = split_layer(weights.model(), weights.layer("qkv"), tp);
        EXPECT_EQ(read.weight.rows(), share.n);
        expect_rows(read.weight, expected_qkv(kv_heads, tp, rank), hidden);
        EXPECT_TRUE(read.scales.empty());
      }
    }
  }
}

TEST(ReadWeight, GivesADeviceItsShareOfGateAndOfUp) {
  const WeightsOf weights("LlamaForCausalLM");
  weights.write(llama_tensors(2));
  const Stored gate{intermediate, hidden, 5}, up{intermediate, hidden, 6};
  for (const std::int64_t tp : {1, 2, 3}) {
    for (std::int64_t rank = 0; rank < tp; ++rank) {
      std::vector<ExpectedRow> rows;
      for (const Stored& m : {gate, up}) {
        for (std::int64_t r = rank * intermediate / tp; r < (rank + 1) * intermediate / tp; ++r) rows.push_back({m, r});
      }
      expect_rows(weights.read("gate_up", tp, rank).weight, rows, hidden);
    }
  }
}

TEST(ReadWeight, CutsOutputsAlongK) {
  const WeightsOf weights("LlamaForCausalLM");
  weights.write(llama_tensors(2));
  for (const std::int64_t tp : {1, 2, 4}) {
    for (std::int64_t rank = 0; rank < tp; ++rank) {
      std::vector<ExpectedRow> o, down;
      for (std::int64_t r = 0; r < hidden; ++r) {
        o.push_back({{hidden, 8, 4}, r, rank * 8 / tp});
        down.push_back({{hidden, intermediate, 7}, r, rank * intermediate / tp});
      }
      expect_rows(weights.read("o", tp, rank).weight, o, 8 / tp);
      expect_rows(weights.read("down", tp, rank).weight, down, intermediate / tp);
    }
  }
}

TEST(ReadWeight, ReadsTheFamiliesThatAreNamedLikeLlama) {
  for (const char* architecture : {"MistralForCausalLM", "Qwen2ForCausalLM", "Qwen3ForCausalLM", "GemmaForCausalLM",
                                   "Gemma2ForCausalLM", "CohereForCausalLM"}) {
    SCOPED_TRACE(architecture);
    const WeightsOf weights(architecture);
    weights.write(llama_tensors(2));
    expect_rows(weights.read("qkv", 2, 1).weight, expected_qkv(2, 2, 1), hidden);
  }
  for (const char* place : {"layers.1.", "language_model.model.layers.1.", "model.language_model.layers.1."}) {
    SCOPED_TRACE(place);
    const WeightsOf weights("LlamaForCausalLM");
    weights.write(llama_tensors(2, place));
    expect_rows(weights.read("qkv", 2, 1).weight, expected_qkv(2, 2, 1), hidden);
  }
}

TEST(ReadWeight, ReadsTheDecoderLayerThatIsAsked) {
  const WeightsOf weights("LlamaForCausalLM");
  weights.write({f32("model.layers.0.mlp.down_proj.weight", {hidden, intermediate, 1}),
                 f32("model.layers.1.mlp.down_proj.weight", {hidden, intermediate, 2}),
                 f32("model.layers.10.mlp.down_proj.weight", {hidden, intermediate, 3})});
  EXPECT_EQ(element(weights.read("down", 1, 0, 0).weight.view(), 0, 0), 1000);
  EXPECT_EQ(element(weights.read("down", 1, 0, 1).weight.view(), 0, 0), 2000);
}

/// Rows of several matrices as one tensor.
TensorToWrite fused(const std::string& name, const std::vector<ExpectedRow>& rows) {
  const auto count = static_cast<std::int64_t>(rows.size());
  return {name, "F32", {count, hidden}, elements<float>(count * hidden, [&](std::int64_t i) {
            const ExpectedRow& row = rows[static_cast<std::size_t>(i / hidden)];
            return row.from.at(row.row, i % hidden);
          })};
}

TEST(ReadWeight, ReadsPhi3sFusedProducts) {
  const WeightsOf weights("Phi3ForCausalLM");
  std::vector<ExpectedRow> gate_up;
  for (const Stored& m : {Stored{intermediate, hidden, 5}, Stored{intermediate, hidden, 6}}) {
    for (std::int64_t r = 0; r < intermediate; ++r) gate_up.push_back({m, r});
  }
  weights.write({fused("model.layers.1.self_attn.qkv_proj.weight", expected_qkv(2, 1, 0)),
                 fused("model.layers.1.mlp.gate_up_proj.weight", gate_up)});
  for (const std::int64_t tp : {1, 2, 4}) {
    for (std::int64_t rank = 0; rank < tp; ++rank) {
      expect_rows(weights.read("qkv", tp, rank).weight, expected_qkv(2, tp, rank), hidden);
    }
  }
  const WeightsOf apart("LlamaForCausalLM");
  apart.write(llama_tensors(2));
  for (const std::int64_t rank : {0, 1, 2}) {
    EXPECT_TRUE(same(weights.read("gate_up", 3, rank).weight, apart.read("gate_up", 3, rank).weight));
  }
}

/// Head by head: the queries that share keys, the keys, the values.
std::vector<ExpectedRow> grouped_qkv(std::int64_t kv_heads) {
  std::vector<ExpectedRow> rows;
  const std::int64_t queries = 4 / kv_heads * head_dim;
  for (std::int64_t head = 0; head < kv_heads; ++head) {
    for (std::int64_t r = 0; r < queries; ++r) rows.push_back({q_of(), head * queries + r});
    for (std::int64_t r = 0; r < head_dim; ++r) rows.push_back({k_of(kv_heads), head * head_dim + r});
    for (std::int64_t r = 0; r < head_dim; ++r) rows.push_back({v_of(kv_heads), head * head_dim + r});
  }
  return rows;
}

TEST(ReadWeight, SortsTheHeadsOfFalconAndGptNeox) {
  const WeightsOf neox("GPTNeoXForCausalLM", 4);
  neox.write({fused("gpt_neox.layers.1.attention.query_key_value.weight", grouped_qkv(4)),
              f32("gpt_neox.layers.1.mlp.dense_h_to_4h.weight", {intermediate, hidden, 5})});
  expect_rows(neox.read("up", 2, 1).weight,
              {{{0, 0, 5}, 6}, {{0, 0, 5}, 7}, {{0, 0, 5}, 8}, {{0, 0, 5}, 9}, {{0, 0, 5}, 10}, {{0, 0, 5}, 11}},
              hidden);
  for (const std::int64_t tp : {1, 2, 4}) {
    for (std::int64_t rank = 0; rank < tp; ++rank) {
      expect_rows(neox.read("qkv", tp, rank).weight, expected_qkv(4, tp, rank), hidden);
    }
  }
  for (const std::int64_t kv_heads : {1, 2}) {
    const WeightsOf falcon("FalconForCausalLM", kv_heads,
                           R"(, "new_decoder_architecture": true, "num_kv_heads": )" + std::to_string(kv_heads));
    falcon.write({fused("transformer.h.1.self_attention.query_key_value.weight", grouped_qkv(kv_heads))});
    for (const std::int64_t tp : {1, 2, 4}) {
      for (std::int64_t rank = 0; rank < tp; ++rank) {
        expect_rows(falcon.read("qkv", tp, rank).weight, expected_qkv(kv_heads, tp, rank), hidden);
      }
    }
  }
}

TEST(ReadWeight, ReadsBertAndOptWithAndWithoutAPrefix) {
  for (const char* prefix : {"", "bert.", "roberta."}) {
    SCOPED_TRACE(prefix);
    const WeightsOf weights("BertModel", 4);
    const std::string place = prefix + std::string("encoder.layer.1.");
    weights.write({f32(place + "attention.self.query.weight", q_of()),
                   f32(place + "attention.self.key.weight", k_of(4)),
                   f32(place + "attention.self.value.weight", v_of(4)),
                   f32(place + "attention.output.dense.weight", {hidden, 8, 4}),
                   f32(place + "intermediate.dense.weight", {intermediate, hidden, 5}),
                   f32(place + "output.dense.weight", {hidden, intermediate, 6})});
    expect_rows(weights.read("qkv", 2, 1).weight, expected_qkv(4, 2, 1), hidden);
    EXPECT_EQ(element(weights.read("o").weight.view(), 0, 0), 4000);
    EXPECT_EQ(element(weights.read("up", 3, 2).weight.view(), 0, 0), 5000 + 16 * 8);
    EXPECT_EQ(element(weights.read("down", 3, 2).weight.view(), 1, 0), 6000 + 16 + 8);
  }
  for (const char* place : {"model.decoder.layers.1.", "decoder.layers.1."}) {
    const WeightsOf weights("OPTForCausalLM", 4, R"(, "ffn_dim": 12)");
    weights.write({f32(place + std::string("self_attn.out_proj.weight"), {hidden, 8, 4}),
                   f32(place + std::string("fc1.weight"), {intermediate, hidden, 5}),
                   f32(place + std::string("fc2.weight"), {hidden, intermediate, 6})});
    EXPECT_EQ(element(weights.read("o").weight.view(), 0, 0), 4000);
    EXPECT_EQ(element(weights.read("up").weight.view(), 0, 0), 5000);
    EXPECT_EQ(element(weights.read("down").weight.view(), 0, 0), 6000);
  }
}

TEST(ReadWeight, KeepsTheStoredBits) {
  const WeightsOf weights("LlamaForCausalLM");
  const auto bits = [](float value) { return static_cast<std::uint16_t>(static_cast<int>(value) * 641); };
  for (const auto& [dtype, type] : std::map<std::string, DType>{{"BF16", DType::bf16}, {"F16", DType::f16}}) {
    SCOPED_TRACE(dtype);
    weights.write(
        {matrix<std::uint16_t>("model.layers.1.mlp.down_proj.weight", dtype, {hidden, intermediate, 1}, bits)});
    const Matrix read = weights.read("down", 2, 1).weight;
    ASSERT_EQ(read.dtype(), type);
    for (std::int64_t r = 0; r < hidden; ++r) {
      for (std::int64_t c = 0; c < 6; ++c) {
        ASSERT_EQ(read.row<std::uint16_t>(r)[c], bits(Stored{0, 0, 1}.at(r, 6 + c)));
      }
    }
  }
}

// ---- quantized

TensorToWrite s8(const std::string& name, const Stored& m) {
  return matrix<std::int8_t>(name, "I8", m,
                             [](float value) { return static_cast<std::int8_t>(static_cast<int>(value) % 127); });
}

TensorToWrite f32_scales(const std::string& name, const std::vector<std::int64_t>& shape,
                         const std::vector<float>& values) {
  return {name, "F32", shape, elements<float>(static_cast<std::int64_t>(values.size()), [&](std::int64_t i) {
            return values[static_cast<std::size_t>(i)];
          })};
}

TensorToWrite bf16_scales(const std::string& name, std::int64_t rows) {
  return {name, "BF16", {rows, 1}, elements<BFloat16>(rows, [](std::int64_t i) {
            return to_bfloat16(static_cast<float>(i + 1));
          })};
}

/// q with a scale a row in bf16, 1, 2, …; k with one scale in a list, v with one that is no list.
std::vector<TensorToWrite> w8a8_tensors() {
  const std::string place = "model.layers.1.self_attn.";
  return {s8(place + "q_proj.weight", q_of()),  bf16_scales(place + "q_proj.weight_scale", 8),
          s8(place + "k_proj.weight", k_of(2)), f32_scales(place + "k_proj.weight_scale", {1}, {0.25F}),
          s8(place + "v_proj.weight", v_of(2)), f32_scales(place + "v_proj.weight_scale", {}, {0.5F})};
}

TEST(ReadWeight, ReadsInt8WithItsScales) {
  const WeightsOf weights("LlamaForCausalLM");
  weights.write(w8a8_tensors());
  for (const std::int64_t tp : {1, 2, 4}) {
    for (std::int64_t rank = 0; rank < tp; ++rank) {
      const StoredWeight read = weights.read("qkv", tp, rank);
      const auto rows = expected_qkv(2, tp, rank);
      ASSERT_EQ(read.weight.dtype(), DType::s8);
      ASSERT_EQ(read.weight.rows(), static_cast<std::int64_t>(rows.size()));
      ASSERT_EQ(read.scales.size(), rows.size());
      for (std::size_t r = 0; r < rows.size(); ++r) {
        for (std::int64_t c = 0; c < hidden; ++c) {
          ASSERT_EQ(read.weight.row<std::int8_t>(static_cast<std::int64_t>(r))[c],
                    static_cast<int>(rows[r].from.at(rows[r].row, c)) % 127);
        }
        const float scale = rows[r].from.seed == 1   ? static_cast<float>(rows[r].row + 1)
                            : rows[r].from.seed == 2 ? 0.25F
                                                     : 0.5F;
        ASSERT_EQ(read.scales[r], scale) << "row " << r;
      }
    }
  }
}

TEST(ReadWeight, EveryDeviceHasTheScalesOfALayerThatIsCutAlongK) {
  const WeightsOf weights("LlamaForCausalLM");
  const std::string down = "model.layers.1.mlp.down_proj.";
  const TensorToWrite f16{down + "weight_scale", "F16", {hidden}, elements<Float16>(hidden, [](std::int64_t i) {
                            return to_float16(static_cast<float>(i) / 4);
                          })};
  weights.write({s8(down + "weight", {hidden, intermediate, 1}),
                 f16,
                 {down + "weight_zero_point", "I8", {hidden, 1}, std::string(hidden, '\0')}});
  for (const std::int64_t rank : {0, 1}) {
    const StoredWeight read = weights.read("down", 2, rank);
    EXPECT_EQ(read.scales, (std::vector<float>{0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75}));
    EXPECT_EQ(read.weight.row<std::int8_t>(1)[0], (1016 + 6 * rank) % 127);
  }
}

TEST(ReadWeight, ReadsFp8WithItsScales) {
  const WeightsOf weights("LlamaForCausalLM");
  const std::string o = "model.layers.1.self_attn.o_proj.";
  TensorToWrite tensor = s8(o + "weight", {hidden, 8, 1});
  tensor.dtype = "F8_E4M3";
  weights.write({tensor, f32_scales(o + "weight_scale", {1, 1}, {3})});
  const StoredWeight read = weights.read("o");
  EXPECT_EQ(read.weight.dtype(), DType::e4m3);
  EXPECT_EQ(read.weight.row<std::uint8_t>(0)[1], 1001 % 127);
  EXPECT_EQ(read.scales, std::vector<float>(hidden, 3));
}

TEST(ReadWeight, RefusesQuantizedWeightsThatHaveNoProduct) {
  const WeightsOf weights("LlamaForCausalLM");
  const std::string down = "model.layers.1.mlp.down_proj.";
  const TensorToWrite weight = s8(down + "weight", {hidden, intermediate, 1});
  weights.write({weight, bf16_scales(down + "weight_scale_inv", hidden)});
  weights.expect_bad("down", {"'" + down + "weight_scale'", "nearest", "weight_scale_inv"});
  for (const std::vector<std::int64_t>& shape :
       std::vector<std::vector<std::int64_t>>{{4}, {4, 1}, {4, 2}, {1, 8}, {8, 1, 1}}) {
    std::int64_t count = 1;
    for (const std::int64_t size : shape) count *= size;
    weights.write(
        {weight, f32_scales(down + "weight_scale", shape, std::vector<float>(static_cast<std::size_t>(count)))});
    weights.expect_bad("down", {"weight_scale'", "shape [", "8 rows"});
  }
  weights.write({weight, {down + "weight_scale", "I8", {1}, "1"}});
  weights.expect_bad("down", {"weight_scale'", "I8", "F32"});
  for (const float wrong : {-1.0F, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    std::vector<float> values(hidden, 1);
    values[5] = wrong;
    weights.write({weight, f32_scales(down + "weight_scale", {hidden, 1}, values)});
    weights.expect_bad("down", {"row 5", "weight_scale'", "finite"});
  }
  std::string zero_points(hidden, '\0');
  zero_points.back() = 1;
  weights.write({weight,
                 bf16_scales(down + "weight_scale", hidden),
                 {down + "weight_zero_point", "I8", {hidden, 1}, zero_points}});
  weights.expect_bad("down", {"asymmetric", "weight_zero_point'"});
}

// ---- what does not fit

TEST(ReadWeight, NamesAMissingTensorAndTheNearest) {
  const WeightsOf weights("LlamaForCausalLM");
  auto tensors = llama_tensors(2);
  tensors[1].name = "model.layers.1.self_attn.kk_proj.weight";
  weights.write(tensors);
  weights.expect_bad("qkv", {weights.path().string(), "'model.layers.1.self_attn.k_proj.weight'", "nearest",
                             "'model.layers.1.self_attn.kk_proj.weight'"});
  weights.expect_bad("down", {"'model.layers.0.mlp.down_proj.weight'", "'model.layers.1.mlp.down_proj.weight'"}, 1, 0,
                     0);
  // By what of the decoder layer is there, not by the first way of naming.
  const WeightsOf bert("BertModel", 4);
  bert.write({f32("bert.encoder.layer.1.attention.self.query.weight", q_of())});
  bert.expect_bad("qkv", {"'bert.encoder.layer.1.attention.self.key.weight'"});
  bert.expect_bad("down", {"'bert.encoder.layer.1.output.dense.weight'"});
}

TEST(ReadWeight, RefusesTensorsThatAreNotAsTheModelSays) {
  const WeightsOf weights("LlamaForCausalLM");
  const std::string down = "model.layers.1.mlp.down_proj.weight";
  for (const Stored& m :
       {Stored{hidden, intermediate + 1, 1}, Stored{hidden + 1, intermediate, 1}, Stored{intermediate, hidden, 1}}) {
    weights.write({f32(down, m)});
    weights.expect_bad("down", {"layer down", "'" + down + "'", "[" + std::to_string(m.rows) + ",", "[8,12]"});
  }
  TensorToWrite flat = f32(down, {hidden, intermediate, 1});
  flat.shape = {hidden * intermediate};
  weights.write({flat});
  weights.expect_bad("down", {"[96]", "[8,12]"});
  weights.write({{down, "I32", {hidden, intermediate}, f32(down, {hidden, intermediate, 1}).data}});
  weights.expect_bad("down", {"'" + down + "'", "I32", "BF16"});
}

TEST(ReadWeight, RefusesKeysOfAnotherSizeOrType) {
  const WeightsOf weights("LlamaForCausalLM");
  const std::string key = "'model.layers.1.self_attn.k_proj.weight'";
  auto tensors = llama_tensors(2);
  tensors[1] = llama_tensors(4)[1];
  weights.write(tensors);
  weights.expect_bad("qkv", {key, "[8,8]", "[4,8]"});
  tensors = llama_tensors(2);
  tensors[1] = {tensors[1].name, "BF16", {4, hidden}, std::string(4 * hidden * 2, '1')};
  weights.write(tensors);
  weights.expect_bad("qkv", {key, "BF16", "q_proj"});
}

TEST(ReadWeight, RefusesDevicesAndLayersThatAreNone) {
  const WeightsOf weights("LlamaForCausalLM");
  weights.write(llama_tensors(2));
  weights.expect_bad("qkv", {"tensor-parallel size 3"}, 3);
  weights.expect_bad("qkv", {"tensor-parallel size is 0"}, 0);
  weights.expect_bad("qkv", {"rank 2", "2 devices"}, 2, 2);
  weights.expect_bad("qkv", {"rank -1"}, 2, -1);
  weights.expect_bad("qkv", {"decoder layer 2", "0 … 1"}, 1, 0, 2);
  weights.expect_bad("qkv", {"decoder layer -1"}, 1, 0, -1);
  // N = 24 divides by 8, but gate and up are 12 rows each.
  weights.expect_bad("gate_up", {"gate and up", "8 devices"}, 8);
}

TEST(ReadWeight, NamesTheLayersThatItReads) {
  const WeightsOf weights("LlamaForCausalLM");
  weights.write(llama_tensors(2));
  const Checkpoint checkpoint(weights.path());
  for (const Layer& layer : {Layer{"lm_head", 64, 8}, Layer{"n8_k8", 8, 8}}) {
    expect_error<InvalidInput>([&] { (void)read_weight(checkpoint, weights.model(), layer, 0); },
                               {weights.path().string(), "'" + layer.name + "'", "qkv, o, gate_up, down or up"});
  }
  Layer expert{"gate_up", 24, 8};
  expert.experts = 4;
  expert.experts_per_token = 2;
  expect_error<InvalidInput>([&] { (void)read_weight(checkpoint, weights.model(), expert, 0); },
                             {"'gate_up'", "not read"});
}

TEST(ReadWeight, ReadsOneDevicesHeadsWhereTheModelDoesNotTellThem) {
  const WeightsOf weights("LlamaForCausalLM");
  weights.write(llama_tensors(2));
  const Checkpoint checkpoint(weights.path());
  Layer qkv{"qkv", 16, 8};  // as the catalogue's files have it
  expect_rows(read_weight(checkpoint, weights.model(), qkv, 1).weight, expected_qkv(2, 1, 0), hidden);
  expect_error<InvalidInput>([&] { (void)read_weight(checkpoint, weights.model(), qkv, 1, 2, 0); },
                             {"heads", "config.json"});
  qkv.n = 18;
  expect_error<InvalidInput>([&] { (void)read_weight(checkpoint, weights.model(), qkv, 1); }, {"16 rows", "N = 18"});
  qkv.n = 16;
  qkv.heads = 5;
  qkv.kv_heads = 2;
  expect_error<InvalidInput>([&] { (void)read_weight(checkpoint, weights.model(), qkv, 1); }, {"5 heads", "N = 16"});
}

}  // namespace
}  // namespace qgemm
