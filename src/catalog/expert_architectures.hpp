#pragma once
#include <vector>

#include "catalog/config_fields.hpp"
#include "qgemm/catalog.hpp"

// The decoder layers of families with experts. Where some layers of a model have experts and others none, the products
// of both are listed.
namespace qgemm {

/// Mixtral, and Granite's and Phi-3.5's experts, whose fields are the same.
std::vector<Layer> mixtral_layers(const Config& config);
std::vector<Layer> olmoe_layers(const Config& config);
std::vector<Layer> qwen2_moe_layers(const Config& config);
std::vector<Layer> qwen3_moe_layers(const Config& config);
std::vector<Layer> llama4_layers(const Config& config);
std::vector<Layer> gpt_oss_layers(const Config& config);
/// GLM-4.5: the experts of DeepSeek behind the attention of GLM-4.
std::vector<Layer> glm4_moe_layers(const Config& config);
/// DeepSeek's first models: llama's attention.
std::vector<Layer> deepseek_layers(const Config& config);
/// DeepSeek V2 and V3: keys and values by way of a latent vector (MLA).
std::vector<Layer> deepseek_mla_layers(const Config& config);

}  // namespace qgemm
