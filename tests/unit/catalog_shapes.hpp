#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "catalog_folder.hpp"
#include "qgemm/catalog.hpp"

namespace qgemm {

using Shapes = std::vector<std::string>;

/// "qkv 6144x4096 bias", "expert_down 4096x14336 2/8", and the logits' product last.
inline Shapes shapes_of(const Model& model) {
  auto layers = model.layers;
  if (model.lm_head) layers.push_back(*model.lm_head);
  Shapes out;
  for (const Layer& layer : layers) {
    out.push_back(layer.name + " " + std::to_string(layer.n) + "x" + std::to_string(layer.k) +
                  (layer.bias ? " bias" : ""));
    if (layer.experts > 0)
      out.back() += " " + std::to_string(layer.experts_per_token) + "/" + std::to_string(layer.experts);
  }
  return out;
}

/// Reads configs that a test wrote.
class ArchitectureTest : public ::testing::Test {
 protected:
  Model model(const std::string& config) const { return load_model_config(folder_.write("config.json", config)); }
  Shapes shapes(const std::string& config) const { return shapes_of(model(config)); }

 private:
  CatalogFolder folder_;
};

}  // namespace qgemm
