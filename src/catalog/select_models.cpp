#include <algorithm>
#include <cctype>
#include <system_error>

#include "core/nearest.hpp"
#include "qgemm/catalog.hpp"
#include "qgemm/error.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// Asks to be read as a file: ends like one, or is a config or a folder with one.
bool names_a_config(const std::string& name) {
  std::error_code error;
  return name.ends_with(".json") || fs::is_regular_file(name, error) ||
         fs::exists(fs::path(name) / "config.json", error);
}

/// The models whose names match in any case, by the best kind of match there is: the whole name, all behind the '/', or
/// a part. So "org/model" finds itself although "org/model-large" contains it.
std::vector<const Model*> matches(const std::vector<Model>& catalog, const std::string& name) {
  const std::string wanted = lower(name);
  std::vector<const Model*> whole, tail, part;
  for (const Model& model : catalog) {
    const std::string have = lower(model.name);
    if (have == wanted) whole.push_back(&model);
    if (have.ends_with("/" + wanted)) tail.push_back(&model);
    if (have.find(wanted) != std::string::npos) part.push_back(&model);
  }
  return !whole.empty() ? whole : !tail.empty() ? tail : part;
}

std::vector<std::string> names_of(const std::vector<const Model*>& models) {
  std::vector<std::string> names;
  for (const Model* model : models) names.push_back(model->name);
  return names;
}

Model find_model(const std::vector<Model>& catalog, const std::string& name) {
  if (name.empty()) throw InvalidInput("a model's name is empty; give a name, a part of one, 'all', or a config.json");
  const auto exact = std::find_if(catalog.begin(), catalog.end(), [&name](const Model& m) { return m.name == name; });
  if (exact != catalog.end()) return *exact;
  if (names_a_config(name)) return load_model_config(name);
  const auto found = matches(catalog, name);
  if (found.size() == 1) return *found.front();
  if (found.size() > 1) throw InvalidInput("model '" + name + "' is ambiguous: it can be " + join_or(names_of(found)));

  std::vector<const Model*> all;
  for (const Model& model : catalog) all.push_back(&model);
  const auto close = nearest(name, names_of(all));
  const std::string advice = close.empty() ? "the catalogue is empty" : "the nearest are " + join_or(close);
  throw InvalidInput("no model is called '" + name + "'; " + advice + "; a path to a config.json is read too");
}

void add_once(std::vector<Model>& chosen, Model model) {
  const auto same =
      std::find_if(chosen.begin(), chosen.end(), [&model](const Model& m) { return m.name == model.name; });
  if (same == chosen.end()) {
    chosen.push_back(std::move(model));
  } else if (same->layers != model.layers) {
    // Dropping one of them would measure less than was asked for, keeping both would mix their rows.
    throw InvalidInput("two different models are called '" + model.name + "': from " + same->source + " and from " +
                       model.source);
  }
}

}  // namespace

std::vector<Model> select_models(const std::vector<Model>& catalog, const std::vector<std::string>& names) {
  std::vector<Model> chosen;
  for (const std::string& name : names) {
    if (name == "all") {
      for (const Model& model : catalog) add_once(chosen, model);
    } else {
      add_once(chosen, find_model(catalog, name));
    }
  }
  return chosen;
}

}  // namespace qgemm
