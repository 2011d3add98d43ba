#include "catalog/dense_architectures.hpp"

#include <cstdint>

#include "catalog/layer_forms.hpp"

namespace qgemm {
namespace {

/// Attention and an MLP without a gate, all of `hidden` size shared evenly by the heads.
std::vector<Layer> without_gate(const Config& config, std::int64_t heads, std::int64_t kv_heads,
                                std::int64_t intermediate, bool attention_bias, bool mlp_bias) {
  const std::int64_t hidden = config.hidden();
  const std::int64_t head_dim = even_share(config, hidden, heads);
  std::vector<Layer> layers;
  add_attention(config, {hidden, heads, kv_heads, head_dim, attention_bias, attention_bias}, layers);
  add_plain(config, intermediate, mlp_bias, layers);
  return layers;
}

/// Four times the hidden size, where the config says nothing else.
std::int64_t four_times(const Config& config, std::string_view field) {
  return config.size_or(field, config.product("hidden_size", 4, config.hidden()));
}

}  // namespace

std::vector<Layer> llama_layers(const Config& config) {
  return llama_like(config, {.kv_heads_default_to_heads = true});
}

std::vector<Layer> mistral_layers(const Config& config) { return llama_like(config, {}); }

std::vector<Layer> qwen2_layers(const Config& config) {
  return llama_like(config, {.qkv_bias = true, .attention_bias_is_of_output_too = false});
}

std::vector<Layer> with_head_dim_layers(const Config& config) {
  return llama_like(config, {.head_dim_defaults_to_share = false});
}

/// Gemma 3's published configs leave out what is as in transformers' Gemma3TextConfig: 8 heads, 4 of keys and values,
/// of 256.
std::vector<Layer> gemma3_layers(const Config& config) {
  Attention attention{config.hidden(), config.size_or("num_attention_heads", 8),
                      config.size_or("num_key_value_heads", 4), config.size_or("head_dim", 256)};
  attention.qkv_bias = attention.out_bias = config.flag_or("attention_bias", false);
  std::vector<Layer> layers;
  add_attention(config, attention, layers);
  add_gated(config, "intermediate_size", config.size("intermediate_size"), layers);
  return layers;
}

std::vector<Layer> internlm2_layers(const Config& config) { return llama_like(config, {.bias_field = "bias"}); }

std::vector<Layer> stablelm_layers(const Config& config) {
  return llama_like(config, {.bias_field = "use_qkv_bias", .attention_bias_is_of_output_too = false});
}

std::vector<Layer> glm_layers(const Config& config) {
  return llama_like(config, {.attention_bias_is_of_output_too = false});
}

std::vector<Layer> gpt_neox_layers(const Config& config) {
  const std::int64_t heads = config.size("num_attention_heads"), intermediate = config.size("intermediate_size");
  return without_gate(config, heads, heads, intermediate, config.flag_or("attention_bias", true), true);
}

std::vector<Layer> gpt2_layers(const Config& config) {
  const std::int64_t heads = config.size("n_head");
  return without_gate(config, heads, heads, four_times(config, "n_inner"), true, true);
}

/// StarCoder: one head of keys and values for all, unless `multi_query` says otherwise.
std::vector<Layer> gpt_bigcode_layers(const Config& config) {
  const std::int64_t heads = config.size("n_head"), kv_heads = config.flag_or("multi_query", true) ? 1 : heads;
  return without_gate(config, heads, kv_heads, four_times(config, "n_inner"), true, true);
}

std::vector<Layer> opt_layers(const Config& config) {
  const std::int64_t heads = config.size("num_attention_heads");
  const bool bias = config.flag_or("enable_bias", true);
  return without_gate(config, heads, heads, config.size("ffn_dim"), bias, bias);
}

std::vector<Layer> phi_layers(const Config& config) {
  const std::int64_t heads = config.size("num_attention_heads");
  return without_gate(config, heads, config.size_or("num_key_value_heads", heads), config.size("intermediate_size"),
                      true, true);
}

std::vector<Layer> starcoder2_layers(const Config& config) {
  const bool bias = config.flag_or("use_bias", true);
  return without_gate(config, config.size("num_attention_heads"), config.size("num_key_value_heads"),
                      config.size("intermediate_size"), bias, bias);
}

std::vector<Layer> nemotron_layers(const Config& config) {
  std::vector<Layer> layers;
  add_attention(config, llama_attention(config, {}), layers);
  add_plain(config, config.size("intermediate_size"), config.flag_or("mlp_bias", false), layers);
  return layers;
}

/// One head of keys and values for all (`multi_query`), some (`new_decoder_architecture`), or each its own.
std::vector<Layer> falcon_layers(const Config& config) {
  const std::int64_t heads = config.size_of("num_attention_heads", "n_head");
  std::int64_t kv_heads = config.flag_or("multi_query", true) ? 1 : heads;
  if (config.flag_or("new_decoder_architecture", false)) kv_heads = config.size_of("num_kv_heads", "n_head_kv");
  const bool bias = config.flag_or("bias", false);
  return without_gate(config, heads, kv_heads, four_times(config, "ffn_hidden_size"), bias, bias);
}

std::vector<Layer> bert_layers(const Config& config) {
  const std::int64_t heads = config.size("num_attention_heads");
  return without_gate(config, heads, heads, config.size("intermediate_size"), true, true);
}

}  // namespace qgemm
