#include "catalog/layer_forms.hpp"

#include <utility>

namespace qgemm {

std::int64_t even_share(const Config& config, std::int64_t hidden, std::int64_t heads) {
  if (hidden % heads != 0) config.fail("head_dim", "is missing, and hidden_size does not divide by the heads");
  return hidden / heads;
}

void add_attention(const Config& config, const Attention& attention, std::vector<Layer>& layers) {
  const auto& [hidden, heads, kv_heads, head_dim, qkv_bias, out_bias] = attention;
  if (heads % kv_heads != 0) {
    config.fail("num_key_value_heads", "is " + std::to_string(kv_heads) + ", which does not divide the " +
                                           std::to_string(heads) + " attention heads");
  }
  Layer qkv{"qkv", config.product("head_dim", heads + 2 * kv_heads, head_dim), hidden, SplitDim::n};
  Layer out{"o", hidden, heads * head_dim, SplitDim::k};
  qkv.heads = out.heads = heads;
  qkv.kv_heads = kv_heads;
  qkv.bias = qkv_bias;
  out.bias = out_bias;
  layers.push_back(std::move(qkv));
  layers.push_back(std::move(out));
}

void add_gated(const Config& config, std::string_view field, std::int64_t intermediate, std::vector<Layer>& layers,
               bool bias, const std::string& prefix) {
  const std::int64_t hidden = config.hidden();
  Layer up{prefix + "gate_up", config.product(field, 2, intermediate), hidden, SplitDim::n};
  Layer down{prefix + "down", hidden, intermediate, SplitDim::k};
  up.bias = down.bias = bias;
  layers.push_back(std::move(up));
  layers.push_back(std::move(down));
}

void add_plain(const Config& config, std::int64_t intermediate, bool bias, std::vector<Layer>& layers) {
  const std::int64_t hidden = config.hidden();
  Layer up{"up", intermediate, hidden, SplitDim::n}, down{"down", hidden, intermediate, SplitDim::k};
  up.bias = down.bias = bias;
  layers.push_back(std::move(up));
  layers.push_back(std::move(down));
}

Attention llama_attention(const Config& config, const LlamaLike& family) {
  const std::int64_t hidden = config.hidden(), heads = config.size("num_attention_heads");
  const std::int64_t kv_heads = family.kv_heads_default_to_heads ? config.size_or("num_key_value_heads", heads)
                                                                 : config.size("num_key_value_heads");
  const bool given = config.has("head_dim") || !family.head_dim_defaults_to_share;
  Attention attention{hidden, heads, kv_heads, given ? config.size("head_dim") : even_share(config, hidden, heads)};
  attention.qkv_bias = config.flag_or(family.bias_field, family.qkv_bias);
  attention.out_bias = family.attention_bias_is_of_output_too && config.flag_or(family.bias_field, false);
  return attention;
}

std::vector<Layer> llama_like(const Config& config, const LlamaLike& family) {
  std::vector<Layer> layers;
  add_attention(config, llama_attention(config, family), layers);
  add_gated(config, "intermediate_size", config.size("intermediate_size"), layers, config.flag_or("mlp_bias", false));
  return layers;
}

}  // namespace qgemm
