#pragma once
#include <vector>

#include "catalog/config_fields.hpp"
#include "qgemm/catalog.hpp"

// The decoder (or encoder) layers of families without experts.
namespace qgemm {

std::vector<Layer> llama_layers(const Config& config);
/// As llama, but `num_key_value_heads` has to be there. Exaone's, Granite's, OLMo's and SmolLM3's are the same.
std::vector<Layer> mistral_layers(const Config& config);
std::vector<Layer> qwen2_layers(const Config& config);
/// `head_dim` has to be there: Qwen 3, Gemma 1 and 2.
std::vector<Layer> with_head_dim_layers(const Config& config);
std::vector<Layer> gemma3_layers(const Config& config);
std::vector<Layer> internlm2_layers(const Config& config);
std::vector<Layer> stablelm_layers(const Config& config);
std::vector<Layer> glm_layers(const Config& config);

std::vector<Layer> gpt_neox_layers(const Config& config);
std::vector<Layer> gpt2_layers(const Config& config);
std::vector<Layer> gpt_bigcode_layers(const Config& config);
std::vector<Layer> opt_layers(const Config& config);
std::vector<Layer> phi_layers(const Config& config);
std::vector<Layer> starcoder2_layers(const Config& config);
std::vector<Layer> nemotron_layers(const Config& config);
std::vector<Layer> falcon_layers(const Config& config);
std::vector<Layer> bert_layers(const Config& config);

}  // namespace qgemm
