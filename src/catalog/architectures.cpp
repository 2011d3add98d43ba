#include "catalog/architectures.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/config_fields.hpp"
#include "catalog/dense_architectures.hpp"
#include "catalog/expert_architectures.hpp"
#include "core/nearest.hpp"
#include "qgemm/error.hpp"

namespace qgemm {
namespace {

Norms before_each(const Config&) { return Norms::before; }
Norms one_for_both(const Config&) { return Norms::one; }
Norms behind_each(const Config&) { return Norms::behind; }

/// Attention and MLP of most Falcons run side by side; the newer ones may have a norm for each of them.
Norms norms_of_falcon(const Config& config) {
  if (!config.flag_or("parallel_attn", true)) return Norms::before;
  const std::int64_t norms = config.flag_or("new_decoder_architecture", false) ? 2 : 1;
  return config.count_or("num_ln_in_parallel_attn", norms) == 1 ? Norms::one : Norms::before;
}

Norms norms_of_stablelm(const Config& config) {
  return config.flag_or("use_parallel_residual", false) ? Norms::one : Norms::before;
}

struct Architecture {
  std::string_view name;
  std::vector<Layer> (*layers)(const Config&);
  Norms (*norms)(const Config&) = before_each;
  bool has_head = true;  ///< Ends in logits over the vocabulary.
};

/// By what transformers' configuration class of the model says of its fields, and vLLM's model of the same name of its
/// products.
constexpr std::array architectures = {
    // llama and what has its fields
    Architecture{"LlamaForCausalLM", llama_layers}, Architecture{"MistralForCausalLM", mistral_layers},
    Architecture{"Mistral3ForConditionalGeneration", mistral_layers}, Architecture{"Phi3ForCausalLM", llama_layers},
    Architecture{"CohereForCausalLM", llama_layers, one_for_both},
    Architecture{"Cohere2ForCausalLM", llama_layers, one_for_both}, Architecture{"GraniteForCausalLM", mistral_layers},
    Architecture{"OlmoForCausalLM", mistral_layers}, Architecture{"Olmo2ForCausalLM", mistral_layers, behind_each},
    Architecture{"Olmo3ForCausalLM", mistral_layers, behind_each}, Architecture{"SmolLM3ForCausalLM", mistral_layers},
    Architecture{"ExaoneForCausalLM", mistral_layers}, Architecture{"Exaone4ForCausalLM", mistral_layers, behind_each},
    Architecture{"InternLM2ForCausalLM", internlm2_layers},
    Architecture{"StableLmForCausalLM", stablelm_layers, norms_of_stablelm}, Architecture{"GlmForCausalLM", glm_layers},
    Architecture{"Glm4ForCausalLM", glm_layers}, Architecture{"Qwen2ForCausalLM", qwen2_layers},
    Architecture{"Qwen2VLForConditionalGeneration", qwen2_layers},
    Architecture{"Qwen2_5_VLForConditionalGeneration", qwen2_layers},
    Architecture{"Qwen3ForCausalLM", with_head_dim_layers}, Architecture{"GemmaForCausalLM", with_head_dim_layers},
    Architecture{"Gemma2ForCausalLM", with_head_dim_layers}, Architecture{"Gemma3ForCausalLM", gemma3_layers},
    Architecture{"Gemma3ForConditionalGeneration", gemma3_layers},
    // without a gate
    Architecture{"GPTNeoXForCausalLM", gpt_neox_layers}, Architecture{"GPT2LMHeadModel", gpt2_layers},
    Architecture{"GPTBigCodeForCausalLM", gpt_bigcode_layers}, Architecture{"OPTForCausalLM", opt_layers},
    Architecture{"PhiForCausalLM", phi_layers, one_for_both}, Architecture{"Starcoder2ForCausalLM", starcoder2_layers},
    Architecture{"NemotronForCausalLM", nemotron_layers},
    Architecture{"FalconForCausalLM", falcon_layers, norms_of_falcon},
    Architecture{"RWForCausalLM", falcon_layers, norms_of_falcon},
    // experts
    Architecture{"MixtralForCausalLM", mixtral_layers}, Architecture{"GraniteMoeForCausalLM", mixtral_layers},
    Architecture{"PhiMoEForCausalLM", mixtral_layers}, Architecture{"OlmoeForCausalLM", olmoe_layers},
    Architecture{"Qwen2MoeForCausalLM", qwen2_moe_layers}, Architecture{"Qwen3MoeForCausalLM", qwen3_moe_layers},
    Architecture{"Llama4ForCausalLM", llama4_layers}, Architecture{"Llama4ForConditionalGeneration", llama4_layers},
    Architecture{"GptOssForCausalLM", gpt_oss_layers}, Architecture{"Glm4MoeForCausalLM", glm4_moe_layers},
    Architecture{"DeepseekForCausalLM", deepseek_layers}, Architecture{"DeepseekV2ForCausalLM", deepseek_mla_layers},
    Architecture{"DeepseekV3ForCausalLM", deepseek_mla_layers},
    // encoders
    Architecture{"BertModel", bert_layers, behind_each, false},
    Architecture{"BertForMaskedLM", bert_layers, behind_each, false},
    Architecture{"BertForSequenceClassification", bert_layers, behind_each, false},
    Architecture{"RobertaModel", bert_layers, behind_each, false},
    Architecture{"RobertaForMaskedLM", bert_layers, behind_each, false},
    Architecture{"RobertaForSequenceClassification", bert_layers, behind_each, false},
    Architecture{"XLMRobertaModel", bert_layers, behind_each, false},
    Architecture{"XLMRobertaForMaskedLM", bert_layers, behind_each, false},
    Architecture{"XLMRobertaForSequenceClassification", bert_layers, behind_each, false}};

/// What is missing here to read a model that people ask for.
struct Missing {
  std::string_view name, what;
};

constexpr std::string_view states =
    "has layers that carry a state in place of attention, whose products are not known here";
constexpr std::string_view two_stacks = "has an encoder and a decoder, and one kind of layer is all that is read here";
constexpr std::array missing = {
    Missing{"MambaForCausalLM", states},
    Missing{"Mamba2ForCausalLM", states},
    Missing{"FalconH1ForCausalLM", states},
    Missing{"FalconMambaForCausalLM", states},
    Missing{"JambaForCausalLM", states},
    Missing{"Zamba2ForCausalLM", states},
    Missing{"NemotronHForCausalLM", states},
    Missing{"GraniteMoeHybridForCausalLM", states},
    Missing{"Qwen3NextForCausalLM", states},
    Missing{"DeciLMForCausalLM",
            "has decoder layers of different sizes, and one kind of layer is all that is read here"},
    Missing{"DeepseekV32ForCausalLM", "has an indexer in its attention, whose products are not known here"},
    Missing{"Gemma3nForConditionalGeneration",
            "has inputs of their own for each layer, whose products are not known here"},
    Missing{"Phi3SmallForCausalLM", "has fields of its own for its attention, which are not known here"},
    Missing{"T5ForConditionalGeneration", two_stacks},
    Missing{"BartForConditionalGeneration", two_stacks},
    Missing{"WhisperForConditionalGeneration", two_stacks}};

[[noreturn]] void refuse(const JsonFields& config, const std::string& name) {
  const std::string remedy = "; its products can be measured as --shapes or from a file as those in data/models";
  for (const Missing& one : missing) {
    if (one.name == name) config.fail("architectures", "is '" + name + "', which " + std::string(one.what) + remedy);
  }
  std::vector<std::string> known;
  for (const auto& architecture : architectures) known.emplace_back(architecture.name);
  config.fail("architectures", "is '" + name.substr(0, 64) +
                                   "', whose products are not known here; the nearest that are: " +
                                   join_or(nearest(name.substr(0, 64), known)) + remedy);
}

const Architecture& find_architecture(const JsonFields& config) {
  const auto& listed = config.list("architectures");
  if (!listed[0].is_string()) config.fail("architectures", "must list text");
  const auto name = listed[0].get<std::string>();
  const auto* found = std::find_if(architectures.begin(), architectures.end(),
                                   [&name](const Architecture& known) { return known.name == name; });
  if (found == architectures.end()) refuse(config, name);
  return *found;
}

/// As vLLM keeps it: rows up to the next multiple of 64, so that any usual number of devices shares them evenly.
std::optional<Layer> head_of(const Config& config, const Architecture& architecture, std::int64_t hidden) {
  if (!architecture.has_head || !config.has("vocab_size")) return std::nullopt;
  constexpr std::int64_t granule = 64;
  const std::int64_t rows = (config.size("vocab_size") + granule - 1) / granule * granule;
  return Layer{"lm_head", std::min(rows, max_dimension), hidden, SplitDim::n};
}

Model read_text_model(const JsonFields& fields, const Architecture& architecture) {
  const Config config(fields);
  Model model;
  model.layers = architecture.layers(config);
  model.norms = architecture.norms(config);
  model.lm_head = head_of(config, architecture, config.hidden());
  const bool has_experts =
      std::any_of(model.layers.begin(), model.layers.end(), [](const Layer& layer) { return layer.experts > 0; });
  // With experts a decoder layer has their products several times, how often depends on the tokens.
  if (has_experts) return model;
  for (const char* field : {"num_hidden_layers", "n_layer", "num_layers"}) {
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
