#include "catalog/architectures.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/nearest.hpp"
#include "qgemm/error.hpp"

namespace qgemm {
namespace {

/// Fields that a config may leave out are those whose default follows from other fields. Where the default is a size of
/// one certain model, a config without the field says nothing that could be trusted, unless the published configs of
/// that family leave it out themselves.
class Config {
 public:
  explicit Config(const JsonFields& fields) : fields_(fields) {}

  std::int64_t size(std::string_view field) const { return fields_.dimension(field); }
  std::int64_t size_or(std::string_view field, std::int64_t otherwise) const {
    return fields_.has(field) ? fields_.dimension(field) : otherwise;
  }
  /// Of two names that a field has had, the later one first.
  std::int64_t size_of(std::string_view field, std::string_view earlier) const {
    return fields_.dimension(!fields_.has(field) && fields_.has(earlier) ? earlier : field);
  }
  bool flag_or(std::string_view field, bool otherwise) const {
    return fields_.has(field) ? fields_.flag(field) : otherwise;
  }
  std::int64_t product(std::string_view field, std::int64_t a, std::int64_t b) const {
    if (a > max_dimension / b) fail(field, "makes a layer with more than 2^31 rows or columns");
    return a * b;
  }
  [[noreturn]] void fail(std::string_view field, const std::string& what) const { fields_.fail(field, what); }
  const JsonFields& fields() const { return fields_; }

