#include "catalog/data_folder.hpp"

#include <cstdlib>
#include <system_error>

namespace qgemm {
namespace {

namespace fs = std::filesystem;

/// Where an installation that was moved as a whole has it; empty where the system does not tell the program's place.
fs::path beside_program() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return error ? fs::path() : program.parent_path().parent_path() / "share/qgemm";
}

}  // namespace

std::vector<fs::path> data_places(const std::string& name) {
  if (const char* data = std::getenv("QGEMM_DATA_DIR"); data != nullptr && *data != '\0')
    return {fs::path(data) / name};
  std::vector<fs::path> places;
  // The source tree before the installed one: a program that still has its sources is being worked on.
  for (const fs::path& data : {beside_program(), fs::path(QGEMM_SOURCE_DATA_DIR), fs::path(QGEMM_INSTALL_DATA_DIR)}) {
    if (!data.empty()) places.push_back(data / name);
  }
  return places;
}

fs::path find_data_folder(const std::string& name) {
  for (const auto& place : data_places(name)) {
    std::error_code error;
    if (fs::is_directory(place, error)) return place;
  }
  return {};
}

}  // namespace qgemm
