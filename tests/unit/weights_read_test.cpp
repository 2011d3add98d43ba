#include <filesystem>
#include <map>

#include "weights_layers.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

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
                               {weights.path().string(), "'" + layer.name + "'", "qkv, o, gate_up, down, up,"});
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