 private:
  const JsonFields& fields_;
};

struct Attention {
  std::int64_t hidden = 0, heads = 0, kv_heads = 0, head_dim = 0;
  bool qkv_bias = false, out_bias = false;
};

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

/// Attention whose fields have the names of llama's.
Attention usual_attention(const Config& config, std::int64_t kv_heads, std::int64_t head_dim) {
  const std::int64_t heads = config.size("num_attention_heads");
  return {config.size("hidden_size"), heads, kv_heads, head_dim};
}

/// Two products, or three with gate and up in one: `prefix`gate_up and `prefix`down.
void add_gated(const Config& config, std::string_view field, std::int64_t hidden, std::vector<Layer>& layers,
               bool bias = false, const std::string& prefix = "") {
  const std::int64_t intermediate = config.size(field);
  Layer up{prefix + "gate_up", config.product(field, 2, intermediate), hidden, SplitDim::n};
  Layer down{prefix + "down", hidden, intermediate, SplitDim::k};
  up.bias = down.bias = bias;
  layers.push_back(std::move(up));
  layers.push_back(std::move(down));
}

void add_plain(std::int64_t intermediate, std::int64_t hidden, bool bias, std::vector<Layer>& layers) {
  Layer up{"up", intermediate, hidden, SplitDim::n}, down{"down", hidden, intermediate, SplitDim::k};
  up.bias = down.bias = bias;
  layers.push_back(std::move(up));
  layers.push_back(std::move(down));
}

/// What a family's members differ in where they are like llama: which fields may be missing, and what has a bias.
struct LlamaLike {
  bool kv_heads_default_to_heads = false, head_dim_defaults_to_share = true;
  bool qkv_bias = false;                        ///< Where the config does not say.
  bool attention_bias_is_of_output_too = true;  ///< `attention_bias`
};

Attention llama_attention(const Config& config, const LlamaLike& family) {
  const std::int64_t hidden = config.size("hidden_size"), heads = config.size("num_attention_heads");
  const std::int64_t kv_heads = family.kv_heads_default_to_heads ? config.size_or("num_key_value_heads", heads)
                                                                 : config.size("num_key_value_heads");
  const bool given = config.fields().has("head_dim") || !family.head_dim_defaults_to_share;
  Attention attention =
      usual_attention(config, kv_heads, given ? config.size("head_dim") : even_share(config, hidden, heads));
  attention.qkv_bias = config.flag_or("attention_bias", family.qkv_bias);
  attention.out_bias = family.attention_bias_is_of_output_too && config.flag_or("attention_bias", false);
  return attention;
}

std::vector<Layer> llama_like(const Config& config, const LlamaLike& family) {
  std::vector<Layer> layers;
  add_attention(config, llama_attention(config, family), layers);
  add_gated(config, "intermediate_size", config.size("hidden_size"), layers, config.flag_or("mlp_bias", false));
  return layers;
}

std::vector<Layer> llama(const Config& config) { return llama_like(config, {.kv_heads_default_to_heads = true}); }
std::vector<Layer> mistral(const Config& config) { return llama_like(config, {}); }
std::vector<Layer> qwen2(const Config& config) {
  return llama_like(config, {.qkv_bias = true, .attention_bias_is_of_output_too = false});
}
std::vector<Layer> with_head_dim(const Config& config) {
  return llama_like(config, {.head_dim_defaults_to_share = false});
}

/// Gemma 3's published configs leave out what is as in transformers' Gemma3TextConfig: 8 heads, 4 of keys and values,
/// of 256.
std::vector<Layer> gemma3(const Config& config) {
  Attention attention{config.size("hidden_size"), config.size_or("num_attention_heads", 8),
                      config.size_or("num_key_value_heads", 4), config.size_or("head_dim", 256)};
  attention.qkv_bias = attention.out_bias = config.flag_or("attention_bias", false);
  std::vector<Layer> layers;
  add_attention(config, attention, layers);
  add_gated(config, "intermediate_size", attention.hidden, layers);
  return layers;
}

std::vector<Layer> gpt_neox(const Config& config) {
  const std::int64_t hidden = config.size("hidden_size"), heads = config.size("num_attention_heads");
  Attention attention{hidden, heads, heads, even_share(config, hidden, heads)};
  attention.qkv_bias = attention.out_bias = config.flag_or("attention_bias", true);
  std::vector<Layer> layers;
  add_attention(config, attention, layers);
  add_plain(config.size("intermediate_size"), hidden, true, layers);
  return layers;
}

std::vector<Layer> opt(const Config& config) {
  const std::int64_t hidden = config.size("hidden_size"), heads = config.size("num_attention_heads");
  const bool bias = config.flag_or("enable_bias", true);
  std::vector<Layer> layers;
  add_attention(config, {hidden, heads, heads, even_share(config, hidden, heads), bias, bias}, layers);
  add_plain(config.size("ffn_dim"), hidden, bias, layers);
  return layers;
}

/// Falcon: one head of keys and values for all (`multi_query`), some (`new_decoder_architecture`), or each its own.
std::vector<Layer> falcon(const Config& config) {
  const std::int64_t hidden = config.size("hidden_size"), heads = config.size_of("num_attention_heads", "n_head");
  std::int64_t kv_heads = config.flag_or("multi_query", true) ? 1 : heads;
  if (config.flag_or("new_decoder_architecture", false)) kv_heads = config.size_of("num_kv_heads", "n_head_kv");
  const bool bias = config.flag_or("bias", false);
  std::vector<Layer> layers;
  add_attention(config, {hidden, heads, kv_heads, even_share(config, hidden, heads), bias, bias}, layers);
  add_plain(config.size_or("ffn_hidden_size", config.product("hidden_size", 4, hidden)), hidden, bias, layers);
  return layers;
}

std::vector<Layer> bert(const Config& config) {
  const std::int64_t hidden = config.size("hidden_size"), heads = config.size("num_attention_heads");
  std::vector<Layer> layers;
  add_attention(config, {hidden, heads, heads, even_share(config, hidden, heads), true, true}, layers);
  add_plain(config.size("intermediate_size"), hidden, true, layers);
  return layers;
}

void add_experts(const Config& config, std::string_view size, std::string_view count, std::vector<Layer>& layers) {
  const std::int64_t experts = config.size(count), chosen = config.size("num_experts_per_tok");
  if (chosen > experts) {
    config.fail("num_experts_per_tok",
                "is " + std::to_string(chosen) + ", more than the " + std::to_string(experts) + " experts there are");
  }
  const std::size_t first = layers.size();
  add_gated(config, size, config.size("hidden_size"), layers, false, "expert_");
  for (std::size_t i = first; i < layers.size(); ++i) {
    layers[i].experts = experts;
    layers[i].experts_per_token = chosen;
  }
}

std::vector<Layer> mixtral(const Config& config) {
  std::vector<Layer> layers;
  add_attention(config, llama_attention(config, {}), layers);
  add_experts(config, "intermediate_size", "num_local_experts", layers);
  return layers;
}

/// Some of Qwen's layers of experts may be plain ones: each of `mlp_only_layers`, and all but every
/// `decoder_sparse_step`-th.
bool has_dense_layers(const Config& config) {
  const JsonFields& fields = config.fields();
  if (config.size_or("decoder_sparse_step", 1) > 1) return true;
  return fields.has("mlp_only_layers") && fields.length("mlp_only_layers") > 0;
}

std::vector<Layer> qwen_moe(const Config& config, const LlamaLike& family, bool shared) {
  std::vector<Layer> layers;
  add_attention(config, llama_attention(config, family), layers);
  add_experts(config, "moe_intermediate_size", "num_experts", layers);
  const std::int64_t hidden = config.size("hidden_size");
  if (shared) add_gated(config, "shared_expert_intermediate_size", hidden, layers, false, "shared_");
  if (has_dense_layers(config)) add_gated(config, "intermediate_size", hidden, layers);
  return layers;
}

std::vector<Layer> qwen2_moe(const Config& config) {
  return qwen_moe(config, {.qkv_bias = true, .attention_bias_is_of_output_too = false}, true);
}
std::vector<Layer> qwen3_moe(const Config& config) {
  return qwen_moe(config, {.head_dim_defaults_to_share = false}, false);
}

struct Architecture {
  std::string_view name;
  std::vector<Layer> (*layers)(const Config&);
  bool has_head = true;  ///< Ends in logits over the vocabulary.
};

constexpr std::array architectures = {Architecture{"LlamaForCausalLM", llama},
                                      Architecture{"MistralForCausalLM", mistral},
                                      Architecture{"MixtralForCausalLM", mixtral},
                                      Architecture{"Qwen2ForCausalLM", qwen2},
                                      Architecture{"Qwen2MoeForCausalLM", qwen2_moe},
                                      Architecture{"Qwen3ForCausalLM", with_head_dim},
                                      Architecture{"Qwen3MoeForCausalLM", qwen3_moe},
                                      Architecture{"GemmaForCausalLM", with_head_dim},
                                      Architecture{"Gemma2ForCausalLM", with_head_dim},
                                      Architecture{"Gemma3ForCausalLM", gemma3},
                                      Architecture{"Gemma3ForConditionalGeneration", gemma3},
                                      Architecture{"Phi3ForCausalLM", llama},
                                      Architecture{"CohereForCausalLM", llama},
                                      Architecture{"Cohere2ForCausalLM", llama},
                                      Architecture{"GPTNeoXForCausalLM", gpt_neox},
                                      Architecture{"OPTForCausalLM", opt},
                                      Architecture{"FalconForCausalLM", falcon},
                                      Architecture{"RWForCausalLM", falcon},
                                      Architecture{"BertModel", bert, false},
                                      Architecture{"BertForMaskedLM", bert, false},
                                      Architecture{"BertForSequenceClassification", bert, false},
                                      Architecture{"RobertaModel", bert, false},
                                      Architecture{"RobertaForMaskedLM", bert, false},
                                      Architecture{"RobertaForSequenceClassification", bert, false},
                                      Architecture{"XLMRobertaModel", bert, false},
                                      Architecture{"XLMRobertaForMaskedLM", bert, false},
                                      Architecture{"XLMRobertaForSequenceClassification", bert, false}};

const Architecture& find_architecture(const JsonFields& config) {
  const auto& listed = config.list("architectures");
  if (!listed[0].is_string()) config.fail("architectures", "must list text");
  const auto name = listed[0].get<std::string>();
  const auto* found = std::find_if(architectures.begin(), architectures.end(),
                                   [&name](const Architecture& known) { return known.name == name; });
  if (found == architectures.end()) {
    std::vector<std::string> known;
    for (const auto& architecture : architectures) known.emplace_back(architecture.name);
    config.fail("architectures", "is '" + name.substr(0, 64) + "'; supported are " + join_or(known));
  }
  return *found;
}

/// As vLLM keeps it: rows up to the next multiple of 64, so that any usual number of devices shares them evenly.
std::optional<Layer> head_of(const Config& config, const Architecture& architecture, std::int64_t hidden) {
  if (!architecture.has_head || !config.fields().has("vocab_size")) return std::nullopt;
  constexpr std::int64_t granule = 64;
  const std::int64_t rows = (config.size("vocab_size") + granule - 1) / granule * granule;
  return Layer{"lm_head", std::min(rows, max_dimension), hidden, SplitDim::n};
}

Model read_text_model(const JsonFields& fields, const Architecture& architecture) {
  const Config config(fields);
  Model model;
  model.layers = architecture.layers(config);
  model.lm_head = head_of(config, architecture, config.size("hidden_size"));
  const bool has_experts =
      std::any_of(model.layers.begin(), model.layers.end(), [](const Layer& layer) { return layer.experts > 0; });
  // With experts a decoder layer has their products several times, how often depends on the tokens.
  if (has_experts) return model;
  for (const char* field : {"num_hidden_layers", "n_layer"}) {
    if (model.decoder_layers == 0) model.decoder_layers = config.size_or(field, 0);
  }
  return model;
}

}  // namespace

Model read_architecture(const JsonFields& config) {
  const Architecture& architecture = find_architecture(config);
  // Of a model that sees, too, the part that reads text.
  if (config.has("text_config")) return read_text_model(config.object("text_config"), architecture);
  return read_text_model(config, architecture);
}

}  // namespace qgemm
