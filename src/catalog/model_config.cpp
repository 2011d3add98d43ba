#include <optional>
#include <system_error>
#include <utility>

#include "catalog/architectures.hpp"
#include "catalog/json_file.hpp"
#include "catalog/model_name.hpp"
#include "qgemm/catalog.hpp"
#include "qgemm/error.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

/// The name and the revision that the Hugging Face cache's folders tell: …/models--ORG--NAME/snapshots/REVISION/.
std::optional<std::pair<std::string, std::string>> name_in_cache(const fs::path& folder) {
  const std::string prefix = "models--";
  const std::string entry = folder.parent_path().parent_path().filename().string();
  if (folder.parent_path().filename() != "snapshots" || entry.rfind(prefix, 0) != 0) return std::nullopt;
  std::string name = entry.substr(prefix.size());
  if (const auto dashes = name.find("--"); dashes != std::string::npos) name.replace(dashes, 2, "/");
  return std::pair(name, folder.filename().string());
}

/// The config's own word, where it is a name and not the folder of somebody who saved the model.
std::optional<std::string> name_in_config(const nlohmann::json& document) {
  const auto found = document.find("_name_or_path");
  if (found == document.end() || !found->is_string()) return std::nullopt;
  auto name = found->get<std::string>();
  if (!is_model_name(name) || name.find('/') == std::string::npos) return std::nullopt;
  return name;
}

/// A file of weights, or the index of several: their model is told beside them.
bool is_weights(const fs::path& path) { return path.filename().string().find(".safetensors") != std::string::npos; }

}  // namespace

Model load_model_config(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) throw InvalidInput("there is no " + path.string());
  const fs::path file = fs::is_directory(path, error) ? path / "config.json"
                        : is_weights(path)            ? path.parent_path() / "config.json"
                                                      : path;
  if (!fs::exists(file, error)) throw InvalidInput("there is no " + file.string());
  const nlohmann::json document = read_json_file(file);
  const JsonFields config(document, file.string());

  Model model = read_architecture(config);
  model.source = file.string();
  model.revision = "as the file was when it was read";
  // Absolute, because of "." and the like; links stay, since the cache's files are links to nameless ones.
  const fs::path folder = fs::absolute(file, error).lexically_normal().parent_path();
  const auto cached = name_in_cache(folder);
  if (cached && is_model_name(cached->first)) {
    model.name = cached->first;
    model.revision = cached->second;
  } else if (const auto named = name_in_config(document)) {
    model.name = *named;
  } else {
    model.name = to_model_name((file.filename() == "config.json" ? folder.filename() : file.stem()).string());
  }
  return model;
}

}  // namespace qgemm
