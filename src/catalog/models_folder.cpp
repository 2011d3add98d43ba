#include <cstdlib>
#include <system_error>

#include "core/nearest.hpp"
#include "qgemm/catalog.hpp"
#include "qgemm/error.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

bool is_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

/// Where an installation that was moved as a whole has them; empty where the system does not tell the program's place.
fs::path beside_program() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return error ? fs::path() : program.parent_path().parent_path() / "share/qgemm/models";
}

}  // namespace

fs::path models_folder() {
  if (const char* data = std::getenv("QGEMM_DATA_DIR"); data != nullptr && *data != '\0') {
    fs::path folder = fs::path(data) / "models";
    if (is_folder(folder)) return folder;
    throw Unavailable("QGEMM_DATA_DIR is set to " + std::string(data) + ", which has no folder 'models'");
  }
  // The source tree before the installed one: a program that still has its sources is being worked on.
  const std::vector<fs::path> places = {beside_program(), fs::path(QGEMM_SOURCE_DATA_DIR) / "models",
                                        fs::path(QGEMM_INSTALL_DATA_DIR) / "models"};
  std::vector<std::string> names;
  for (const auto& place : places) {
    if (place.empty()) continue;
    if (is_folder(place)) return place;
    names.push_back(place.string());
  }
  throw Unavailable("no folder of model shapes at " + join_or(names) + "; set QGEMM_DATA_DIR to the one that has it");
}

}  // namespace qgemm
