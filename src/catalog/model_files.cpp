#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>

#include "catalog/json_file.hpp"
#include "catalog/model_name.hpp"
#include "qgemm/catalog.hpp"
#include "qgemm/error.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t no_order = std::numeric_limits<std::int64_t>::max();

struct OrderedModel {
  std::int64_t order = no_order;
  Model model;
};

Layer read_layer(const JsonFields& fields) {
  Layer layer;
  layer.name = fields.text("name");
  if (!is_layer_name(layer.name)) fields.fail("name", "is no name: letters, digits, '_', '-' and '.' only");
  layer.n = fields.dimension("n");
  layer.k = fields.dimension("k");
  const std::string split = fields.text("split");
  if (split != "n" && split != "k") fields.fail("split", "is '" + split + "'; it must be \"n\" or \"k\"");
  layer.split = split == "n" ? SplitDim::n : SplitDim::k;
  return layer;
}

Norms read_norms(const JsonFields& fields) {
  constexpr std::array<std::pair<std::string_view, Norms>, 3> known{
      {{"before", Norms::before}, {"one", Norms::one}, {"behind", Norms::behind}}};
  const std::string norms = fields.text("norms");
  for (const auto& [name, value] : known) {
    if (name == norms) return value;
  }
  fields.fail("norms", "is '" + norms + "'; it must be \"before\", \"one\" or \"behind\"");
}

OrderedModel read_model(const fs::path& path) {
  const nlohmann::json document = read_json_file(path);
  const JsonFields fields(document, path.string());
  OrderedModel read;
  if (fields.has("order")) read.order = fields.integer("order");
  Model& model = read.model;
  model.name = fields.text("name");
  if (!is_model_name(model.name)) fields.fail("name", "is no name like 'org/model'");
  model.source = fields.text("source");
  model.revision = fields.text("revision");
  if (fields.has("decoder_layers")) model.decoder_layers = fields.dimension("decoder_layers");
  if (fields.has("norms")) model.norms = read_norms(fields);
  std::set<std::string> seen;
  const auto& layers = fields.list("layers");
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const JsonFields layer(layers[i], path.string() + ", layers[" + std::to_string(i) + "]");
    model.layers.push_back(read_layer(layer));
    const std::string& name = model.layers.back().name;
    if (!seen.insert(name).second) layer.fail("name", "is '" + name + "', which an earlier layer has");
  }
  return read;
}

}  // namespace

std::vector<Model> load_models(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> files;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == ".json") files.push_back(entry->path());
  }
  if (error) throw Unavailable("cannot list the models in " + folder.string() + ": " + error.message());
  if (files.empty()) throw Unavailable("the folder " + folder.string() + " has no model files (*.json)");
  std::sort(files.begin(), files.end());

  std::vector<OrderedModel> read;
  std::map<std::string, fs::path> file_of;
  for (const auto& file : files) {
    read.push_back(read_model(file));
    const auto [earlier, is_new] = file_of.emplace(read.back().model.name, file);
    if (!is_new) {
      throw InvalidInput(file.string() + ": field 'name' is '" + earlier->first + "', which " +
                         earlier->second.string() + " has too");
    }
  }
  std::sort(read.begin(), read.end(), [](const OrderedModel& a, const OrderedModel& b) {
    return std::tie(a.order, a.model.name) < std::tie(b.order, b.model.name);
  });
  std::vector<Model> models;
  for (auto& one : read) models.push_back(std::move(one.model));
  return models;
}

}  // namespace qgemm
