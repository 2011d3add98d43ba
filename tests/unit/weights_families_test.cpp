// Names and orders of rows of families that are like one of the others.
#include "weights_layers.hpp"

namespace qgemm {
namespace {

std::vector<ExpectedRow> all_of(const Stored& m) {
  std::vector<ExpectedRow> rows;
  for (std::int64_t r = 0; r < m.rows; ++r) rows.push_back({m, r});
  return rows;
}

TEST(WeightFamilies, InternLm2HasQkvInGroupsAndItsOwnNames) {
  const WeightsOf weights("InternLM2ForCausalLM");
  const std::string place = "model.layers.1.";
  // Two heads of queries, then theirs of keys and of values, of two rows each; and again.
  const Stored wqkv{16, hidden, 1}, w1{intermediate, hidden, 2}, w3{intermediate, hidden, 3};
  weights.write({f32(place + "attention.wqkv.weight", wqkv), f32(place + "attention.wo.weight", {hidden, 8, 4}),
                 f32(place + "feed_forward.w1.weight", w1), f32(place + "feed_forward.w3.weight", w3),
                 f32(place + "feed_forward.w2.weight", {hidden, intermediate, 5})});
  std::vector<ExpectedRow> qkv;
  for (const std::int64_t row : {0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15}) qkv.push_back({wqkv, row});
  expect_rows(weights.read("qkv").weight, qkv, hidden);
  expect_rows(weights.read("o").weight, all_of({hidden, 8, 4}), 8);
  auto gate_up = all_of(w1);
  for (const auto& row : all_of(w3)) gate_up.push_back(row);
  expect_rows(weights.read("gate_up").weight, gate_up, hidden);
  expect_rows(weights.read("down").weight, all_of({hidden, intermediate, 5}), intermediate);
}

TEST(WeightFamilies, PhiStarcoder2AndNemotronHaveNoGate) {
  struct Family {
    const char *architecture, *o, *up, *down;
  };
  for (const auto& [architecture, o, up, down] :
       {Family{"PhiForCausalLM", "self_attn.dense", "mlp.fc1", "mlp.fc2"},
        Family{"Starcoder2ForCausalLM", "self_attn.o_proj", "mlp.c_fc", "mlp.c_proj"},
        Family{"NemotronForCausalLM", "self_attn.o_proj", "mlp.up_proj", "mlp.down_proj"}}) {
    SCOPED_TRACE(architecture);
    const WeightsOf weights(architecture);
    const std::string place = "model.layers.1.";
    weights.write({f32(place + o + ".weight", {hidden, 8, 4}), f32(place + up + ".weight", {intermediate, hidden, 5}),
                   f32(place + down + ".weight", {hidden, intermediate, 6})});
    expect_rows(weights.read("o").weight, all_of({hidden, 8, 4}), 8);
    expect_rows(weights.read("up").weight, all_of({intermediate, hidden, 5}), hidden);
    expect_rows(weights.read("down").weight, all_of({hidden, intermediate, 6}), intermediate);
  }
}

TEST(WeightFamilies, ExaoneHasItsOwnNames) {
  const WeightsOf weights("ExaoneForCausalLM");
  const std::string place = "transformer.h.1.";
  weights.write({f32(place + "attn.attention.q_proj.weight", q_of()),
                 f32(place + "attn.attention.k_proj.weight", k_of(2)),
                 f32(place + "attn.attention.v_proj.weight", v_of(2)),
                 f32(place + "mlp.c_fc_0.weight", {intermediate, hidden, 5}),
                 f32(place + "mlp.c_fc_1.weight", {intermediate, hidden, 6})});
  expect_rows(weights.read("qkv", 2, 1).weight, expected_qkv(2, 2, 1), hidden);
  auto gate_up = all_of({intermediate, hidden, 5});
  for (const auto& row : all_of({intermediate, hidden, 6})) gate_up.push_back(row);
  expect_rows(weights.read("gate_up").weight, gate_up, hidden);
}

TEST(WeightFamilies, EveryDeviceHasAllOfDeepSeeksLatentVectors) {
  const WeightsOf weights("DeepseekV2ForCausalLM", 4,
                          R"(, "kv_lora_rank": 6, "qk_nope_head_dim": 2, "qk_rope_head_dim": 1, "v_head_dim": 2,
      "n_routed_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 5, "n_shared_experts": 2)");
  const std::string place = "model.layers.1.";
  const Stored kv_b{16, 6, 2}, gate{10, hidden, 3}, up{10, hidden, 4};
  weights.write({f32(place + "self_attn.kv_a_proj_with_mqa.weight", {7, hidden, 1}),
                 f32(place + "self_attn.kv_b_proj.weight", kv_b),
                 f32(place + "mlp.shared_experts.gate_proj.weight", gate),
                 f32(place + "mlp.shared_experts.up_proj.weight", up)});
  for (const std::int64_t rank : {0, 1}) {
    expect_rows(weights.read("kv_a", 2, rank).weight, all_of({7, hidden, 1}), hidden);
    std::vector<ExpectedRow> half, shared;
    for (std::int64_t r = 0; r < 8; ++r) half.push_back({kv_b, 8 * rank + r});
    expect_rows(weights.read("kv_b", 2, rank).weight, half, 6);
    for (const Stored& m : {gate, up}) {
      for (std::int64_t r = 0; r < 5; ++r) shared.push_back({m, 5 * rank + r});
    }
    expect_rows(weights.read("shared_gate_up", 2, rank).weight, shared, hidden);
  }
  weights.expect_bad("expert_down", {"expert_down", "not read from a checkpoint"});
}

}  // namespace
}  // namespace qgemm
