#include "catalog/expert_architectures.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "catalog/layer_forms.hpp"

namespace qgemm {
namespace {

/// `expert_gate_up` and `expert_down`: `count` is the field with the experts there are, `size` the one with the rows of
/// an expert's gate.
void add_experts(const Config& config, std::string_view size, std::string_view count, std::vector<Layer>& layers,
                 bool bias = false) {
  const std::int64_t experts = config.size(count), chosen = config.size("num_experts_per_tok");
  if (chosen > experts) {
    config.fail("num_experts_per_tok",
                "is " + std::to_string(chosen) + ", more than the " + std::to_string(experts) + " experts there are");
  }
  const std::size_t first = layers.size();
  add_gated(config, size, config.size(size), layers, bias, "expert_");
  for (std::size_t i = first; i < layers.size(); ++i) {
    layers[i].experts = experts;
    layers[i].experts_per_token = chosen;
  }
}

std::vector<Layer> attention_of(const Config& config, const LlamaLike& family) {
  std::vector<Layer> layers;
  add_attention(config, llama_attention(config, family), layers);
  return layers;
}

/// The layers without experts.
void add_dense(const Config& config, std::vector<Layer>& layers) {
  add_gated(config, "intermediate_size", config.size("intermediate_size"), layers);
}

/// Some of Qwen's layers of experts may be plain ones: each of `mlp_only_layers`, and all but every
/// `decoder_sparse_step`-th.
bool qwen_has_dense_layers(const Config& config) {
  if (config.size_or("decoder_sparse_step", 1) > 1) return true;
  return config.has("mlp_only_layers") && config.fields().length("mlp_only_layers") > 0;
}

std::vector<Layer> qwen_moe(const Config& config, const LlamaLike& family, bool shared) {
  std::vector<Layer> layers = attention_of(config, family);
  add_experts(config, "moe_intermediate_size", "num_experts", layers);
  const std::string_view size = "shared_expert_intermediate_size";
  if (shared) add_gated(config, size, config.size(size), layers, false, "shared_");
  if (qwen_has_dense_layers(config)) add_dense(config, layers);
  return layers;
}

/// The experts of DeepSeek: routed ones, shared ones as one product of all of them, and the layers without any: the
/// `first_k_dense_replace` first, and all but every `moe_layer_freq`-th.
void add_deepseek_experts(const Config& config, std::vector<Layer>& layers) {
  if (!config.has("n_routed_experts")) return add_dense(config, layers);
  const std::string_view size = "moe_intermediate_size";
  add_experts(config, size, "n_routed_experts", layers);
  if (const std::int64_t shared = config.count_or("n_shared_experts", 0); shared != 0) {
    const std::int64_t rows = config.product("n_shared_experts", config.size("n_shared_experts"), config.size(size));
    add_gated(config, "n_shared_experts", rows, layers, false, "shared_");
  }
  const bool dense = config.count_or("first_k_dense_replace", 0) > 0 || config.size_or("moe_layer_freq", 1) > 1;
  if (dense) add_dense(config, layers);
}

Layer of_heads(Layer layer, std::int64_t heads) {
  layer.heads = heads;
  return layer;
}

/// MLA. Every device multiplies all of the `_a` products, whose results are a token's latent vectors; heads are shared
/// in those that follow. Where queries have a latent vector, too, vLLM multiplies both in one, `qkv_a`. `kv_b` is a
/// product of prompts: where one token is decoded after the other it is folded into the attention itself.
void add_mla(const Config& config, std::vector<Layer>& layers) {
  const std::int64_t hidden = config.hidden(), heads = config.size("num_attention_heads");
  const std::int64_t latent = config.size("kv_lora_rank"), rope = config.size("qk_rope_head_dim");
  const std::int64_t plain = config.size("qk_nope_head_dim"), value = config.size("v_head_dim");
  const std::int64_t q_rows = config.product("qk_nope_head_dim", plain + rope, heads);
  const bool bias = config.flag_or("attention_bias", false);
  Layer a{"kv_a", config.product("kv_lora_rank", latent + rope, 1), hidden, SplitDim::none, bias};
  if (config.has("q_lora_rank")) {
    const std::int64_t q_latent = config.size("q_lora_rank");
    a.name = "qkv_a";
    a.n = config.product("q_lora_rank", a.n + q_latent, 1);
    layers.push_back(std::move(a));
    layers.push_back(of_heads({"q_b", q_rows, q_latent, SplitDim::n}, heads));
  } else {
    layers.push_back(of_heads({"q", q_rows, hidden, SplitDim::n}, heads));
    layers.push_back(std::move(a));
  }
  const std::int64_t kv_rows = config.product("v_head_dim", plain + value, heads);
  layers.push_back(of_heads({"kv_b", kv_rows, latent, SplitDim::n}, heads));
  layers.push_back(of_heads({"o", hidden, config.product("v_head_dim", value, heads), SplitDim::k, bias}, heads));
}

}  // namespace

std::vector<Layer> mixtral_layers(const Config& config) {
  std::vector<Layer> layers = attention_of(config, {});
  add_experts(config, "intermediate_size", "num_local_experts", layers);
  return layers;
}

std::vector<Layer> olmoe_layers(const Config& config) {
  std::vector<Layer> layers = attention_of(config, {});
  add_experts(config, "intermediate_size", "num_experts", layers);
  return layers;
}

std::vector<Layer> qwen2_moe_layers(const Config& config) {
  return qwen_moe(config, {.qkv_bias = true, .attention_bias_is_of_output_too = false}, true);
}

std::vector<Layer> qwen3_moe_layers(const Config& config) {
  return qwen_moe(config, {.head_dim_defaults_to_share = false}, false);
}

/// Every `interleave_moe_layer_step`-th layer has experts, one of them shared; the others are dense and larger.
std::vector<Layer> llama4_layers(const Config& config) {
  std::vector<Layer> layers = attention_of(config, {});
  add_experts(config, "intermediate_size", "num_local_experts", layers);
  add_gated(config, "intermediate_size", config.size("intermediate_size"), layers, false, "shared_");
  if (config.size_or("interleave_moe_layer_step", 1) > 1) {
    add_gated(config, "intermediate_size_mlp", config.size("intermediate_size_mlp"), layers);
  }
  return layers;
}

std::vector<Layer> gpt_oss_layers(const Config& config) {
  std::vector<Layer> layers;
  Attention attention = llama_attention(config, {.head_dim_defaults_to_share = false});
  attention.qkv_bias = attention.out_bias = config.flag_or("attention_bias", true);
  add_attention(config, attention, layers);
  add_experts(config, "intermediate_size", "num_local_experts", layers, true);
  return layers;
}

std::vector<Layer> glm4_moe_layers(const Config& config) {
  std::vector<Layer> layers = attention_of(config, {.attention_bias_is_of_output_too = false});
  add_deepseek_experts(config, layers);
  return layers;
}

std::vector<Layer> deepseek_layers(const Config& config) {
  std::vector<Layer> layers = attention_of(config, {});
  add_deepseek_experts(config, layers);
  return layers;
}

std::vector<Layer> deepseek_mla_layers(const Config& config) {
  std::vector<Layer> layers;
  add_mla(config, layers);
  add_deepseek_experts(config, layers);
  return layers;
}

}  // namespace qgemm
