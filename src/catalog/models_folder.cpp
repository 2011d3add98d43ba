#include <cstdlib>

#include "catalog/data_folder.hpp"
#include "core/nearest.hpp"
#include "qgemm/catalog.hpp"
#include "qgemm/error.hpp"

namespace qgemm {

std::filesystem::path models_folder() {
  std::filesystem::path folder = find_data_folder("models");
  if (!folder.empty()) return folder;
  if (const char* data = std::getenv("QGEMM_DATA_DIR"); data != nullptr && *data != '\0') {
    throw Unavailable("QGEMM_DATA_DIR is set to " + std::string(data) + ", which has no folder 'models'");
  }
  std::vector<std::string> names;
  for (const auto& place : data_places("models")) names.push_back(place.string());
  throw Unavailable("no folder of model shapes at " + join_or(names) + "; set QGEMM_DATA_DIR to the one that has it");
}

}  // namespace qgemm
