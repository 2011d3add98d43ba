#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/config_fields.hpp"
#include "qgemm/catalog.hpp"

// The forms that decoder layers are made of: what most families share.
namespace qgemm {

struct Attention {
  std::int64_t hidden = 0, heads = 0, kv_heads = 0, head_dim = 0;
  bool qkv_bias = false, out_bias = false;
};

/// hidden_size ÷ heads, where the config says no `head_dim`.
std::int64_t even_share(const Config& config, std::int64_t hidden, std::int64_t heads);

/// `qkv` and `o`.
void add_attention(const Config& config, const Attention& attention, std::vector<Layer>& layers);

/// Two products, gate and up in one: `prefix`gate_up and `prefix`down.
void add_gated(const Config& config, std::string_view field, std::int64_t intermediate, std::vector<Layer>& layers,
               bool bias = false, const std::string& prefix = "");

/// `up` and `down`, without a gate.
void add_plain(const Config& config, std::int64_t intermediate, bool bias, std::vector<Layer>& layers);

/// What a family's members differ in where they are like llama: which fields may be missing, and what has a bias.
struct LlamaLike {
  bool kv_heads_default_to_heads = false, head_dim_defaults_to_share = true;
  std::string_view bias_field = "attention_bias";
  bool qkv_bias = false;                        ///< Where the config does not say.
  bool attention_bias_is_of_output_too = true;  ///< The field's, where the config says it.
};

Attention llama_attention(const Config& config, const LlamaLike& family);
std::vector<Layer> llama_like(const Config& config, const LlamaLike& family);

}  // namespace qgemm
