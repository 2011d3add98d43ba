// A model's config.json, and a model file of the catalogue.
#include <set>
#include <system_error>

#include "fuzz_target.hpp"
#include "qgemm/catalog.hpp"
#include "qgemm/error.hpp"

namespace qgemm::fuzz {
namespace {

void split(const Model& model) {
  for (const auto& layer : model.layers) {
    expect(layer.n > 0 && layer.k > 0, "a layer has a size");
    for (const std::int64_t tp : {1, 2, 3, 8}) {
      try {
        const Layer share = split_layer(model, layer, tp);
        expect(share.n > 0 && share.k > 0, "and so has its share");
      } catch (const InvalidInput&) {
        // It does not divide.
      }
    }
  }
}

}  // namespace

void run(std::string_view input) {
  static const MemoryFile file;
  file.put(input);
  try {
    split(load_model_config(file.path()));
  } catch (const InvalidInput&) {
    // No config; it may be a model file.
  }
  static const auto catalogue = folder_with(file, "models", "model.json");
  for (const auto& model : load_models(catalogue)) split(model);
}

}  // namespace qgemm::fuzz
