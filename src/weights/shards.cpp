#include "weights/shards.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <system_error>

#include "catalog/json_file.hpp"
#include "qgemm/error.hpp"
#include "weights/mapped_file.hpp"
#include "weights/safetensors.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

/// Names and files of some hundred thousand tensors; as large as a header may be.
constexpr std::size_t max_index_bytes = 100'000'000;

nlohmann::json parse_index(const fs::path& path) {
  const MappedFile file(path);
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  if (text.size() > max_index_bytes) throw InvalidInput(path.string() + " is longer than 100 MB: no index is");
  try {
    return nlohmann::json::parse(text.begin(), text.end());
  } catch (const nlohmann::json::exception&) {
    throw InvalidInput(path.string() + " is not JSON; fetch the file again");
  }
}

/// A name in the index's own folder, and nothing that leads out of it.
bool is_plain_file_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos &&
         name.find('\0') == std::string::npos;
}

Shards read_index(const fs::path& path) {
  const nlohmann::json document = parse_index(path);
  const JsonFields fields(document, path.string());
  if (!fields.has("weight_map")) fields.fail("weight_map", "is missing");
  const nlohmann::json& map = document.at("weight_map");
  if (!map.is_object()) fields.fail("weight_map", "must be an object");
  std::map<std::string, std::vector<std::string>> names_of;
  for (const auto& [tensor, file] : map.items()) {
    if (!file.is_string()) fields.fail("weight_map", "has no file for tensor " + in_quotes(tensor));
    const auto& name = file.get_ref<const std::string&>();
    if (!is_plain_file_name(name)) {
      fields.fail("weight_map", "has " + in_quotes(name) + " for tensor " + in_quotes(tensor) +
                                    "; it must be the name of a file in the same folder");
    }
    names_of[name].push_back(tensor);
  }
  Shards shards;
  for (auto& [name, tensors] : names_of) {
    shards.files.push_back(path.parent_path() / name);
    shards.promised.push_back(std::move(tensors));
    std::error_code error;
    if (!fs::exists(shards.files.back(), error)) {
      throw InvalidInput(path.string() + " names " + in_quotes(name) +
                         ", which is not beside it; fetch that file, too");
    }
  }
  return shards;
}

std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == ".safetensors") files.push_back(entry->path());
  }
  if (error) throw InvalidInput("cannot list the files of " + folder.string() + ": " + error.message());
  if (files.empty()) {
    throw InvalidInput("the folder " + folder.string() +
                       " has no *.safetensors: weights of other formats are not read");
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

Shards find_shards(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    if (path.string().ends_with(".safetensors.index.json")) return read_index(path);
    return {{path}, {}};
  }
  const fs::path index = path / "model.safetensors.index.json", single = path / "model.safetensors";
  if (fs::exists(index, error)) return read_index(index);
  // Beside it may be the same weights once more in another form: an adapter, a consolidated file.
  if (fs::exists(single, error)) return {{single}, {}};
  return {files_of(path), {}};
}

}  // namespace qgemm
