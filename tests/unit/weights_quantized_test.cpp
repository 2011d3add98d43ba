// Weights that a checkpoint has quantized, with their scales.
#include <limits>

#include "weights_layers.hpp"

namespace qgemm {
namespace {

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

}  // namespace
}  // namespace qgemm
